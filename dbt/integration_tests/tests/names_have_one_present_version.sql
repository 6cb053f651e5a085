-- Each queue, agent and wrap-up code of the listings has exactly one present version.
{% set names = {
    'dim_queue': ('stg_genesys__routing_queues', 'queue_id'),
    'dim_agent': ('stg_genesys__users', 'user_id'),
    'dim_wrap_up_code': ('stg_genesys__wrapup_codes', 'wrap_up_code_id'),
} %}
{% for dimension, (listing, key) in names.items() %}
select '{{ dimension }}' as dimension, listing.{{ key }} as id, count(versions.{{ key }}) as versions
from {{ ref(listing) }} as listing
left join {{ ref(dimension) }} as versions
    on versions.{{ key }} = listing.{{ key }} and versions.is_current
group by listing.{{ key }}
having count(versions.{{ key }}) <> 1
{% if not loop.last %}union all{% endif %}
{% endfor %}
