"""The records of a single conversation: analysis, summaries, recordings, surveys, transcripts."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.fabricate import row, shapes
from tap_genesys.simulator.record import stamp
from tap_genesys.simulator.responses import SimulatedResponse, error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_genesys.simulator.world import World

Row = dict[str, Any]

#: The path of the files; URLs below it are signed, and refuse a token.
STORAGE = "/_storage/transcripts/"
_SPEECH = "/api/v2/speechandtextanalytics/conversations/{conversationId}"
_SUMMARIES = "/api/v2/conversations/{conversationId}/summaries"
_RECORDINGS = "/api/v2/conversations/{conversationId}/recordingmetadata"
_SURVEYS = "/api/v2/quality/conversations/{conversationId}/surveys"
_TRANSCRIPT = f"{_SPEECH}/communications/{{communicationId}}/transcripturl"
_WORDS = ("hello", "how can I help", "my bill is wrong", "one moment please", "thank you", "bye")


def operation(
    world: World, method: str, path: str, storage: str
) -> Callable[[], SimulatedResponse] | None:
    """Return the handler of a request for one conversation's records; None for another path.

    Args:
        world: The org and its history.
        method: The HTTP method.
        path: The path.
        storage: The base URL of the storage.
    """
    for template, handler in _HANDLERS.items():
        pattern = re.sub(r"{\w+}", "([^/]+)", template)
        if method == "GET" and (match := re.fullmatch(pattern, path)):
            conversation = world.ended.get(match[1])
            has_any = template == _SURVEYS or is_analysed(match[1])
            if conversation is None or not has_any:
                return lambda: error(404)
            return lambda: handler(world, conversation, storage, *match.groups()[1:])
    return None


def is_analysed(conversation_id: str) -> bool:
    """Return whether a conversation has any such records: one in six has none."""
    return blake2b(conversation_id.encode(), digest_size=2).digest()[0] % 6 != 0


def customers_sessions(conversation: Row) -> list[str]:
    """Return the ids of the sessions of customers."""
    return [
        str(session["sessionId"])
        for participant in conversation["participants"]
        if participant.get("purpose") in ("customer", "external")
        for session in participant.get("sessions", [])
    ]


def stored(path: str, query: Mapping[str, str], login: str) -> SimulatedResponse:
    """Return the file at a signed URL; refuse a request with a token, as storages do."""
    if login:
        return error(400, "Only one auth mechanism allowed", "InvalidArgument")
    parts = path.removeprefix(STORAGE).split("/")
    if len(parts) != 2 or query.get("signature") != _signature(*parts):
        return error(403, "The signature does not match", "SignatureDoesNotMatch")
    return SimulatedResponse(body=transcript(*parts))


def transcript(conversation_id: str, communication_id: str) -> Row:
    """Return the transcript of a session."""
    phrases = [
        {"text": text, "participantPurpose": ("internal", "external")[place % 2]}
        for place, text in enumerate(_WORDS)
    ]
    return {
        "conversationId": conversation_id,
        "communicationId": communication_id,
        "transcripts": [{"language": "en-us", "phrases": phrases}],
    }


def _speech(world: World, conversation: Row, _storage: str) -> SimulatedResponse:
    name = conversation["conversationId"]
    analysis = row(shapes()[_SPEECH]["row"], world.seed, _SPEECH, name)
    return SimulatedResponse(body={**analysis, "conversation": {"id": name}})


def _summaries(world: World, conversation: Row, _storage: str) -> SimulatedResponse:
    name, shape = conversation["conversationId"], shapes()[_SUMMARIES]["row"]
    whole, first, second = (row(shape, world.seed, _SUMMARIES, name, n) for n in range(3))
    whole = {field: value for field, value in whole.items() if field != "communication"}
    body = {"conversation": {"id": name}, "summary": whole, "sessionSummaries": [first, second]}
    return SimulatedResponse(body=body)


def _recordings(world: World, conversation: Row, _storage: str) -> SimulatedResponse:
    name, shape = conversation["conversationId"], shapes()[_RECORDINGS]["row"]
    rows = [row(shape, world.seed, _RECORDINGS, name, number) for number in range(2)]
    return SimulatedResponse(body=[{**recording, "conversationId": name} for recording in rows])


def _surveys(world: World, conversation: Row, _storage: str) -> SimulatedResponse:
    shape = shapes()[_SURVEYS]["row"]
    rows = [
        {
            **row(shape, world.seed, _SURVEYS, survey["surveyId"]),
            "id": survey["surveyId"],
            "status": survey.get("surveyStatus", "Pending"),
        }
        for survey in conversation.get("surveys", [])
    ]
    return SimulatedResponse(body=rows)


def _transcript(
    world: World, conversation: Row, storage: str, communication: str
) -> SimulatedResponse:
    if communication not in customers_sessions(conversation):
        return error(404)
    name = conversation["conversationId"]
    signature = _signature(name, communication)
    signed = f"signature={signature}&at={stamp(world.now)}"
    return SimulatedResponse(body={"url": f"{storage}{STORAGE}{name}/{communication}?{signed}"})


def _signature(*parts: str) -> str:
    return blake2b("/".join(parts).encode(), digest_size=8).hexdigest()


_HANDLERS: dict[str, Callable[..., SimulatedResponse]] = {
    _SPEECH: _speech,
    _SUMMARIES: _summaries,
    _RECORDINGS: _recordings,
    _SURVEYS: _surveys,
    _TRANSCRIPT: _transcript,
}
