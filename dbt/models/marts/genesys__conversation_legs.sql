select
    facts.leg_key,
    facts.conversation_id,
    facts.leg_number,
    facts.leg_type,
    facts.queue_id,
    queues.name as queue_name,
    facts.user_id,
    agents.name as agent_name,
    facts.media_type,
    facts.direction,
    facts.started_at,
    facts.connected_at,
    facts.ended_at,
    facts.wrapped_up_at,
    facts.disconnect_type,
    facts.wrap_up_code_id,
    coalesce(wrap_up_codes.name, facts.wrap_up_code_id) as wrap_up_name,
    facts.offered = 1 as is_offered,
    facts.answered = 1 as is_answered,
    facts.abandoned = 1 as is_abandoned,
    facts.handled = 1 as is_handled,
    facts.transfers,
    facts.consults,
    facts.transferred_at,
    case
        when facts.transfers = 0 then null
        when facts.consult_transfers > 0 then 'consult'
        when facts.blind_transfers > 0 then 'blind'
        else 'unspecified'
    end as transfer_type,
    facts.transferred_to_leg_key,
    {{ seconds('facts.wait_ms') }} as wait_seconds,
    {{ seconds('facts.answer_ms') }} as answer_seconds,
    {{ seconds('facts.abandon_ms') }} as abandon_seconds,
    {{ seconds('facts.talk_ms') }} as talk_seconds,
    {{ seconds('facts.hold_ms') }} as hold_seconds,
    {{ seconds('facts.after_call_work_ms') }} as after_call_work_seconds,
    {{ seconds('facts.handle_ms') }} as handle_seconds
from {{ ref('int_genesys__leg_facts') }} as facts
left join {{ ref('dim_queue') }} as queues
    on queues.queue_id = facts.queue_id and queues.is_current
left join {{ ref('dim_agent') }} as agents
    on agents.user_id = facts.user_id and agents.is_current
left join {{ ref('dim_wrap_up_code') }} as wrap_up_codes
    on wrap_up_codes.wrap_up_code_id = facts.wrap_up_code_id and wrap_up_codes.is_current
where facts.leg_key is not null
