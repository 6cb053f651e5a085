{{ config(enabled=using('conversation_aggregates') and using('user_statuses')) }}

{%- set key = ['user_id', 'interval_start', 'interval_end'] %}
{%- set sums = [
    'answered', 'handled', 'transferred',
    'talk_seconds', 'hold_seconds', 'after_call_work_seconds', 'handle_seconds'
] %}
{%- set times = [
    'logged_in_seconds', 'on_queue_seconds', 'available_seconds', 'busy_seconds', 'away_seconds', 'break_seconds',
    'meal_seconds', 'meeting_seconds', 'training_seconds',
    'idle_seconds', 'interacting_seconds', 'communicating_seconds', 'not_responding_seconds'
] %}

with

intervals as (
    select
        {%- for column in key %}
        coalesce(times.{{ column }}, sums.{{ column }}) as {{ column }},
        {%- endfor %}
        {%- for column in sums %}
        coalesce(sums.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- for column in times %}
        coalesce(times.{{ column }}, 0) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_genesys__agent_interval_times') }} as times
    full outer join {{ ref('int_genesys__agent_interval_sums') }} as sums
        on sums.user_id = times.user_id and sums.interval_start = times.interval_start
)

select
    {{ dbt.hash("intervals.user_id || '|' || cast(intervals.interval_start as " ~ dbt.type_string() ~ ")") }} as agent_interval_key,
    intervals.user_id,
    agents.name as agent_name,
    intervals.interval_start,
    intervals.interval_end,
    {{ local_time('intervals.interval_start') }} as interval_start_local,
    {%- for column in sums %}
    intervals.{{ column }},
    {%- endfor %}
    {{ ratio('intervals.handle_seconds', 'intervals.handled') }} as average_handle_seconds,
    {%- for column in times %}
    intervals.{{ column }},
    {%- endfor %}
    {{ ratio(
        'intervals.interacting_seconds',
        '(intervals.interacting_seconds + intervals.communicating_seconds + intervals.idle_seconds)'
    ) }} as occupancy
from intervals
left join {{ ref('dim_agent') }} as agents
    on agents.user_id = intervals.user_id and agents.is_current
