"""Quality management, recording policies, and speech and text analytics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_genesys.endpoints.listings import LinkedStream, ListingStream, UnpagedStream
from tap_genesys.endpoints.windowed import WindowedStream
from tap_genesys.replication.windows import split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_genesys.api.pagination import Page
    from tap_genesys.replication.windows import Window


class Categories(ListingStream):
    """The categories of speech and text analytics."""

    name = "categories"
    path = "/api/v2/speechandtextanalytics/categories"


class EvaluationForms(ListingStream):
    """The forms that evaluators fill in."""

    name = "evaluation_forms"
    path = "/api/v2/quality/forms/evaluations"


class Evaluations(WindowedStream):
    """Each evaluation with its answers and scores.

    The search has no count, no "changed since", and at most three months in one request. So it is
    asked by the date of creation, and each run reads the last 30 days again (`lookback_days`): an
    evaluation that is submitted or released later than that is found in
    `conversation_evaluations`, which follows its conversation.

    More than a declaration: its search has a body of its own kind.
    """

    name = "evaluations"
    path = "/api/v2/quality/evaluations/search"
    replication_key = "createdDate"
    primary_keys = ("id",)
    selected_by_default = False
    records_key: ClassVar[str] = "results"

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


class EvaluatorActivity(ListingStream):
    """What each evaluator has done, and has to do."""

    name = "evaluator_activity"
    path = "/api/v2/quality/evaluators/activity"


class Programs(LinkedStream):
    """The programs of speech and text analytics."""

    name = "programs"
    path = "/api/v2/speechandtextanalytics/programs"


class PublishedEvaluationForms(ListingStream):
    """The evaluation forms that are in use."""

    name = "published_evaluation_forms"
    path = "/api/v2/quality/publishedforms/evaluations"


class PublishedSurveyForms(ListingStream):
    """The survey forms that are in use."""

    name = "published_survey_forms"
    path = "/api/v2/quality/publishedforms/surveys"


class RecordingPolicies(ListingStream):
    """What is recorded, and how long it is kept."""

    name = "recording_policies"
    path = "/api/v2/recording/mediaretentionpolicies"


class SentimentFeedback(UnpagedStream):
    """Phrases whose sentiment an org has set itself."""

    name = "sentiment_feedback"
    path = "/api/v2/speechandtextanalytics/sentimentfeedback"


class SurveyForms(ListingStream):
    """The forms that customers fill in."""

    name = "survey_forms"
    path = "/api/v2/quality/forms/surveys"


class Topics(LinkedStream):
    """The topics of speech and text analytics."""

    name = "topics"
    path = "/api/v2/speechandtextanalytics/topics"


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
