{{ config(enabled=using('user_statuses')) }}

select
    spans.span_key,
    spans.kind,
    spans.user_id,
    agents.name as agent_name,
    spans.status,
    {% if using('presence_definitions') -%}
    presences.name as presence_name,
    {%- endif %}
    spans.started_at,
    {{ local_time('spans.started_at') }} as started_at_local,
    spans.ended_at,
    spans.ended_at is null as is_open,
    {{ seconds_between('spans.started_at', 'spans.ended_at') }} as duration_seconds
from {{ ref('int_genesys__agent_spans') }} as spans
left join {{ ref('dim_agent') }} as agents
    on agents.user_id = spans.user_id and agents.is_current
{% if using('presence_definitions') -%}
left join {{ ref('dim_presence') }} as presences
    on presences.presence_id = spans.presence_id and presences.is_current
{%- endif %}
