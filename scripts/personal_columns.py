"""The columns with personal data, or with ids of persons: the table in docs/erasure.md.

Fields are found by their names, wherever they stand in a schema. So a field that a schema gains
makes the table stale, and a test says so. Names that look personal and are not are listed here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_genesys.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCHEMAS = Path(__file__).parent.parent / "tap_genesys" / "schemas"
#: Kind of field -> the names of its fields. The first kind that fits counts.
_KINDS = {
    "conversation": r"\w*conversationIds?|conversations?",
    "contact": (
        r"contact|externalContact(Id)?|outboundContactId|journeyCustomer(Session)?Id|canonicalContact|"
        r"mergedFrom|mergedTo|externalIds|twitterId|handle|screenName|socialHandle"
    ),
    "user": (
        r"(\w+)?(user|agent|evaluator|assignee|assigner|manager|attendee)(Ids?)?|"
        r"(preferred|proposed|scored)Agents|agents|users|evaluators|createdBy|modifiedBy|owners?|"
        r"ownerId|activatedBy|deletedBy|publishedBy|submittedBy|reviewedBy|usersToNotify|"
        r"attendees|facilitator|requestedRoutingUserIds|disputesAssignees|loggedInUser|\w*userIds"
    ),
    "address": (
        r"ani|dnis|sessionDnis|\w*address(Self|Other|From|To)?|addresses|destinationAddresses|"
        r"callbackNumbers|\w*phoneNumbers?|\w+Phone|faxNumber|\w*email|callingPartyNumber|"
        r"callerId|ipAddress|remote"
    ),
    "name": (
        r"participantName|remoteNameDisplayable|callbackUserName|firstName|middleName|lastName|"
        r"salutation|preferredName|username|callerName|callingPartyName|geolocation|"
        r"primaryContactInfo|biography|employerInfo|images|profileSkills|birthday|dateOfBirth"
    ),
    "free text": (
        r"attributes|customFields|wrapUpNote|notes?|noteText|\w*comments?|subject|mediaSubject|"
        r"transcripts?|phrases|text|summary|freeTextAnswer|userInput|context|values"
    ),
}
_PATTERNS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _KINDS.items()}
#: Names that fit a pattern, and are about the org or the product.
_OTHERS = frozenset(
    {
        *("addressId", "hasComment", "ifPhysicalAddress", "interfaceIpAddress", "macAddress"),
        *("adjustedCallsPerAgent", "maxCallsPerAgent", "maxCallsPerAgentDecimal"),
        *("shouldDisplayToAgent", "defaultForUser"),
    }
)
#: Table -> columns whose names say nothing, and their kinds.
_OWN = {
    "coaching_appointments": {"name": "free text", "description": "free text"},
    "conversation_participant_attributes": {"value": "free text"},
    "datatable_rows": {"key": "free text", "row": "free text"},
    "external_contacts": {"id": "contact"},
    "external_contact_notes": {"entityId": "contact"},
    "group_members": {"id": "user", "name": "name"},
    "users": {"id": "user", "name": "name"},
}


def kind_of(name: str) -> str:
    """Return the kind of a field; an empty text if it is not personal."""
    if name in _OTHERS:
        return ""
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(name)), "")


def fields(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of all fields in a schema, at any depth."""
    for name, below in (schema.get("properties") or {}).items():
        yield name
        yield from fields(below)
    if isinstance(items := schema.get("items"), dict):
        yield from fields(items)


def columns_of(table: str, schema: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return column -> the kinds of its own name and of the fields below it, if any."""
    columns = {}
    for column, below in schema["properties"].items():
        kinds = {kind_of(name) for name in (column, *fields(below))}
        kinds.add(_OWN.get(table, {}).get(column, ""))
        if personal := [kind for kind in _KINDS if kind in kinds]:
            columns[column] = personal
    return columns


def schemas() -> dict[str, dict[str, Any]]:
    """Return table -> its schema."""
    names = sorted(str(vars(stream)["name"]) for stream in STREAMS)
    return {name: json.loads((_SCHEMAS / f"{name}.json").read_text("utf-8")) for name in names}


def erasures() -> str:
    """Return the SQL that deletes the rows of conversations from each table that has their ids."""
    found = '(select "conversationId" from genesys.erasure)'
    return "\n".join(
        f'delete from genesys.{name} where "conversationId" in {found};'  # noqa: S608 - our own names
        for name, schema in schemas().items()
        if "conversationId" in schema["properties"] and not name.endswith("_aggregates")
    )


def table() -> str:
    """Return the columns as a Markdown table, a row for each stream that has one."""
    lines = [f"| table | {' | '.join(_KINDS)} |", f"| --- |{' --- |' * len(_KINDS)}"]
    for name, schema in schemas().items():
        if columns := columns_of(name, schema):
            cells = (
                ", ".join(f"`{column}`" for column, kinds in columns.items() if kind in kinds)
                for kind in _KINDS
            )
            lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)
