-- The half hours of an agent have all the time of the agent's closed spans, and no more.
{{ config(enabled=var('genesys__using_user_statuses', false)) }}

with

spans as (
    select
        user_id,
        sum(case when status = 'ON_QUEUE' then duration_seconds else 0 end) as on_queue_seconds,
        sum(case when status = 'MEAL' then duration_seconds else 0 end) as meal_seconds,
        sum(case when status = 'INTERACTING' then duration_seconds else 0 end) as interacting_seconds,
        sum(case when kind = 'routing' and status = 'IDLE' then duration_seconds else 0 end) as idle_seconds
    from {{ ref('genesys__agent_states') }}
    where status not in ('OFFLINE', 'OFF_QUEUE')
    group by user_id
    -- An agent without an open span; those of the others are cut.
    having sum(case when is_open then 1 else 0 end) = 0
),

intervals as (
    select
        user_id,
        sum(on_queue_seconds) as on_queue_seconds,
        sum(meal_seconds) as meal_seconds,
        sum(interacting_seconds) as interacting_seconds,
        sum(idle_seconds) as idle_seconds
    from {{ ref('genesys__agent_intervals') }}
    group by user_id
)

select *
from spans
left join intervals on intervals.user_id = spans.user_id
where intervals.user_id is null
    or spans.on_queue_seconds <> intervals.on_queue_seconds
    or spans.meal_seconds <> intervals.meal_seconds
    or spans.interacting_seconds <> intervals.interacting_seconds
    or spans.idle_seconds <> intervals.idle_seconds
