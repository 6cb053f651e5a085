{{ config(enabled=using('user_statuses')) }}

select
    {{ genesys_column('_id') }} as presence_span_key,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('startTime') }} as started_at,
    {{ genesys_column('endTime') }} as ended_at,
    {{ genesys_column('systemPresence') }} as system_presence,
    {{ genesys_column('organizationPresenceId') }} as presence_id,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'user_presences') }}
