-- In one conversation and medium, an agent has one leg at a time. (In several conversations, an
-- agent may have several: messages are handled side by side.)
select legs.leg_key, others.leg_key as other_leg_key
from {{ ref('genesys__conversation_legs') }} as legs
inner join {{ ref('genesys__conversation_legs') }} as others
    on others.conversation_id = legs.conversation_id
    and others.user_id = legs.user_id
    and others.media_type = legs.media_type
    and others.leg_number > legs.leg_number
where others.started_at < coalesce(legs.ended_at, others.started_at + interval '1 second')
