select
    {{ genesys_column('_id') }} as metric_key,
    {{ genesys_column('_parentId') }} as session_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('name') }} as metric,
    cast({{ genesys_column('value') }} as {{ dbt.type_bigint() }}) as value,
    {{ genesys_column('emitDate') }} as emitted_at,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_metrics') }}) as current_rows
