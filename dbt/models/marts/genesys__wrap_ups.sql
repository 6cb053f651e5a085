select
    wrap_ups.wrap_up_key,
    wrap_ups.session_key as leg_key,
    wrap_ups.conversation_id,
    wrap_ups.wrap_up_code_id,
    coalesce(wrap_up_codes.name, wrap_ups.wrap_up_code_id) as wrap_up_name,
    wrap_ups.wrap_up_note,
    wrap_ups.started_at,
    wrap_ups.ended_at,
    {{ seconds_between('wrap_ups.started_at', 'wrap_ups.ended_at') }} as duration_seconds,
    wrap_ups.queue_id,
    queues.name as queue_name,
    wrap_ups.user_id,
    agents.name as agent_name,
    wrap_ups.media_type
from {{ ref('stg_genesys__conversation_wrap_ups') }} as wrap_ups
left join {{ ref('dim_wrap_up_code') }} as wrap_up_codes
    on wrap_up_codes.wrap_up_code_id = wrap_ups.wrap_up_code_id and wrap_up_codes.is_current
left join {{ ref('dim_queue') }} as queues
    on queues.queue_id = wrap_ups.queue_id and queues.is_current
left join {{ ref('dim_agent') }} as agents
    on agents.user_id = wrap_ups.user_id and agents.is_current
