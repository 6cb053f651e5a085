select
    {{ genesys_column('id') }} as user_id,
    {{ genesys_column('name') }} as name,
    {{ genesys_column('email') }} as email,
    {{ genesys_column('department') }} as department,
    {{ genesys_column('title') }} as title,
    {{ genesys_column('state') }} as state,
    {{ json_text('division', ['id']) }} as division_id,
    {{ json_text('division', ['name']) }} as division_name,
    {{ json_text('manager', ['id']) }} as manager_id,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'users') }}
