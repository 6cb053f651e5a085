{{ config(materialized='table', indexes=postgres_indexes(['reading'], unique=true)) }}

{#- A hash of the newest `_readAt` in each table, and of the variables that decide the columns. It
    differs if any table was read again, be it earlier or later than the others, or alone. #}
{%- set tables = conversation_tables() %}
{%- set moments = ['cast(whole._read_at as ' ~ dbt.type_string() ~ ')'] %}
{%- for table in tables %}
    {%- do moments.append("coalesce(cast(" ~ table ~ ".read_at as " ~ dbt.type_string() ~ "), '')") %}
{%- endfor %}

with
{% for table in tables %}
{{ table }} as (
    select
        {{ genesys_column('conversationId') }} as conversation_id,
        max({{ genesys_column('_readAt') }}) as read_at
    from {{ source('genesys', table) }}
    group by 1
){{ ',' if not loop.last }}
{% endfor %}

select
    whole.conversation_id,
    {{ dbt.hash(
        "whole.conversation_id || '|' || " ~ moments | join(" || '|' || ")
        ~ " || '|" ~ (var('genesys__conversation_attributes') | join('|') | replace("'", "''")) ~ "'"
    ) }} as reading
from {{ ref('stg_genesys__conversation_details') }} as whole
{% for table in tables %}
left join {{ table }} on {{ table }}.conversation_id = whole.conversation_id
{% endfor %}
