{%- set attributes = var('genesys__conversation_attributes') if using('participant_attributes') else [] %}
select
    facts.conversation_id,
    facts.started_at,
    {{ local_time('facts.started_at') }} as started_at_local,
    facts.ended_at,
    facts.ended_at is null as is_open,
    {{ seconds_between('facts.started_at', 'facts.ended_at') }} as duration_seconds,
    facts.originating_direction,
    facts.conversation_initiator,
    facts.external_tag,
    facts.media_type,
    facts.media_types,
    facts.ani,
    facts.dnis,
    facts.address_from,
    facts.external_contact_id,
    facts.first_queue_id,
    first_queue.name as first_queue_name,
    facts.last_queue_id,
    last_queue.name as last_queue_name,
    facts.queues,
    facts.first_user_id,
    first_agent.name as first_agent_name,
    facts.last_user_id,
    last_agent.name as last_agent_name,
    facts.agents,
    facts.offered = 1 as is_offered,
    facts.answered = 1 as is_answered,
    facts.abandoned = 1 as is_abandoned,
    facts.transfers,
    facts.consults,
    {{ seconds('facts.ivr_ms') }} as ivr_seconds,
    {{ seconds('facts.wait_ms') }} as wait_seconds,
    {{ seconds('facts.abandon_ms') }} as abandon_seconds,
    {{ seconds('facts.talk_ms') }} as talk_seconds,
    {{ seconds('facts.hold_ms') }} as hold_seconds,
    {{ seconds('facts.after_call_work_ms') }} as after_call_work_seconds,
    {{ seconds('facts.handle_ms') }} as handle_seconds,
    facts.wrap_ups,
    facts.last_wrap_up_code_id,
    coalesce(wrap_up_codes.name, facts.last_wrap_up_code_id) as last_wrap_up_name
    {%- if using('surveys') %},
    facts.surveys,
    facts.survey_score,
    facts.promoter_score
    {%- endif %}
    {%- if using('evaluations') %},
    facts.evaluations,
    facts.evaluation_score
    {%- endif %}
    {%- for name in attributes %},
    facts.{{ attribute_column(name) }}
    {%- endfor %}
from {{ ref('int_genesys__conversation_facts') }} as facts
left join {{ ref('dim_queue') }} as first_queue
    on first_queue.queue_id = facts.first_queue_id and first_queue.is_current
left join {{ ref('dim_queue') }} as last_queue
    on last_queue.queue_id = facts.last_queue_id and last_queue.is_current
left join {{ ref('dim_agent') }} as first_agent
    on first_agent.user_id = facts.first_user_id and first_agent.is_current
left join {{ ref('dim_agent') }} as last_agent
    on last_agent.user_id = facts.last_user_id and last_agent.is_current
left join {{ ref('dim_wrap_up_code') }} as wrap_up_codes
    on wrap_up_codes.wrap_up_code_id = facts.last_wrap_up_code_id and wrap_up_codes.is_current
