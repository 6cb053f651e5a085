{{ config(enabled=using('evaluations')) }}

select
    {{ genesys_column('_id') }} as evaluation_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('evaluationId') }} as evaluation_id,
    {{ genesys_column('evaluationStatus') }} as status,
    {{ genesys_column('formId') }} as form_id,
    {{ genesys_column('formName') }} as form_name,
    {{ genesys_column('eventTime') }} as event_at,
    cast({{ genesys_column('oTotalScore') }} as {{ dbt.type_bigint() }}) as total_score,
    cast({{ genesys_column('oTotalCriticalScore') }} as {{ dbt.type_bigint() }}) as critical_score,
    {{ genesys_column('released') }} as is_released,
    {{ genesys_column('rescored') }} as is_rescored,
    {{ genesys_column('deleted') }} as is_deleted,
    {{ genesys_column('calibrationId') }} as calibration_id,
    {{ genesys_column('evaluatorId') }} as evaluator_id,
    {{ genesys_column('queueId') }} as queue_id,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_evaluations') }}) as current_rows
