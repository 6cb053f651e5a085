{{ config(enabled=using('conversation_aggregates') and using('user_statuses'), materialized='table') }}

select
    user_id,
    interval_start,
    interval_end,
    {%- for name, metric in {
        'answered': 'tAnswered', 'handled': 'tHandle', 'transferred': 'nTransferred'
    }.items() %}
    cast(sum(case when metric = '{{ metric }}' then emitted else 0 end) as {{ dbt.type_bigint() }}) as {{ name }},
    {%- endfor %}
    {%- for name, metric in {
        'talk': 'tTalk', 'hold': 'tHeld', 'after_call_work': 'tAcw', 'handle': 'tHandle'
    }.items() %}
    coalesce({{ seconds("sum(case when metric = '" ~ metric ~ "' then value_sum end)") }}, 0) as {{ name }}_seconds{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('stg_genesys__conversation_aggregates') }}
where user_id is not null
group by user_id, interval_start, interval_end
