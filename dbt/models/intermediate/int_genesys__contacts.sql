{#- A customer's contact, once in each scope that it belongs to, with the hash of the customer's
    identity there. A hash, so that numbers and addresses stay in genesys__conversations. -#}
{% set scopes = {
    'voice': "facts.media_type = 'voice'",
    'messaging': "facts.media_type in ('message', 'chat', 'email')",
    'together': "facts.media_type in ('voice', 'callback', 'message', 'chat', 'email')",
} -%}
{% set identities = {
    'voice': 'coalesce(facts.ani, facts.external_contact_id)',
    'messaging': 'coalesce(facts.address_from, facts.external_contact_id)',
    'together': 'facts.external_contact_id',
} -%}
{% for scope, condition in scopes.items() %}
select
    '{{ scope }}' as scope,
    facts.conversation_id,
    facts.started_at,
    case
        when {{ identities[scope] }} is not null then {{ dbt.hash(identities[scope]) }}
    end as contact_hash
from {{ ref('int_genesys__conversation_facts') }} as facts
where facts.originating_direction = 'inbound' and {{ condition }}
{% if not loop.last %}union all{% endif %}
{%- endfor %}
