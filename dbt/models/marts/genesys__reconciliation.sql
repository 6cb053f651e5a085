{{ config(enabled=using('reconciliation')) }}

with

loaded as (
    select
        cast(conversations.started_at as date) as day,
        sessions.media_type,
        count(distinct conversations.conversation_id) as loaded_count
    from {{ ref('stg_genesys__conversation_details') }} as conversations
    inner join {{ ref('stg_genesys__conversation_sessions') }} as sessions
        on sessions.conversation_id = conversations.conversation_id
    group by 1, 2
)

select
    counts.reconciliation_key,
    counts.day,
    counts.media_type,
    coalesce(loaded.loaded_count, 0) as loaded_count,
    counts.details_count,
    counts.aggregates_count,
    coalesce(loaded.loaded_count, 0) - counts.details_count as difference,
    counts.verdict as verdict_of_counts,
    coalesce(loaded.loaded_count, 0) >= counts.details_count as is_complete
from {{ ref('stg_genesys__conversation_reconciliation') }} as counts
left join loaded on loaded.day = counts.day and loaded.media_type = counts.media_type
