{# A column of a loaded table, which has the vendor's name, such as conversationId.
   target-postgres keeps its case, target-duckdb makes it lower case, target-snowflake upper case. #}
{% macro genesys_column(name, relation=none) -%}
    {{ return(adapter.dispatch('genesys_column', 'dbt_genesys')(name, relation)) }}
{%- endmacro %}

{# DuckDB compares quoted names without their case, PostgreSQL with it: one form serves both. #}
{% macro default__genesys_column(name, relation) -%}
    {{ return((relation ~ '.' if relation else '') ~ adapter.quote(name)) }}
{%- endmacro %}

{% macro snowflake__genesys_column(name, relation) -%}
    {{ return((relation ~ '.' if relation else '') ~ adapter.quote(name | upper)) }}
{%- endmacro %}


{# The text at a path in a loaded JSON column. #}
{% macro json_text(name, path) -%}
    {{ return(adapter.dispatch('json_text', 'dbt_genesys')(name, path)) }}
{%- endmacro %}

{% macro default__json_text(name, path) -%}
    {{ return("json_extract_string(" ~ dbt_genesys.genesys_column(name) ~ ", '$." ~ path | join('.') ~ "')") }}
{%- endmacro %}

{% macro postgres__json_text(name, path) -%}
    {{ return("(" ~ dbt_genesys.genesys_column(name) ~ " #>> '{" ~ path | join(',') ~ "}')") }}
{%- endmacro %}

{% macro snowflake__json_text(name, path) -%}
    {{ return("cast(get_path(" ~ dbt_genesys.genesys_column(name) ~ ", '" ~ path | join('.') ~ "') as varchar)") }}
{%- endmacro %}

{% macro bigquery__json_text(name, path) -%}
    {{ return("json_value(" ~ dbt_genesys.genesys_column(name) ~ ", '$." ~ path | join('.') ~ "')") }}
{%- endmacro %}


{# The type of sums and ratios, without the rounding of binary fractions where there is one. #}
{% macro exact_numeric() -%}
    {{ return(adapter.dispatch('exact_numeric', 'dbt_genesys')()) }}
{%- endmacro %}

{% macro default__exact_numeric() -%}
    {{ return('decimal(38, 3)') }}
{%- endmacro %}

{% macro bigquery__exact_numeric() -%}
    {{ return('numeric') }}
{%- endmacro %}


{# Whether an optional source is loaded. #}
{% macro using(source_name) -%}
    {{ return(var('genesys__using_' ~ source_name)) }}
{%- endmacro %}


{# Indexes in PostgreSQL. None in DuckDB: target-duckdb's version cannot read a file with an index of
   a newer version. #}
{% macro postgres_indexes(columns, unique=false) -%}
    {{ return([{'columns': columns, 'unique': unique}] if target.type == 'postgres' else []) }}
{%- endmacro %}
