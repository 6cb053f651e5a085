{{ config(materialized='table') }}

with

identified as (
    select
        scope,
        conversation_id,
        started_at,
        contact_hash,
        lag(conversation_id) over (
            partition by scope, contact_hash order by started_at, conversation_id
        ) as previous_conversation_id,
        lag(started_at) over (
            partition by scope, contact_hash order by started_at, conversation_id
        ) as previous_started_at,
        lead(conversation_id) over (
            partition by scope, contact_hash order by started_at, conversation_id
        ) as next_conversation_id,
        lead(started_at) over (
            partition by scope, contact_hash order by started_at, conversation_id
        ) as next_started_at
    from {{ ref('int_genesys__contacts') }}
    where contact_hash is not null
),

contacts as (
    select * from identified
    union all
    select scope, conversation_id, started_at, null, null, null, null, null
    from {{ ref('int_genesys__contacts') }}
    where contact_hash is null
),

-- A contact counts as resolved only once the days after it have been loaded.
loaded as (
    select max(started_at) as loaded_until
    from {{ ref('int_genesys__conversation_facts') }}
)

select
    contacts.scope || '/' || contacts.conversation_id as repeat_contact_key,
    contacts.scope,
    contacts.conversation_id,
    contacts.started_at,
    contacts.contact_hash,
    contacts.contact_hash is not null as is_identified,
    contacts.previous_conversation_id,
    {{ seconds_between('contacts.previous_started_at', 'contacts.started_at') }} as seconds_since_previous,
    contacts.next_conversation_id,
    {{ seconds_between('contacts.started_at', 'contacts.next_started_at') }} as seconds_until_next
    {%- for days in [1, 3, 7] %},
    case
        when contacts.contact_hash is null then null
        when contacts.next_started_at <= {{ dbt.dateadd('day', days, 'contacts.started_at') }} then false
        when loaded.loaded_until >= {{ dbt.dateadd('day', days, 'contacts.started_at') }} then true
    end as is_resolved_within_{{ days }}_days
    {%- endfor %}
from contacts
cross join loaded
