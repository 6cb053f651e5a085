"""Quality management, recording policies, and speech and text analytics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.paging import NextLink, SinglePage
from tap_genesys.endpoints.child_streams import ChildStream
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.records.extraction import Field
from tap_genesys.replication.windows import split
from tap_genesys.streams.directory import Users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.page_steps import Page
    from tap_genesys.replication.windows import Window


class AgentActivity(FullTableStream):
    """The evaluations of an agent, of all time: their number, and average and extreme scores."""

    name = "agent_activity"
    path = "/api/v2/quality/agents/activity"
    # Users who are active, inactive or deleted.
    params = {"userState": "Any"}  # noqa: RUF012 - declared as ClassVar on the base


class Calibrations(ChildStream):
    """A calibration: one conversation that several evaluators have scored, and their scores.

    It is listed for its calibrator. Every user is requested, as any may be one.
    """

    name = "calibrations"
    path = "/api/v2/quality/calibrations"
    # The vendor's document calls the counts inaccurate, and the link reliable.
    paging = NextLink()
    parent_stream_type = Users
    parent_param = "calibratorId"
    primary_keys = ("calibratorId", "id")


class Categories(FullTableStream):
    """A category of speech and text analytics: conditions that conversations match."""

    name = "categories"
    path = "/api/v2/speechandtextanalytics/categories"


class EvaluationForms(FullTableStream):
    """An evaluation form: the questions and scores by which conversations are evaluated."""

    name = "evaluation_forms"
    path = "/api/v2/quality/forms/evaluations"


class Evaluations(WindowedStream):
    """An evaluation of a conversation, with its answers and scores.

    The search has no filter on the date of change, so the stream reads by date of creation, and
    each run reads the last 30 days again (`lookback_days`). Evaluations that are submitted or
    released later than that are in `conversation_evaluations`.

    More than a declaration: the search has its own format of request body.
    """

    name = "evaluations"
    path = "/api/v2/quality/evaluations/search"
    replication_key = "createdDate"
    primary_keys = ("id",)
    selected_by_default = False
    #: The place of the records in a response.
    records: ClassVar[Field] = Field("results")

    @property
    @override
    def default_lookback(self) -> timedelta:
        return timedelta(days=30)

    @override
    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        return split(start, end, timedelta(days=30))

    @override
    def query(self, window: Window, page: Page) -> dict[str, Any]:
        first, _, last = str(window).partition("/")
        created = {
            "type": "DATE_RANGE",
            "field": "createdDate",
            "operator": "AND",
            "startValue": first,
            "endValue": last,
        }
        return {
            "query": [created],
            "sortBy": "createdDate",
            "sortOrder": "ASC",
            "pageSize": self.page_size,
            "pageNumber": page.number,
        }


class EvaluatorActivity(FullTableStream):
    """The activity of an evaluator: the number of evaluations assigned and completed."""

    name = "evaluator_activity"
    path = "/api/v2/quality/evaluators/activity"


class Programs(FullTableStream):
    """A program of speech and text analytics: a set of topics for queues and flows."""

    name = "programs"
    path = "/api/v2/speechandtextanalytics/programs"
    paging = NextLink()


class PublishedEvaluationForms(FullTableStream):
    """A published evaluation form, which evaluations can use."""

    name = "published_evaluation_forms"
    path = "/api/v2/quality/publishedforms/evaluations"


class PublishedSurveyForms(FullTableStream):
    """A published survey form, which surveys can use."""

    name = "published_survey_forms"
    path = "/api/v2/quality/publishedforms/surveys"


class RecordingPolicies(FullTableStream):
    """A recording policy: the conversations that are recorded, and the retention."""

    name = "recording_policies"
    path = "/api/v2/recording/mediaretentionpolicies"


class SentimentFeedback(FullTableStream):
    """A phrase to which the org has assigned a sentiment."""

    name = "sentiment_feedback"
    path = "/api/v2/speechandtextanalytics/sentimentfeedback"
    paging = SinglePage()


class SurveyForms(FullTableStream):
    """A survey form: the questions of a survey."""

    name = "survey_forms"
    path = "/api/v2/quality/forms/surveys"


class Topics(FullTableStream):
    """A topic of speech and text analytics: phrases with one meaning."""

    name = "topics"
    path = "/api/v2/speechandtextanalytics/topics"
    paging = NextLink()


STREAMS = (
    AgentActivity,
    Calibrations,
    Categories,
    EvaluationForms,
    Evaluations,
    EvaluatorActivity,
    Programs,
    PublishedEvaluationForms,
    PublishedSurveyForms,
    RecordingPolicies,
    SentimentFeedback,
    SurveyForms,
    Topics,
)
