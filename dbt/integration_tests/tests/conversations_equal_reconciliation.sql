-- The loaded conversations are as many as the vendor counts, but for days that are too recent.
{{ config(enabled=var('genesys__using_reconciliation', false)) }}

with

-- The tap requests the details of a day without its last millisecond: the next day's may count it.
last_moments as (
    select
        cast(conversations.started_at as date) as day,
        sessions.media_type,
        count(distinct conversations.conversation_id) as conversations
    from {{ ref('stg_genesys__conversation_details') }} as conversations
    inner join {{ ref('stg_genesys__conversation_sessions') }} as sessions
        on sessions.conversation_id = conversations.conversation_id
    where cast({{ dbt.dateadd('millisecond', 1, 'conversations.started_at') }} as date)
        <> cast(conversations.started_at as date)
    group by 1, 2
)

select *
from {{ ref('genesys__reconciliation') }} as counts
left join last_moments
    on last_moments.day = counts.day and last_moments.media_type = counts.media_type
where counts.loaded_count <> counts.aggregates_count
    or counts.difference <> coalesce(last_moments.conversations, 0)
    or not counts.is_complete
