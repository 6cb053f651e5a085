select
    {{ version_columns('queue_id') }},
    queue_id,
    name,
    description,
    division_id,
    division_name
    {%- for medium in ['voice', 'callback', 'chat', 'email', 'message'] %},
    {{ seconds(medium ~ '_service_level_ms') }} as {{ medium }}_service_level_seconds
    {%- endfor %}
from {{ ref('genesys_queue_snapshot') }}
