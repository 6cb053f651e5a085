select
    {{ version_columns('user_id') }},
    user_id,
    name,
    email,
    department,
    title,
    state,
    division_id,
    division_name,
    manager_id
from {{ ref('genesys_agent_snapshot') }}
