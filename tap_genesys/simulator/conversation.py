"""A complete conversation in the vendor's form."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.record import Record, stamp
from tap_genesys.simulator.snapshots import CORRECTED, REOPENED
from tap_genesys.simulator.staff import person

if TYPE_CHECKING:
    from tap_genesys.simulator.staff import Staff

Row = dict[str, Any]

_MEDIA = ("voice",) * 11 + ("email",) * 3 + ("message",) * 3 + ("chat",) * 2 + ("callback",)
_SECOND = 1000
_DAY = 86_400 * _SECOND
#: A conversation that lasts so long gets no evaluation, and is not reopened.
_LONG = 20 * _DAY
#: Longer than any test.
_FOREVER = 2_000_000 * _DAY
_LONGEST_FLOW = _DAY
#: The range of the last event of an orphan, which never ends: within its first hours.
_ORPHANED = (60 * _SECOND, 3 * 3600 * _SECOND)
#: One call in so many is over, but gets its end only after 60 days.
_HUNG_UP_LATE = 211
#: The time from a conversation's end to its survey, and to its evaluation.
_SURVEYED = (3600 * _SECOND, 2 * _DAY)
_EVALUATED = (5 * _DAY, 9 * _DAY)
#: The vendor's nightly pipeline: its time in the UTC day, the least age of the data that it
#: corrects, and the greatest age of a conversation, from its start, at its correction.
_NIGHT, _CORRECTABLE, _SETTLED = 3 * 3600 * _SECOND, 2 * _DAY, 5 * _DAY
#: Medium -> shortest and longest duration in milliseconds.
_LIVES = {
    "voice": (15 * _SECOND, 1500 * _SECOND),
    "callback": (120 * _SECOND, 5400 * _SECOND),
    "chat": (60 * _SECOND, 2700 * _SECOND),
    "message": (300 * _SECOND, 2 * _DAY),
    "email": (1200 * _SECOND, 4 * _DAY),
}
_FLOWS = {"voice": "INBOUNDCALL", "chat": "INBOUNDCHAT", "email": "INBOUNDEMAIL"}


class Script(Record):
    """The course of a conversation, drawn from the org's seed and the conversation's number.

    Args:
        staff: The people and names of the org.
        number: The conversation's number.
        start: When it starts.
        instant: Whether it ends in the millisecond in which it starts.
        endless: Whether it never ends if it is an e-mail: it waits in an unstaffed queue.
        orphan: Whether it is such an e-mail without any event after its first hours.
    """

    def __init__(
        self,
        staff: Staff,
        number: int,
        start: datetime,
        *,
        instant: bool,
        endless: bool = False,
        orphan: bool = False,
    ) -> None:
        self._staff = staff
        self._choice = random.Random(f"{staff.seed}/{number}")
        medium = self._choice.choice(_MEDIA)
        super().__init__(staff.seed, number, start, "email" if orphan else medium)
        self._life = 0 if instant else self._draw_life()
        self._inbound = self._medium != "callback" and self._choice.random() < 0.85
        self._abandoned = self._inbound and (instant or self._choice.random() < 0.08)
        self._queue = self._choice.choice(staff.queues)["id"]
        self._endless = orphan or (endless and not instant and self._medium == "email")
        if self._endless:
            self._life, self._inbound, self._abandoned = _FOREVER, True, True
            self._queue = staff.queues[0]["id"]
        self._longest_flow = self._choice.randrange(*_ORPHANED) if orphan else _LONGEST_FLOW
        caller = self._choice.randrange(10**7)
        # Every fourth call comes from one of a few callers who call often.
        self._ani = f"tel:+1555{caller % 200 if caller % 4 == 0 else caller:07}"
        self._talker = ""

    def complete(self) -> Row:
        """Return the conversation after its last event."""
        queued = self._life // 8 if self._inbound else 0
        flow_end = min(self._life // 20, self._longest_flow) if self._inbound else 0
        participants = [self._customer()]
        if self._inbound:
            participants += [self._flow(flow_end), self._acd(flow_end, queued)]
        if not self._abandoned:
            participants += self._agents(queued)
        row: Row = {
            "conversationId": self._id("conversation"),
            "conversationStart": self._at(0),
            "conversationEnd": self._at(self._life),
            "originatingDirection": "inbound" if self._inbound else "outbound",
            "conversationInitiator": "customer" if self._inbound else "agent",
            "divisionIds": [self._choice.choice(self._staff.divisions)["id"]],
            "participants": participants,
        }
        if self._medium == "voice" and self._life and self._number % _HUNG_UP_LATE == 5:
            row["conversationEnd"] = self._at(60 * _DAY)
        if self._medium == "voice":
            row["mediaStatsMinConversationMos"] = round(4.2 + self._choice.randrange(70) / 100, 2)
        if not self._abandoned and self._life < _LONG:
            self._add_assessments(row)
        if self._medium == "email" and 3 * _DAY < self._life < _LONG:
            row[REOPENED] = (self._at(self._life // 3), self._at(2 * self._life // 3))
        if self._choice.random() < 0.15:
            self._correct(row)
        return row

    def _draw_life(self) -> int:
        if self._medium in ("email", "message") and self._number % 40 == 7:  # left open
            return 90 * _DAY
        if self._medium in ("email", "message") and self._number % 11 == 5:  # weeks of messages
            return self._choice.randrange(5 * _DAY, 25 * _DAY)
        shortest, longest = _LIVES[self._medium]
        return int(shortest * (longest / shortest) ** self._choice.random())

    def _customer(self) -> Row:
        session = self._session("inbound" if self._inbound else "outbound")
        session["segments"] = [self._segment("interact", 0, self._life, disconnect="peer")]
        if self._medium == "voice":
            session |= {"ani": self._ani, "dnis": "tel:+15550100100", "protocolCallId": self._id()}
            session["mediaEndpointStats"] = [
                {
                    "codecs": ["audio/opus"],
                    "eventTime": self._at(self._life),
                    "maxLatencyMs": self._choice.randrange(20, 200),
                    "minMos": 4.3,
                    "receivedPackets": self._life // 20,
                }
            ]
        if self._medium == "message":
            session |= {"messageType": "webmessaging", "mediaCount": self._choice.randrange(3)}
        attributes = {"language": "en", "tier": self._choice.choice(("gold", "silver", "none"))}
        participant = self._participant("customer", session) | {"attributes": attributes}
        return participant | {"participantName": person(self._choice)}

    def _flow(self, end: int) -> Row:
        bot = self._medium in ("message", "chat")
        session = self._session("inbound")
        session["segments"] = [self._segment("ivr", 0, end, disconnect="transfer")]
        session["flow"] = {
            "flowId": self._org_id("flow", self._medium),
            "flowName": f"Welcome {self._medium}",
            "flowType": "DIGITALBOT" if bot else _FLOWS.get(self._medium, "INBOUNDSHORTMESSAGE"),
            "flowVersion": "4.0",
            "entryType": "dnis",
            "exitReason": "TRANSFER",
            "startingLanguage": "en-us",
            "outcomes": [
                {
                    "flowOutcome": "SUCCESS",
                    "flowOutcomeId": self._org_id("outcome", "authenticated"),
                    "flowOutcomeStartTimestamp": self._at(0),
                    "flowOutcomeEndTimestamp": self._at(end),
                    "flowOutcomeValue": "authenticated",
                }
            ],
        }
        session["metrics"] = [self._metric("tIvr", end, end), self._metric("nFlow", 1, end)]
        return self._participant("botflow" if bot else "ivr", session)

    def _acd(self, begin: int, end: int) -> Row:
        end = self._life if self._abandoned else end
        session = self._session("inbound")
        left = "peer" if self._abandoned else "transfer"
        session["segments"] = [
            self._segment("interact", begin, end, disconnect=left, queueId=self._queue)
        ]
        waited = self._metric("tAcd", end - begin, end)
        session["metrics"] = [self._metric("nOffered", 1, begin), waited]
        if self._abandoned:
            session["metrics"].append(self._metric("tAbandon", end - begin, end))
        return self._participant("acd", session)

    def _agents(self, begin: int) -> list[Row]:
        """Return the agents: one, or two after a transfer to another queue."""
        if self._choice.random() >= 0.15:
            late = self._life > 0 and self._choice.random() < 0.03
            return self._agent(begin, self._life, last=True, late=late)
        middle = begin + (self._life - begin) // 3
        first = self._agent(begin, middle, last=False)
        self._queue = self._choice.choice(self._staff.queues)["id"]
        transferred = middle + (self._life - middle) // 10
        again = [self._acd(middle, transferred)] if self._inbound else []
        return [*first, *again, *self._agent(transferred, self._life, last=True)]

    def _agent(self, begin: int, end: int, *, last: bool, late: bool = False) -> list[Row]:
        """Return an agent, and perhaps a second one who is consulted while the customer holds.

        A late agent sets the wrap-up code hours or days after the conversation's end.
        """
        answered = begin + (end - begin) // 20
        if late:
            over = end
            wrap = end + self._choice.randrange(3600, 3 * 86_400) * _SECOND
            wrapped = wrap + 20 * _SECOND
        else:
            over = wrap = end - (end - begin) // 10
            wrapped = end
        held = (over - answered) // 5 if self._choice.random() < 0.3 else 0
        session = self._session("inbound" if self._inbound else "outbound")
        queue = {"queueId": self._queue}
        segments = [
            self._segment("alert" if self._inbound else "contacting", begin, answered, **queue)
        ]
        segments.append(self._segment("interact", answered, over - held, **queue))
        if held:
            segments.append(self._segment("hold", over - held, over, **queue))
        segments[-1]["disconnectType"] = "client" if last else "transfer"
        code = self._choice.choice(self._staff.wrapup_codes)["id"]
        segments.append(self._segment("wrapup", wrap, wrapped, wrapUpCode=code, **queue))
        if self._choice.random() < 0.1:
            segments[-1]["wrapUpNote"] = "Called before; see the ticket."
        talked, after = over - held - answered, wrapped - wrap
        session["segments"] = segments
        session["metrics"] = [
            self._metric("tAnswered", answered - begin, answered),
            self._metric("tTalk", talked, over),
            self._metric("tAcw", after, wrapped),
            self._metric("tHandle", talked + held + after, wrapped),
        ]
        if held:
            session["metrics"].append(self._metric("tHeld", held, over))
        if not last:
            session["metrics"].append(self._metric("nTransferred", 1, over))
        agent = self._participant("agent", session)
        agent["userId"] = self._talker = self._choice.choice(self._staff.agents)
        if late or not held or self._choice.random() >= 0.2:
            return [agent]
        session["metrics"].append(self._metric("nConsult", 1, over - held))
        return [agent, self._consulted(over - held, over)]

    def _consulted(self, begin: int, end: int) -> Row:
        session = self._session("inbound")
        session["segments"] = [self._segment("interact", begin, end, disconnect="peer")]
        session["metrics"] = [
            self._metric("tTalk", end - begin, end),
            self._metric("tHandle", end - begin, end),
        ]
        colleague = self._choice.choice(self._staff.agents)
        return self._participant("agent", session) | {"userId": colleague}

    def _add_assessments(self, row: Row) -> None:
        """Add evaluations, surveys and resolutions, which come days later."""
        about = {"queueId": self._queue, "userId": self._talker}
        if self._choice.random() < 0.05:
            evaluated = self._life + self._choice.randrange(*_EVALUATED)
            row["evaluations"] = [
                about
                | {
                    "eventTime": self._at(evaluated),
                    "evaluationId": self._id("evaluation"),
                    "evaluationStatus": "Finished",
                    "evaluatorId": self._staff.users[-1]["id"],
                    "formId": self._org_id("form", "Courtesy"),
                    "formName": "Courtesy",
                    "released": True,
                    "oTotalScore": self._choice.randrange(50, 101),
                }
            ]
        if self._choice.random() < 0.1:
            surveyed = self._life + self._choice.randrange(*_SURVEYED)
            row["surveys"] = [
                about
                | {
                    "eventTime": self._at(surveyed),
                    "surveyId": self._id("survey"),
                    "surveyStatus": "Finished",
                    "surveyFormId": self._org_id("form", "How was it?"),
                    "surveyFormName": "How was it?",
                    "surveyPromoterScore": self._choice.randrange(11),
                    "surveyCompletedDate": self._at(surveyed),
                    "oSurveyTotalScore": self._choice.randrange(101),
                }
            ]
        if self._choice.random() < 0.1:
            resolved = self._life + self._choice.randrange(*_SURVEYED)
            row["resolutions"] = [
                about | {"eventTime": self._at(resolved), "nNextContactAvoided": 1}
            ]

    def _correct(self, row: Row) -> None:
        """Add a nightly correction of its wrap-ups, which are too short before; it has no date."""
        midnight = self._start.replace(hour=0, minute=0, second=0, microsecond=0)
        first = _NIGHT - (self._start - midnight) // timedelta(milliseconds=1)
        end = row["conversationEnd"]
        nights = [
            night
            for night in range(first, _SETTLED + 1, _DAY)
            if self._at(night - _CORRECTABLE) >= end
        ]
        if not nights:
            return
        before = [_before_correction(participant, end) for participant in row["participants"]]
        if before != row["participants"]:
            row[CORRECTED] = (self._at(self._choice.choice(nights)), before)


def _before_correction(participant: Row, end: str) -> Row:
    """Return a participant with half of the wrap-up that is over at the conversation's end."""
    (session,) = participant["sessions"]
    *others, last = session["segments"]
    if last["segmentType"] != "wrapup" or last["segmentEnd"] > end:
        return participant
    metrics = {metric["name"]: metric for metric in session["metrics"]}
    missing = metrics["tAcw"]["value"] // 2
    for name in ("tAcw", "tHandle"):
        metrics[name] = metrics[name] | {"value": metrics[name]["value"] - missing}
    over = datetime.fromisoformat(last["segmentEnd"]) - timedelta(milliseconds=missing)
    segments = [*others, last | {"segmentEnd": stamp(over)}]
    values = {"segments": segments, "metrics": [*metrics.values()]}
    return participant | {"sessions": [session | values]}
