-- The vendor's sums per agent and half hour are those of the metrics of the agent's sessions.
{{ config(enabled=var('genesys__using_user_statuses', false)) }}

with

expected as (
    select
        participants.user_id,
        intervals.interval_start,
        sum(case when metrics.metric = 'tAnswered' then 1 else 0 end) as answered,
        sum(case when metrics.metric = 'tHandle' then 1 else 0 end) as handled,
        sum(case when metrics.metric = 'nTransferred' then metrics.value else 0 end) as transferred,
        sum(case when metrics.metric = 'tTalk' then metrics.value else 0 end) * 0.001 as talk_seconds,
        sum(case when metrics.metric = 'tHeld' then metrics.value else 0 end) * 0.001 as hold_seconds,
        sum(case when metrics.metric = 'tAcw' then metrics.value else 0 end) * 0.001 as after_call_work_seconds,
        sum(case when metrics.metric = 'tHandle' then metrics.value else 0 end) * 0.001 as handle_seconds
    from {{ ref('stg_genesys__conversation_metrics') }} as metrics
    inner join {{ ref('stg_genesys__conversation_sessions') }} as sessions
        on sessions.session_key = metrics.session_key
    inner join {{ ref('stg_genesys__conversation_participants') }} as participants
        on participants.participant_key = sessions.participant_key
    inner join {{ ref('dim_interval') }} as intervals
        on intervals.interval_start <= metrics.emitted_at and intervals.interval_end > metrics.emitted_at
    where participants.user_id is not null
        and metrics.metric in ('tAnswered', 'tHandle', 'nTransferred', 'tTalk', 'tHeld', 'tAcw')
    group by participants.user_id, intervals.interval_start
),

worked as (
    select *
    from {{ ref('genesys__agent_intervals') }}
    where answered + handled + transferred + talk_seconds + hold_seconds + after_call_work_seconds > 0
)

select *
from expected
full outer join worked
    on worked.user_id = expected.user_id and worked.interval_start = expected.interval_start
where expected.user_id is null
    or worked.user_id is null
    {%- for column in [
        'answered', 'handled', 'transferred', 'talk_seconds', 'hold_seconds',
        'after_call_work_seconds', 'handle_seconds'
    ] %}
    or expected.{{ column }} <> worked.{{ column }}
    {%- endfor %}
