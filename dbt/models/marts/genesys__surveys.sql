{{ config(enabled=using('surveys')) }}

select
    surveys.survey_key,
    surveys.survey_id,
    surveys.conversation_id,
    surveys.status,
    surveys.form_id,
    surveys.form_name,
    surveys.event_at,
    surveys.completed_at,
    surveys.total_score,
    surveys.promoter_score,
    case
        when surveys.promoter_score >= 9 then 'promoter'
        when surveys.promoter_score >= 7 then 'passive'
        when surveys.promoter_score >= 0 then 'detractor'
    end as promoter_group,
    surveys.queue_id,
    queues.name as queue_name,
    surveys.user_id,
    agents.name as agent_name
from {{ ref('stg_genesys__conversation_surveys') }} as surveys
left join {{ ref('dim_queue') }} as queues
    on queues.queue_id = surveys.queue_id and queues.is_current
left join {{ ref('dim_agent') }} as agents
    on agents.user_id = surveys.user_id and agents.is_current
