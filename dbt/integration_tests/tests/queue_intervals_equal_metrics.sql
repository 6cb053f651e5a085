-- The vendor's sums per queue, medium and half hour are those of the conversations' metrics in the
-- half hour in which each was emitted; the service level is that of the queue's target.
{{ config(enabled=var('genesys__using_conversation_aggregates', true)) }}

with

queues_of_sessions as (
    select session_key, min(queue_id) as queue_id
    from {{ ref('stg_genesys__conversation_segments') }}
    group by session_key
),

metrics as (
    select
        queues.queue_id,
        sessions.media_type,
        intervals.interval_start,
        metrics.metric,
        metrics.value,
        case sessions.media_type
            when 'voice' then targets.voice_service_level_ms
            when 'callback' then targets.callback_service_level_ms
            when 'chat' then targets.chat_service_level_ms
            when 'email' then targets.email_service_level_ms
            when 'message' then targets.message_service_level_ms
        end as target_ms
    from {{ ref('stg_genesys__conversation_metrics') }} as metrics
    inner join {{ ref('stg_genesys__conversation_sessions') }} as sessions
        on sessions.session_key = metrics.session_key
    inner join queues_of_sessions as queues on queues.session_key = metrics.session_key
    inner join {{ ref('stg_genesys__routing_queues') }} as targets on targets.queue_id = queues.queue_id
    inner join {{ ref('dim_interval') }} as intervals
        on intervals.interval_start <= metrics.emitted_at and intervals.interval_end > metrics.emitted_at
    where metrics.metric in (
        'nOffered', 'nTransferred', 'tAnswered', 'tAbandon', 'tAcd', 'tTalk', 'tHeld', 'tAcw', 'tHandle'
    )
),

expected as (
    select
        queue_id,
        media_type,
        interval_start,
        sum(case when metric = 'nOffered' then value else 0 end) as offered,
        sum(case when metric = 'tAnswered' then 1 else 0 end) as answered,
        sum(case when metric = 'tAbandon' then 1 else 0 end) as abandoned,
        sum(case when metric = 'tAnswered' and value > target_ms then 1 else 0 end) as over_service_level,
        sum(case when metric = 'tAnswered' and value <= target_ms then 1 else 0 end) as service_level_numerator,
        sum(case when metric in ('tAnswered', 'tAbandon') then 1 else 0 end) as service_level_denominator,
        sum(case when metric = 'tHandle' then 1 else 0 end) as handled,
        sum(case when metric = 'nTransferred' then value else 0 end) as transferred,
        sum(case when metric = 'tAnswered' then value else 0 end) * 0.001 as answer_seconds,
        sum(case when metric = 'tAbandon' then value else 0 end) * 0.001 as abandon_seconds,
        sum(case when metric = 'tAcd' then value else 0 end) * 0.001 as wait_seconds,
        sum(case when metric = 'tTalk' then value else 0 end) * 0.001 as talk_seconds,
        sum(case when metric = 'tHeld' then value else 0 end) * 0.001 as hold_seconds,
        sum(case when metric = 'tAcw' then value else 0 end) * 0.001 as after_call_work_seconds,
        sum(case when metric = 'tHandle' then value else 0 end) * 0.001 as handle_seconds
    from metrics
    where queue_id is not null
    group by queue_id, media_type, interval_start
)

{%- set columns = [
    'offered', 'answered', 'abandoned', 'over_service_level', 'handled', 'transferred', 'answer_seconds',
    'abandon_seconds', 'wait_seconds', 'talk_seconds', 'hold_seconds', 'after_call_work_seconds', 'handle_seconds'
] %}

select *
from expected
full outer join {{ ref('genesys__queue_intervals') }} as intervals
    on intervals.queue_id = expected.queue_id
    and intervals.media_type = expected.media_type
    and intervals.interval_start = expected.interval_start
where expected.queue_id is null
    or intervals.queue_id is null
    or expected.service_level_numerator <> coalesce(intervals.service_level_numerator, 0)
    or expected.service_level_denominator <> coalesce(intervals.service_level_denominator, 0)
    {%- for column in columns %}
    or expected.{{ column }} <> intervals.{{ column }}
    {%- endfor %}
