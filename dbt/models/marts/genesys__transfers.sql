select
    legs.leg_key as transfer_key,
    legs.conversation_id,
    legs.transferred_at,
    legs.transfer_type,
    legs.media_type,
    legs.leg_key as from_leg_key,
    legs.queue_id as from_queue_id,
    legs.queue_name as from_queue_name,
    legs.user_id as from_user_id,
    legs.agent_name as from_agent_name,
    receivers.leg_key as to_leg_key,
    receivers.leg_type as to_leg_type,
    receivers.queue_id as to_queue_id,
    receivers.queue_name as to_queue_name,
    receivers.user_id as to_user_id,
    receivers.agent_name as to_agent_name,
    legs.transfers
from {{ ref('genesys__conversation_legs') }} as legs
left join {{ ref('genesys__conversation_legs') }} as receivers
    on receivers.leg_key = legs.transferred_to_leg_key
where legs.transfers > 0
