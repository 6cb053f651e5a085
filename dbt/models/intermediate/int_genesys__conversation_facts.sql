{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='sync_all_columns',
    pre_hook='{{ delete_changed_conversations() }}',
    indexes=postgres_indexes(['conversation_id'], unique=true) + postgres_indexes(['reading'])
) }}
{%- set attributes = var('genesys__conversation_attributes') if using('participant_attributes') else [] %}

with

pending as (
    {{ pending_conversations() }}
),

sessions as (
    select
        sessions.session_key,
        sessions.participant_key,
        sessions.conversation_id,
        sessions.media_type,
        sessions.ani,
        sessions.dnis,
        sessions.address_from,
        participants.external_contact_id,
        case when participants.purpose in ('customer', 'external') then 1 else 0 end as is_customers,
        segments.started_at
    from {{ ref('stg_genesys__conversation_sessions') }} as sessions
    inner join pending on pending.conversation_id = sessions.conversation_id
    inner join {{ ref('stg_genesys__conversation_participants') }} as participants
        on participants.participant_key = sessions.participant_key
    left join (
        select session_key, min(started_at) as started_at
        from {{ ref('stg_genesys__conversation_segments') }}
        group by session_key
    ) as segments on segments.session_key = sessions.session_key
),

-- The customer's first session; without one, as in internal calls, the first session of all.
first_sessions as (
    select
        sessions.*,
        row_number() over (
            partition by conversation_id
            order by is_customers desc, started_at, session_key
        ) as place
    from sessions
),

media as (
    select
        conversation_id,
        {{ dbt.listagg('media_type', "','", 'order by media_type') }} as media_types
    from (
        select distinct conversation_id, media_type from sessions where media_type is not null
    ) as distinct_media
    group by conversation_id
),

metrics as (
    select
        sessions.conversation_id,
        max(case when metric = 'nOffered' then 1 else 0 end) as offered,
        max(case when metric = 'tAnswered' then 1 else 0 end) as answered,
        max(case when metric = 'tAbandon' then 1 else 0 end) as abandoned,
        sum(case when metric = 'nTransferred' then value else 0 end) as transfers,
        sum(case when metric = 'nConsult' then value else 0 end) as consults,
        sum(case when metric = 'tIvr' then value end) as ivr_ms,
        sum(case when metric = 'tAcd' then value end) as wait_ms,
        sum(case when metric = 'tAbandon' then value end) as abandon_ms,
        sum(case when metric = 'tTalk' then value end) as talk_ms,
        sum(case when metric = 'tHeld' then value end) as hold_ms,
        sum(case when metric = 'tAcw' then value end) as after_call_work_ms,
        sum(case when metric = 'tHandle' then value end) as handle_ms
    from {{ ref('stg_genesys__conversation_metrics') }} as metrics
    inner join sessions on sessions.session_key = metrics.session_key
    group by sessions.conversation_id
),

legs as (
    select legs.*
    from {{ ref('int_genesys__leg_facts') }} as legs
    inner join pending on pending.conversation_id = legs.conversation_id
    where legs.leg_key is not null
),

-- The agents who were connected with the customer or each other.
connected as (
    select
        conversation_id,
        user_id,
        row_number() over (partition by conversation_id order by leg_number) as place,
        row_number() over (partition by conversation_id order by leg_number desc) as place_from_end
    from legs
    where leg_type = 'agent' and user_id is not null and connected_at is not null
),

agents as (
    select
        conversation_id,
        max(case when place = 1 then user_id end) as first_user_id,
        max(case when place_from_end = 1 then user_id end) as last_user_id,
        count(distinct user_id) as agents
    from connected
    group by conversation_id
),

queued as (
    select
        conversation_id,
        queue_id,
        row_number() over (partition by conversation_id order by leg_number) as place,
        row_number() over (partition by conversation_id order by leg_number desc) as place_from_end
    from legs
    where queue_id is not null
),

queues as (
    select
        conversation_id,
        max(case when place = 1 then queue_id end) as first_queue_id,
        max(case when place_from_end = 1 then queue_id end) as last_queue_id,
        count(distinct queue_id) as queues
    from queued
    group by conversation_id
),

placed_wrap_ups as (
    {{ wrap_ups_from_the_last('conversation_id', 'pending') }}
),

wrap_ups as (
    select
        conversation_id,
        count(*) as wrap_ups,
        max(case when place_from_end = 1 then wrap_up_code_id end) as last_wrap_up_code_id
    from placed_wrap_ups
    group by conversation_id
)
{%- if using('surveys') %},

placed_surveys as (
    select
        surveys.*,
        row_number() over (
            partition by surveys.conversation_id
            order by surveys.completed_at desc, surveys.survey_key desc
        ) as place_from_end
    from {{ ref('stg_genesys__conversation_surveys') }} as surveys
    inner join pending on pending.conversation_id = surveys.conversation_id
    where surveys.status = 'Finished'
),

