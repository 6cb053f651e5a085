{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='sync_all_columns',
    pre_hook='{{ delete_changed_conversations() }}',
    indexes=postgres_indexes(['conversation_id']) + postgres_indexes(['reading'])
) }}

with

pending as (
    {{ pending_conversations() }}
),

sessions as (
    select
        sessions.session_key,
        sessions.conversation_id,
        case when participants.purpose = 'acd' then 'queue' else 'agent' end as leg_type,
        participants.user_id,
        sessions.media_type,
        sessions.direction
    from {{ ref('stg_genesys__conversation_sessions') }} as sessions
    inner join pending on pending.conversation_id = sessions.conversation_id
    inner join {{ ref('stg_genesys__conversation_participants') }} as participants
        on participants.participant_key = sessions.participant_key
    where participants.purpose in ('acd', 'agent', 'user')
),

segments as (
    select
        segments.*,
        row_number() over (
            partition by segments.session_key
            order by
                case when segments.segment_type = 'wrapup' then 1 else 0 end,
                segments.started_at desc,
                segments.segment_key desc
        ) as place_from_end
    from {{ ref('stg_genesys__conversation_segments') }} as segments
    inner join sessions on sessions.session_key = segments.session_key
),

phases as (
    select
        session_key,
        min(queue_id) as queue_id,
        min(started_at) as started_at,
        min(case when segment_type = 'interact' then started_at end) as connected_at,
        -- Open as long as one of its segments is; the wrap-up may come days later.
        case
            when sum(case when segment_type <> 'wrapup' and ended_at is null then 1 else 0 end) = 0
            then max(case when segment_type <> 'wrapup' then ended_at end)
        end as ended_at,
        max(case when segment_type = 'wrapup' then ended_at end) as wrapped_up_at,
        max(case when place_from_end = 1 then disconnect_type end) as disconnect_type
    from segments
    group by session_key
),

metrics as (
    select
        metrics.session_key,
        max(case when metric = 'nOffered' then 1 else 0 end) as offered,
        max(case when metric = 'tAnswered' then 1 else 0 end) as answered,
        max(case when metric = 'tAbandon' then 1 else 0 end) as abandoned,
        max(case when metric = 'tHandle' then 1 else 0 end) as handled,
        sum(case when metric = 'tAcd' then value end) as wait_ms,
        sum(case when metric = 'tAnswered' then value end) as answer_ms,
        sum(case when metric = 'tAbandon' then value end) as abandon_ms,
        sum(case when metric = 'tTalk' then value end) as talk_ms,
        sum(case when metric = 'tHeld' then value end) as hold_ms,
        sum(case when metric = 'tAcw' then value end) as after_call_work_ms,
        sum(case when metric = 'tHandle' then value end) as handle_ms,
        sum(case when metric = 'nTransferred' then value else 0 end) as transfers,
        sum(case when metric = 'nBlindTransferred' then value else 0 end) as blind_transfers,
        sum(case when metric = 'nConsultTransferred' then value else 0 end) as consult_transfers,
        sum(case when metric = 'nConsult' then value else 0 end) as consults,
        max(case when metric = 'nTransferred' then emitted_at end) as transferred_at
    from {{ ref('stg_genesys__conversation_metrics') }} as metrics
    inner join sessions on sessions.session_key = metrics.session_key
    group by metrics.session_key
),

wrap_ups as (
    {{ wrap_ups_from_the_last('session_key', 'sessions') }}
),

legs as (
    select
        sessions.session_key as leg_key,
        sessions.conversation_id,
        row_number() over (
            partition by sessions.conversation_id
            order by
                phases.started_at,
                case when sessions.leg_type = 'queue' then 0 else 1 end,
                sessions.session_key
        ) as leg_number,
        sessions.leg_type,
        phases.queue_id,
        sessions.user_id,
        sessions.media_type,
        sessions.direction,
        phases.started_at,
        phases.connected_at,
        phases.ended_at,
        phases.wrapped_up_at,
        phases.disconnect_type,
        wrap_ups.wrap_up_code_id,
        coalesce(metrics.offered, 0) as offered,
        coalesce(metrics.answered, 0) as answered,
        coalesce(metrics.abandoned, 0) as abandoned,
        coalesce(metrics.handled, 0) as handled,
        coalesce(metrics.transfers, 0) as transfers,
        coalesce(metrics.blind_transfers, 0) as blind_transfers,
        coalesce(metrics.consult_transfers, 0) as consult_transfers,
        coalesce(metrics.consults, 0) as consults,
        metrics.transferred_at,
        metrics.wait_ms,
        metrics.answer_ms,
        metrics.abandon_ms,
        metrics.talk_ms,
        metrics.hold_ms,
        metrics.after_call_work_ms,
        metrics.handle_ms
    from sessions
    left join phases on phases.session_key = sessions.session_key
    left join metrics on metrics.session_key = sessions.session_key
    left join wrap_ups
        on wrap_ups.session_key = sessions.session_key and wrap_ups.place_from_end = 1
),

-- The legs in the same medium that began after a transferred one, and went on after its transfer.
receivers as (
    select
        legs.leg_key,
        others.leg_key as transferred_to_leg_key,
        row_number() over (partition by legs.leg_key order by others.leg_number) as place
    from legs
    inner join legs as others
        on others.conversation_id = legs.conversation_id
        and others.media_type = legs.media_type
        and others.leg_number > legs.leg_number
        and (others.ended_at is null or others.ended_at > legs.transferred_at)
    where legs.transferred_at is not null
)

select
    pending.conversation_id,
    pending.reading,
    legs.leg_key,
    legs.leg_number,
    legs.leg_type,
    legs.queue_id,
    legs.user_id,
    legs.media_type,
    legs.direction,
    legs.started_at,
    legs.connected_at,
    legs.ended_at,
    legs.wrapped_up_at,
    legs.disconnect_type,
    legs.wrap_up_code_id,
    legs.offered,
    legs.answered,
    legs.abandoned,
    legs.handled,
    cast(legs.transfers as {{ dbt.type_bigint() }}) as transfers,
    cast(legs.blind_transfers as {{ dbt.type_bigint() }}) as blind_transfers,
    cast(legs.consult_transfers as {{ dbt.type_bigint() }}) as consult_transfers,
    cast(legs.consults as {{ dbt.type_bigint() }}) as consults,
    legs.transferred_at,
    receivers.transferred_to_leg_key,
    cast(legs.wait_ms as {{ dbt.type_bigint() }}) as wait_ms,
    cast(legs.answer_ms as {{ dbt.type_bigint() }}) as answer_ms,
    cast(legs.abandon_ms as {{ dbt.type_bigint() }}) as abandon_ms,
    cast(legs.talk_ms as {{ dbt.type_bigint() }}) as talk_ms,
    cast(legs.hold_ms as {{ dbt.type_bigint() }}) as hold_ms,
    cast(legs.after_call_work_ms as {{ dbt.type_bigint() }}) as after_call_work_ms,
    cast(legs.handle_ms as {{ dbt.type_bigint() }}) as handle_ms
from pending
-- A conversation without legs keeps one row, so that it is not computed again and again.
left join legs on legs.conversation_id = pending.conversation_id
left join receivers on receivers.leg_key = legs.leg_key and receivers.place = 1
