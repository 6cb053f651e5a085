{# The columns of a version in a snapshot. The first version begins with time itself, since a name
   that was read first today was in use before. #}
{% macro version_columns(key) -%}
    dbt_scd_id as version_key,
    case
        when row_number() over (partition by {{ key }} order by dbt_valid_from) = 1
        then cast('1970-01-01' as {{ dbt.type_timestamp() }})
        else dbt_valid_from
    end as valid_from,
    dbt_valid_to as valid_to,
    dbt_valid_to is null as is_current
{%- endmacro %}
