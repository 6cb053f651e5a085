select
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('conversationStart') }} as started_at,
    {{ genesys_column('conversationEnd') }} as ended_at,
    {{ genesys_column('originatingDirection') }} as originating_direction,
    {{ genesys_column('conversationInitiator') }} as conversation_initiator,
    {{ genesys_column('externalTag') }} as external_tag,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'conversation_details') }}
