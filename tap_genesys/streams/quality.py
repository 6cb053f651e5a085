"""Forms and programs by which conversations are judged."""

from __future__ import annotations

from tap_genesys.endpoints.listings import LinkedStream, ListingStream, UnpagedStream


class Categories(ListingStream):
    """The categories of speech and text analytics."""

    name = "categories"
    path = "/api/v2/speechandtextanalytics/categories"


class EvaluationForms(ListingStream):
    """The forms that evaluators fill in."""

    name = "evaluation_forms"
    path = "/api/v2/quality/forms/evaluations"


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
    EvaluatorActivity,
    Programs,
    PublishedEvaluationForms,
    PublishedSurveyForms,
    RecordingPolicies,
    SentimentFeedback,
    SurveyForms,
    Topics,
)
