{{ config(enabled=using('evaluations')) }}

select
    evaluations.evaluation_key,
    evaluations.evaluation_id,
    evaluations.conversation_id,
    evaluations.status,
    evaluations.form_id,
    evaluations.form_name,
    evaluations.event_at,
    evaluations.total_score,
    evaluations.critical_score,
    evaluations.is_released,
    evaluations.is_rescored,
    evaluations.is_deleted,
    evaluations.calibration_id,
    evaluations.evaluator_id,
    evaluators.name as evaluator_name,
    evaluations.queue_id,
    queues.name as queue_name,
    evaluations.user_id,
    agents.name as agent_name
from {{ ref('stg_genesys__conversation_evaluations') }} as evaluations
left join {{ ref('dim_queue') }} as queues
    on queues.queue_id = evaluations.queue_id and queues.is_current
left join {{ ref('dim_agent') }} as agents
    on agents.user_id = evaluations.user_id and agents.is_current
left join {{ ref('dim_agent') }} as evaluators
    on evaluators.user_id = evaluations.evaluator_id and evaluators.is_current
