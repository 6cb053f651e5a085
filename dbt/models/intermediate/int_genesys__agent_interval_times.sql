{{ config(enabled=using('user_statuses'), materialized='table') }}

with

-- What is loaded of the spans ends with the latest change of any agent. An open span is counted up
-- to there, not up to the present: what happened since is not known.
loaded as (
    select max(coalesce(ended_at, started_at)) as loaded_until
    from {{ ref('int_genesys__agent_spans') }}
),

working as (
    select
        spans.user_id,
        spans.kind,
        spans.status,
        spans.started_at,
        coalesce(spans.ended_at, loaded.loaded_until) as ended_at
    from {{ ref('int_genesys__agent_spans') }} as spans
    cross join loaded
    where spans.status not in ('OFFLINE', 'OFF_QUEUE')
),

cut as (
    select
        working.user_id,
        working.kind,
        working.status,
        intervals.interval_start,
        intervals.interval_end,
        {{ seconds_between('greatest(working.started_at, intervals.interval_start)',
                           'least(working.ended_at, intervals.interval_end)') }} as seconds
    from working
    inner join {{ ref('dim_interval') }} as intervals
        on intervals.interval_start < working.ended_at
        and intervals.interval_end > working.started_at
        -- No interval is longer than an hour; this lets a database look at few of them.
        and intervals.interval_start > {{ dbt.dateadd('hour', -1, 'working.started_at') }}
)

select
    user_id,
    interval_start,
    interval_end
    {%- for name, kind, status in [
        ('on_queue', 'presence', 'ON_QUEUE'), ('available', 'presence', 'AVAILABLE'), ('busy', 'presence', 'BUSY'),
        ('away', 'presence', 'AWAY'), ('break', 'presence', 'BREAK'), ('meal', 'presence', 'MEAL'),
        ('meeting', 'presence', 'MEETING'), ('training', 'presence', 'TRAINING'),
        ('idle', 'routing', 'IDLE'), ('interacting', 'routing', 'INTERACTING'),
        ('communicating', 'routing', 'COMMUNICATING'), ('not_responding', 'routing', 'NOT_RESPONDING'),
    ] %},
    coalesce(sum(case when kind = '{{ kind }}' and status = '{{ status }}' then seconds end), 0) as {{ name }}_seconds
    {%- endfor %},
    coalesce(sum(case when kind = 'presence' then seconds end), 0) as logged_in_seconds
from cut
group by user_id, interval_start, interval_end
