{{ config(enabled=using('user_statuses')) }}

select
    {{ genesys_column('_id') }} as routing_status_span_key,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('startTime') }} as started_at,
    {{ genesys_column('endTime') }} as ended_at,
    {{ genesys_column('routingStatus') }} as routing_status,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'user_routing_statuses') }}
