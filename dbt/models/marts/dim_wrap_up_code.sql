select
    {{ version_columns('wrap_up_code_id') }},
    wrap_up_code_id,
    name,
    description,
    division_id
from {{ ref('genesys_wrap_up_code_snapshot') }}
