select
    {{ genesys_column('id') }} as queue_id,
    {{ genesys_column('name') }} as name,
    {{ genesys_column('description') }} as description,
    {{ json_text('division', ['id']) }} as division_id,
    {{ json_text('division', ['name']) }} as division_name,
    cast({{ json_text('mediaSettings', ['call', 'serviceLevel', 'durationMs']) }} as {{ dbt.type_bigint() }}) as voice_service_level_ms,
    cast({{ json_text('mediaSettings', ['callback', 'serviceLevel', 'durationMs']) }} as {{ dbt.type_bigint() }}) as callback_service_level_ms,
    cast({{ json_text('mediaSettings', ['chat', 'serviceLevel', 'durationMs']) }} as {{ dbt.type_bigint() }}) as chat_service_level_ms,
    cast({{ json_text('mediaSettings', ['email', 'serviceLevel', 'durationMs']) }} as {{ dbt.type_bigint() }}) as email_service_level_ms,
    cast({{ json_text('mediaSettings', ['message', 'serviceLevel', 'durationMs']) }} as {{ dbt.type_bigint() }}) as message_service_level_ms,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'routing_queues') }}
