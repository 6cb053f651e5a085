"""The people, queues, codes and divisions of the simulated contact centre, all invented."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any

_FIRST = """Amara Bruno Chidi Dagny Elif Farid Greta Hana Ivo Jarek Kaia Lior Mina Nuno Oksana Pavel
Quirin Rosa Soren Tariq Ulla Vida Wanda Xenia Yusuf Zofia""".split()
_LAST = """Abelard Brandvold Castellane Dunmore Eklund Farouzi Gallowgate Haverkamp Iversholt
Jankovec Kirkwall Lindqvarn Marchetto Norrbacka Okonjiwe Pellegrave Quistberg Rosendahlen""".split()
_QUEUES = (
    "Orders", "Billing", "Technical Support", "Returns", "Loyalty", "Travel", "Complaints", "Sales",
)  # fmt: skip
_CODES = """Resolved;Call back later;Wrong number;Order placed;Order changed;Order cancelled;
Refund granted;Refund refused;Invoice explained;Address changed;Complaint logged;Escalated;
Fault found;Fault not found;Appointment made;Password reset;Contract renewed;Contract ended;
Offer made;Offer declined;No answer;Voicemail left;Duplicate;Spam"""
#: The number of users.
_USERS = 60
_DIVISIONS = ("Home", "North", "South")


@lru_cache(maxsize=1 << 14, typed=True)
def identifier(*parts: object) -> str:
    """Return an id in the vendor's form, the same for the same parts."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    # A version 5 UUID, which is made from a name; by hand, since a row has a dozen of them.
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"


def person(choice: random.Random) -> str:
    """Return an invented name."""
    return f"{choice.choice(_FIRST)} {choice.choice(_LAST)}"


@dataclass(frozen=True)
class Staff:
    """The people and names of one org.

    Args:
        seed: The seed of the org.
        size: The number of users who take conversations.
    """

    seed: int
    size: int = 48

    @cached_property
    def divisions(self) -> list[dict[str, Any]]:
        """The divisions, in the form of the listing."""
        return [
            {
                "id": self._id("division", name),
                "name": name,
                "description": f"Division {name}",
                "homeDivision": name == "Home",
                "selfUri": f"/api/v2/authorization/divisions/{self._id('division', name)}",
            }
            for name in _DIVISIONS
        ]

    @cached_property
    def queues(self) -> list[dict[str, Any]]:
        """The queues, in the form of the listing."""
        return [
            {
                "id": self._id("queue", name),
                "name": name,
                "division": self._division(number),
                "description": f"{name}, all channels",
                "dateCreated": "2019-05-06T07:08:09.010Z",
                "memberCount": 12,
                "skillEvaluationMethod": "BEST",
                "acwSettings": {"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 60000},
                "selfUri": f"/api/v2/routing/queues/{self._id('queue', name)}",
            }
            for number, name in enumerate(_QUEUES)
        ]

    @cached_property
    def wrapup_codes(self) -> list[dict[str, Any]]:
        """The wrap-up codes, in the form of the listing."""
        names = [name.strip() for name in _CODES.split(";")]
        return [
            {
                "id": self._id("code", name),
                "name": name,
                "division": self._division(0),
                "dateCreated": "2019-05-06T07:08:09.010Z",
                "selfUri": f"/api/v2/routing/wrapupcodes/{self._id('code', name)}",
            }
            for name in names
        ]

    @cached_property
    def users(self) -> list[dict[str, Any]]:
        """The users, in the form of the listing, including inactive and deleted ones."""
        return [self._user(number) for number in range(_USERS)]

    @cached_property
    def agents(self) -> list[str]:
        """The ids of the users who take conversations."""
        return [user["id"] for user in self.users[: self.size]]

    def _user(self, number: int) -> dict[str, Any]:
        name = person(random.Random(f"{self.seed}/user/{number}"))
        mailbox = f"{name.lower().replace(' ', '.')}.{number}@contact.example"
        state = "deleted" if number % 20 == 19 else "inactive" if number % 12 == 11 else "active"
        return {
            "id": self._id("user", number),
            "name": name,
            "division": self._division(number),
            "chat": {"jabberId": f"{number:04}@contact.example"},
            "department": "Service" if number < 48 else "Back office",
            "email": mailbox,
            "username": mailbox,
            "title": "Agent" if number < 48 else "Team lead",
            "state": state,
            "version": 3,
            "acdAutoAnswer": False,
            "selfUri": f"/api/v2/users/{self._id('user', number)}",
        }

    def _division(self, number: int) -> dict[str, Any]:
        division = self.divisions[number % len(self.divisions)]
        return {key: division[key] for key in ("id", "name", "selfUri")}

    def _id(self, *parts: object) -> str:
        return identifier(self.seed, *parts)