surveys as (
    select
        conversation_id,
        count(*) as surveys,
        max(case when place_from_end = 1 then total_score end) as survey_score,
        max(case when place_from_end = 1 then promoter_score end) as promoter_score
    from placed_surveys
    group by conversation_id
)
{%- endif %}
{%- if using('evaluations') %},

placed_evaluations as (
    select
        evaluations.*,
        row_number() over (
            partition by evaluations.conversation_id
            order by evaluations.event_at desc, evaluations.evaluation_key desc
        ) as place_from_end
    from {{ ref('stg_genesys__conversation_evaluations') }} as evaluations
    inner join pending on pending.conversation_id = evaluations.conversation_id
    where evaluations.status = 'Finished' and not coalesce(evaluations.is_deleted, false)
),

evaluations as (
    select
        conversation_id,
        count(*) as evaluations,
        max(case when place_from_end = 1 then total_score end) as evaluation_score
    from placed_evaluations
    group by conversation_id
)
{%- endif %}
{%- if attributes %},

-- The customer's value; if the customer has none, the greatest of the other participants'.
attributes as (
    select
        attributes.conversation_id
        {%- for name in attributes %},
        coalesce(
            max(case when participants.purpose in ('customer', 'external') and attributes.name = {{ dbt.string_literal(name | replace("'", "''")) }} then attributes.value end),
            max(case when attributes.name = {{ dbt.string_literal(name | replace("'", "''")) }} then attributes.value end)
        ) as {{ attribute_column(name) }}
        {%- endfor %}
    from {{ ref('stg_genesys__conversation_participant_attributes') }} as attributes
    inner join pending on pending.conversation_id = attributes.conversation_id
    inner join {{ ref('stg_genesys__conversation_participants') }} as participants
        on participants.participant_key = attributes.participant_key
    group by attributes.conversation_id
)
{%- endif %}

select
    pending.conversation_id,
    pending.reading,
    conversations.started_at,
    conversations.ended_at,
    conversations.originating_direction,
    conversations.conversation_initiator,
    conversations.external_tag,
    first_sessions.media_type,
    media.media_types,
    first_sessions.ani,
    first_sessions.dnis,
    first_sessions.address_from,
    first_sessions.external_contact_id,
    queues.first_queue_id,
    queues.last_queue_id,
    coalesce(queues.queues, 0) as queues,
    agents.first_user_id,
    agents.last_user_id,
    coalesce(agents.agents, 0) as agents,
    coalesce(metrics.offered, 0) as offered,
    coalesce(metrics.answered, 0) as answered,
    coalesce(metrics.abandoned, 0) as abandoned,
    cast(coalesce(metrics.transfers, 0) as {{ dbt.type_bigint() }}) as transfers,
    cast(coalesce(metrics.consults, 0) as {{ dbt.type_bigint() }}) as consults,
    cast(metrics.ivr_ms as {{ dbt.type_bigint() }}) as ivr_ms,
    cast(metrics.wait_ms as {{ dbt.type_bigint() }}) as wait_ms,
    cast(metrics.abandon_ms as {{ dbt.type_bigint() }}) as abandon_ms,
    cast(metrics.talk_ms as {{ dbt.type_bigint() }}) as talk_ms,
    cast(metrics.hold_ms as {{ dbt.type_bigint() }}) as hold_ms,
    cast(metrics.after_call_work_ms as {{ dbt.type_bigint() }}) as after_call_work_ms,
    cast(metrics.handle_ms as {{ dbt.type_bigint() }}) as handle_ms,
    coalesce(wrap_ups.wrap_ups, 0) as wrap_ups,
    wrap_ups.last_wrap_up_code_id
    {%- if using('surveys') %},
    coalesce(surveys.surveys, 0) as surveys,
    surveys.survey_score,
    surveys.promoter_score
    {%- endif %}
    {%- if using('evaluations') %},
    coalesce(evaluations.evaluations, 0) as evaluations,
    evaluations.evaluation_score
    {%- endif %}
    {%- for name in attributes %},
    attributes.{{ attribute_column(name) }}
    {%- endfor %}
from pending
inner join {{ ref('stg_genesys__conversation_details') }} as conversations
    on conversations.conversation_id = pending.conversation_id
left join first_sessions
    on first_sessions.conversation_id = pending.conversation_id and first_sessions.place = 1
left join media on media.conversation_id = pending.conversation_id
left join metrics on metrics.conversation_id = pending.conversation_id
left join queues on queues.conversation_id = pending.conversation_id
left join agents on agents.conversation_id = pending.conversation_id
left join wrap_ups on wrap_ups.conversation_id = pending.conversation_id
{%- if using('surveys') %}
left join surveys on surveys.conversation_id = pending.conversation_id
{%- endif %}
{%- if using('evaluations') %}
left join evaluations on evaluations.conversation_id = pending.conversation_id
{%- endif %}
{%- if attributes %}
left join attributes on attributes.conversation_id = pending.conversation_id
{%- endif %}
