"""Quality management, recording policies, and speech and text analytics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.api.paging import NextLink, SinglePage
from tap_genesys.endpoints.listings import FullTableStream
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.records.extraction import Field
from tap_genesys.replication.windows import split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.page_steps import Page
    from tap_genesys.replication.windows import Window


class Categories(FullTableStream):
    """A category of speech and text analytics."""

    name = "categories"
    path = "/api/v2/speechandtextanalytics/categories"


class EvaluationForms(FullTableStream):
    """An evaluation form."""

    name = "evaluation_forms"
    path = "/api/v2/quality/forms/evaluations"


class Evaluations(WindowedStream):
    """An evaluation of a conversation, with its answers and scores.

    The search has no count, no "changed since", and at most three months in one request. So it is
    read by the date of creation, and each run reads the last 30 days again (`lookback_days`): an
    evaluation that is submitted or released later than that is in `conversation_evaluations`,
    which are read with their conversation.

    More than a declaration: its search has its own format of body.
    """

    name = "evaluations"
    path = "/api/v2/quality/evaluations/search"
    replication_key = "createdDate"
    primary_keys = ("id",)
    selected_by_default = False
    #: Where in a response its records are.
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
    """An evaluator's activity: evaluations done, and assigned."""

    name = "evaluator_activity"
    path = "/api/v2/quality/evaluators/activity"


class Programs(FullTableStream):
    """A program of speech and text analytics."""

    name = "programs"
    path = "/api/v2/speechandtextanalytics/programs"
    paging = NextLink()


class PublishedEvaluationForms(FullTableStream):
    """A published evaluation form."""

    name = "published_evaluation_forms"
    path = "/api/v2/quality/publishedforms/evaluations"


class PublishedSurveyForms(FullTableStream):
    """A published survey form."""

    name = "published_survey_forms"
    path = "/api/v2/quality/publishedforms/surveys"


class RecordingPolicies(FullTableStream):
    """A recording policy: conditions for recording, and the retention."""

    name = "recording_policies"
    path = "/api/v2/recording/mediaretentionpolicies"


class SentimentFeedback(FullTableStream):
    """A phrase with a sentiment set by the org."""

    name = "sentiment_feedback"
    path = "/api/v2/speechandtextanalytics/sentimentfeedback"
    paging = SinglePage()


class SurveyForms(FullTableStream):
    """A survey form."""

    name = "survey_forms"
    path = "/api/v2/quality/forms/surveys"


class Topics(FullTableStream):
    """A topic of speech and text analytics."""

    name = "topics"
    path = "/api/v2/speechandtextanalytics/topics"
    paging = NextLink()


STREAMS = (
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
