{{ config(enabled=using('surveys')) }}

select
    {{ genesys_column('_id') }} as survey_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('surveyId') }} as survey_id,
    {{ genesys_column('surveyStatus') }} as status,
    {{ genesys_column('surveyFormId') }} as form_id,
    {{ genesys_column('surveyFormName') }} as form_name,
    {{ genesys_column('eventTime') }} as event_at,
    {{ genesys_column('surveyCompletedDate') }} as completed_at,
    cast({{ genesys_column('oSurveyTotalScore') }} as {{ dbt.type_bigint() }}) as total_score,
    cast({{ genesys_column('surveyPromoterScore') }} as {{ dbt.type_bigint() }}) as promoter_score,
    {{ genesys_column('queueId') }} as queue_id,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_surveys') }}) as current_rows
