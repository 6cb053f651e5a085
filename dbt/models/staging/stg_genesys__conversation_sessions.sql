select
    {{ genesys_column('_id') }} as session_key,
    {{ genesys_column('_parentId') }} as participant_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('mediaType') }} as media_type,
    {{ genesys_column('direction') }} as direction,
    {{ genesys_column('ani') }} as ani,
    {{ genesys_column('dnis') }} as dnis,
    {{ genesys_column('addressFrom') }} as address_from,
    {{ genesys_column('callbackScheduledTime') }} as callback_scheduled_at,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_sessions') }}) as current_rows
