{{ config(enabled=using('user_statuses')) }}

select
    'presence/' || presence_span_key as span_key,
    'presence' as kind,
    user_id,
    system_presence as status,
    presence_id,
    started_at,
    ended_at
from {{ ref('stg_genesys__user_presences') }}
union all
select
    'routing/' || routing_status_span_key as span_key,
    'routing' as kind,
    user_id,
    routing_status as status,
    null as presence_id,
    started_at,
    ended_at
from {{ ref('stg_genesys__user_routing_statuses') }}
