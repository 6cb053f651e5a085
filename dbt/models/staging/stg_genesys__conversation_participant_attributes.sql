{{ config(enabled=using('participant_attributes')) }}

select
    {{ genesys_column('_id') }} as attribute_key,
    {{ genesys_column('_parentId') }} as participant_key,
    {{ genesys_column('conversationId') }} as conversation_id,
    {{ genesys_column('key') }} as name,
    {{ genesys_column('value') }} as value,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ current_rows('conversation_participant_attributes') }}) as current_rows
