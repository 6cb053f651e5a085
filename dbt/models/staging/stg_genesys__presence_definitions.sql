{{ config(enabled=using('presence_definitions')) }}

select
    {{ genesys_column('id') }} as presence_id,
    {{ genesys_column('name') }} as name,
    {{ json_text('languageLabels', ['en_US']) }} as label,
    {{ genesys_column('systemPresence') }} as system_presence,
    {{ genesys_column('deactivated') }} as is_deactivated,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'presence_definitions') }}
