"""A complete conversation in the vendor's form."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.course import DAY, SECOND
from tap_genesys.simulator.record import Record, stamp
from tap_genesys.simulator.snapshots import CORRECTED, REOPENED
from tap_genesys.simulator.staff import person

if TYPE_CHECKING:
    import random

    from tap_genesys.simulator.course import Course, Leg
    from tap_genesys.simulator.staff import Staff

Row = dict[str, Any]

#: A conversation that lasts so long gets no evaluation, and is not reopened.
_LONG = 20 * DAY
#: One call in so many is over, but gets its end only after 60 days.
_HUNG_UP_LATE = 211
#: The time from a conversation's end to its survey, and to its evaluation.
_SURVEYED = (3600 * SECOND, 2 * DAY)
_EVALUATED = (5 * DAY, 9 * DAY)
#: The vendor's nightly pipeline: its time in the UTC day, the least age of the data that it
#: corrects, and the greatest age of a conversation, from its start, at its correction.
_NIGHT, _CORRECTABLE, _SETTLED = 3 * 3600 * SECOND, 2 * DAY, 5 * DAY
_FLOWS = {"voice": "INBOUNDCALL", "chat": "INBOUNDCHAT", "email": "INBOUNDEMAIL"}


class Script(Record):
    """A conversation in the vendor's form, drawn from the org's seed and the conversation's number.

    Args:
        staff: The people and names of the org.
        number: The conversation's number.
        start: When it starts.
        choice: The source of random numbers.
        course: Its course.
    """

    def __init__(
        self, staff: Staff, number: int, start: datetime, choice: random.Random, course: Course
    ) -> None:
        super().__init__(staff.seed, number, start, course.medium)
        self._staff = staff
        self._choice = choice
        self._course = course
        self._inbound, self._life = course.inbound, course.life
        self._queue, self._talker = course.queue, ""

    def complete(self) -> Row:
        """Return the conversation after its last event."""
        course = self._course
        participants = [self._customer()]
        if self._inbound:
            left = course.life if course.abandoned else course.queued
            participants += [self._flow(course.flow_end), self._acd(course.flow_end, left)]
        if not course.abandoned:
            participants += self._agents()
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
            row["conversationEnd"] = self._at(60 * DAY)
        if self._medium == "voice":
            row["mediaStatsMinConversationMos"] = round(4.2 + self._choice.randrange(70) / 100, 2)
        if not course.abandoned and self._life < _LONG:
            self._add_assessments(row)
        if self._medium == "email" and 3 * DAY < self._life < _LONG:
            row[REOPENED] = (self._at(self._life // 3), self._at(2 * self._life // 3))
        if self._choice.random() < 0.15:
            self._correct(row)
        return row

    def _customer(self) -> Row:
        session = self._session("inbound" if self._inbound else "outbound")
        session["segments"] = [self._segment("interact", 0, self._life, disconnect="peer")]
        if self._medium == "voice":
            session |= {
                "ani": self._course.ani,
                "dnis": "tel:+15550100100",
                "protocolCallId": self._id(),
            }
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
        abandoned = self._course.abandoned
        session = self._session("inbound")
        left = "peer" if abandoned else "transfer"
        session["segments"] = [
            self._segment("interact", begin, end, disconnect=left, queueId=self._queue)
        ]
        waited = self._metric("tAcd", end - begin, end)
        session["metrics"] = [self._metric("nOffered", 1, begin), waited]
        if abandoned:
            session["metrics"].append(self._metric("tAbandon", end - begin, end))
        return self._participant("acd", session)

    def _agents(self) -> list[Row]:
        """Return the agents, one after another, and the queues between them."""
        participants: list[Row] = []
        for leg in self._course.legs(self._choice):
            self._queue, self._talker = leg.queue, leg.agent
            if participants and self._inbound:
                participants.append(self._acd(leg.offered, leg.begin))
            participants += self._agent(leg)
        return participants

    def _agent(self, leg: Leg) -> list[Row]:
        """Return an agent, and perhaps a second one who is consulted while the customer holds."""
        session = self._session("inbound" if self._inbound else "outbound")
        queue = {"queueId": leg.queue}
        segments = [
            self._segment(
                "alert" if self._inbound else "contacting", leg.begin, leg.answered, **queue
            )
        ]
        segments.append(self._segment("interact", leg.answered, leg.held, **queue))
        if leg.held < leg.over:
            segments.append(self._segment("hold", leg.held, leg.over, **queue))
        segments[-1]["disconnectType"] = "transfer" if leg.transfers else "client"
        wrap_up = {"wrapUpCode": leg.code} | queue
        segments.append(self._segment("wrapup", leg.wrap, leg.wrapped, **wrap_up))
        if leg.has_note:
            segments[-1]["wrapUpNote"] = "Called before; see the ticket."
        talked, held, after = leg.held - leg.answered, leg.over - leg.held, leg.wrapped - leg.wrap
        session["segments"] = segments
        session["metrics"] = [
            self._metric("tContacting", leg.answered - leg.begin, leg.answered)
            if leg.waited is None
            else self._metric("tAnswered", leg.waited, leg.answered),
            self._metric("tTalk", talked, leg.over),
            self._metric("tAcw", after, leg.wrapped),
            self._metric("tHandle", talked + held + after, leg.wrapped),
        ]
        if held:
            session["metrics"].append(self._metric("tHeld", held, leg.over))
        session["metrics"] += [self._metric(name, 1, leg.over) for name in leg.transfers]
        agent = self._participant("agent", session) | {"userId": leg.agent}
        if not leg.consulted:
            return [agent]
        session["metrics"].append(self._metric("nConsult", 1, leg.held))
        return [agent, self._consulted(leg)]

    def _consulted(self, leg: Leg) -> Row:
        session = self._session("inbound")
        session["segments"] = [self._segment("interact", leg.held, leg.over, disconnect="peer")]
        session["metrics"] = [
            self._metric(name, leg.over - leg.held, leg.over) for name in ("tTalk", "tHandle")
        ]
        return self._participant("agent", session) | {"userId": leg.consulted}

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
                    "surveyPromoterScore": self._choice.choice(self._course.scores),
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
            for night in range(first, _SETTLED + 1, DAY)
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
