select
    {{ genesys_column('_id') }} as segment_key,
    {{ genesys_column('_parentId') }} as session_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('segmentType') }} as segment_type,
    {{ genesys_column('segmentStart') }} as started_at,
    {{ genesys_column('segmentEnd') }} as ended_at,
    {{ genesys_column('queueId') }} as queue_id,
    {{ genesys_column('disconnectType') }} as disconnect_type,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_segments') }}) as current_rows
