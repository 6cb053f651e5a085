{{ config(enabled=using('presence_definitions')) }}

select
    {{ version_columns('presence_id') }},
    presence_id,
    coalesce(label, name) as name,
    system_presence,
    is_deactivated
from {{ ref('genesys_presence_snapshot') }}
