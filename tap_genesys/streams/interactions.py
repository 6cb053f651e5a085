"""Analytics, transcripts, recordings and surveys: at least one request per conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_genesys.api.paging import SinglePage
from tap_genesys.api.response import Record, body
from tap_genesys.api.shape import OBJECT, TEXT
from tap_genesys.endpoints.follow_ups import FollowUpStream
from tap_genesys.records.extraction import Array, Field, Whole
from tap_genesys.records.usable import parted
from tap_genesys.streams.conversations import ConversationDetails

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from tap_genesys.api.shape import Shape


class ConversationSpeechAnalytics(FollowUpStream):
    """The speech and text analytics of a conversation: sentiment, empathy, talk times."""

    name = "conversation_speech_analytics"
    path = "/api/v2/speechandtextanalytics/conversations/{conversationId}"
    paging = SinglePage()
    records = Whole()
    parent_stream_type = ConversationDetails
    primary_keys = ("conversationId",)


class ConversationAiSummaries(FollowUpStream):
    """An AI-generated summary of a conversation, or of one of its sessions.

    The summary of the whole conversation is the row without a `communication`.
    """

    name = "conversation_ai_summaries"
    path = "/api/v2/conversations/{conversationId}/summaries"
    paging = SinglePage()
    records = Field("sessionSummaries", leading="summary")
    parent_stream_type = ConversationDetails


class Recordings(FollowUpStream):
    """The metadata of a recording (medium, state, dates), without the recording itself."""

    name = "recordings"
    path = "/api/v2/conversations/{conversationId}/recordingmetadata"
    paging = SinglePage()
    records = Array()
    parent_stream_type = ConversationDetails


class Surveys(FollowUpStream):
    """A survey of a conversation, with its answers.

    Customers complete surveys days later, so each re-check of a conversation (`recheck_days`)
    requests its surveys again.
    """

    name = "surveys"
    path = "/api/v2/quality/conversations/{conversationId}/surveys"
    paging = SinglePage()
    records = Array()
    parent_stream_type = ConversationDetails
    unit = "conversation with a survey"
    again = True

    @override
    def contexts_of(self, record: Record) -> Iterator[Record]:
        if record.get("surveys"):
            yield from super().contexts_of(record)


class ConversationTranscripts(FollowUpStream):
    """The transcript of a session with a customer, as one JSON object.

    A session takes two requests: one for the URL of the transcript, and one to that URL, which is
    in the vendor's storage. Unverified: that a session's id is its communication's id.

    More than a declaration: requests are per session, and transcripts are downloaded.
    """

    name = "conversation_transcripts"
    path = (
        "/api/v2/speechandtextanalytics/conversations/{conversationId}"
        "/communications/{communicationId}/transcripturl"
    )
    paging = SinglePage()
    records = Whole()
    parent_stream_type = ConversationDetails
    primary_keys = ("conversationId", "communicationId")
    unit = "session with a customer"
    requests_each = 2

    @property
    @override
    def response_shape(self) -> Shape:
        return {"url": TEXT}

    @override
    def contexts_of(self, record: Record) -> Iterator[Record]:
        for participant in parted(record.get("participants"))[0]:
            if participant.get("purpose") in ("customer", "external"):
                for session in parted(participant.get("sessions"))[0]:
                    yield {
                        "conversationId": record.get("conversationId"),
                        "communicationId": session.get("sessionId"),
                    }

    @override
    def content(self, response: requests.Response) -> Record:
        url = body(response).get("url")
        return {"transcript": self.run.downloads.json(url, OBJECT, self.label)} if url else {}


STREAMS = (
    ConversationSpeechAnalytics,
    ConversationAiSummaries,
    ConversationTranscripts,
    Recordings,
    Surveys,
)
