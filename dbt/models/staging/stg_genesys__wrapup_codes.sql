select
    {{ genesys_column('id') }} as wrap_up_code_id,
    {{ genesys_column('name') }} as name,
    {{ genesys_column('description') }} as description,
    {{ json_text('division', ['id']) }} as division_id,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'wrapup_codes') }}
