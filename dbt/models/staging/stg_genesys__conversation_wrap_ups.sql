select
    {{ genesys_column('_id') }} as wrap_up_key,
    {{ genesys_column('_parentId') }} as session_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('wrapUpCode') }} as wrap_up_code_id,
    {{ genesys_column('wrapUpNote') }} as wrap_up_note,
    {{ genesys_column('segmentStart') }} as started_at,
    {{ genesys_column('segmentEnd') }} as ended_at,
    {{ genesys_column('queueId') }} as queue_id,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('mediaType') }} as media_type,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_wrap_ups') }}) as current_rows
