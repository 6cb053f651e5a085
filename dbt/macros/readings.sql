{# The tables that the marts of conversations read, besides conversation_details. #}
{% macro conversation_tables() -%}
    {% set tables = [
        'conversation_participants', 'conversation_sessions', 'conversation_segments',
        'conversation_metrics', 'conversation_wrap_ups'
    ] %}
    {% if using('surveys') %}{% do tables.append('conversation_surveys') %}{% endif %}
    {% if using('evaluations') %}{% do tables.append('conversation_evaluations') %}{% endif %}
    {% if using('participant_attributes') %}{% do tables.append('conversation_participant_attributes') %}{% endif %}
    {{ return(tables) }}
{%- endmacro %}


{# The rows of a conversation table that were in their conversation when it was last read. An upsert
   leaves a row that vanished from its conversation; it is older than the conversation's row. Not
   "=": a run that was killed may have emitted a conversation's rows, and not yet the conversation. #}
{% macro current_rows(table) -%}
    select part.*
    from {{ source('genesys', table) }} as part
    inner join {{ source('genesys', 'conversation_details') }} as whole
        on {{ genesys_column('conversationId', 'whole') }} = {{ genesys_column('conversationId', 'part') }}
    where {{ genesys_column('_readAt', 'part') }} >= {{ genesys_column('_readAt', 'whole') }}
{%- endmacro %}


{# The rows of each day's newest reading: a group of aggregates that became empty leaves its row. #}
{% macro newest_reading_of_each_day(table) -%}
    {% set day = 'cast(' ~ time_in_zone(genesys_column('intervalStart'), var('genesys__aggregates_time_zone')) ~ ' as date)' %}
    select *
    from (
        select
            cells.*,
            max({{ genesys_column('_readAt') }}) over (partition by {{ day }}) as newest_read_at
        from {{ source('genesys', table) }} as cells
    ) as cells_with_newest
    where {{ genesys_column('_readAt') }} = newest_read_at
{%- endmacro %}


{# Of an incremental model: the conversations that it does not hold in their present reading. The
   hook below has deleted those that it held in another reading. #}
{% macro pending_conversations() -%}
    select conversation_id, reading
    from {{ ref('int_genesys__conversation_readings') }} as readings
    {% if is_incremental() %}
    where not exists (
        select 1 from {{ this }} as held where held.reading = readings.reading
    )
    {% endif %}
{%- endmacro %}


{# A hook before an incremental model: delete the rows of conversations that were read again, and of
   those that no longer exist. #}
{% macro delete_changed_conversations() -%}
    {% if is_incremental() %}
    delete from {{ this }}
    where not exists (
        select 1
        from {{ ref('int_genesys__conversation_readings') }} as readings
        where readings.reading = {{ this.identifier }}.reading
    )
    {% endif %}
{%- endmacro %}


{# The wrap-ups of the rows of a relation, numbered from the last one of each: place_from_end.
   `column` joins both, and is what a wrap-up is the last of. #}
{% macro wrap_ups_from_the_last(column, relation) -%}
    select
        wrap_ups.*,
        row_number() over (
            partition by wrap_ups.{{ column }}
            order by wrap_ups.started_at desc, wrap_ups.wrap_up_key desc
        ) as place_from_end
    from {{ ref('stg_genesys__conversation_wrap_ups') }} as wrap_ups
    inner join {{ relation }} on {{ relation }}.{{ column }} = wrap_ups.{{ column }}
{%- endmacro %}
