{# The time on the clock of a zone at a moment in UTC. #}
{% macro time_in_zone(moment, zone) -%}
    {{ return(adapter.dispatch('time_in_zone', 'dbt_genesys')(moment, zone)) }}
{%- endmacro %}

{% macro default__time_in_zone(moment, zone) -%}
    {{ return("(" ~ moment ~ " at time zone 'UTC' at time zone '" ~ zone ~ "')") }}
{%- endmacro %}

{% macro snowflake__time_in_zone(moment, zone) -%}
    {{ return("convert_timezone('UTC', '" ~ zone ~ "', " ~ moment ~ ")") }}
{%- endmacro %}

{% macro bigquery__time_in_zone(moment, zone) -%}
    {{ return("datetime(timestamp(" ~ moment ~ "), '" ~ zone ~ "')") }}
{%- endmacro %}


{# The time on the org's clock at a moment in UTC. #}
{% macro local_time(moment) -%}
    {{ return(dbt_genesys.time_in_zone(moment, var('genesys__time_zone'))) }}
{%- endmacro %}


{# The seconds between two moments, to the millisecond. #}
{% macro seconds_between(first, last) -%}
    {{ return(adapter.dispatch('seconds_between', 'dbt_genesys')(first, last)) }}
{%- endmacro %}

{% macro default__seconds_between(first, last) -%}
    {{ return(dbt.datediff(first, last, 'millisecond') ~ " * 0.001") }}
{%- endmacro %}

{% macro postgres__seconds_between(first, last) -%}
    {{ return("cast(extract(epoch from (" ~ last ~ ") - (" ~ first ~ ")) as decimal(38, 3))") }}
{%- endmacro %}


{# Seconds, of a time in milliseconds. #}
{% macro seconds(milliseconds) -%}
    {{ return("(" ~ milliseconds ~ ") * 0.001") }}
{%- endmacro %}


{# A ratio; null if the denominator is zero. #}
{% macro ratio(numerator, denominator) -%}
    {{ return("cast(" ~ numerator ~ " as " ~ dbt_genesys.double_type() ~ ") / nullif(" ~ denominator ~ ", 0)") }}
{%- endmacro %}

{% macro double_type() -%}
    {{ return('float64' if target.type == 'bigquery' else 'double precision') }}
{%- endmacro %}
