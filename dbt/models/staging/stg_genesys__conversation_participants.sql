select
    {{ genesys_column('_id') }} as participant_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('purpose') }} as purpose,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('externalContactId') }} as external_contact_id,
    {{ genesys_column('teamId') }} as team_id,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_participants') }}) as current_rows
