{{ config(enabled=using('conversation_aggregates'), materialized='table') }}

select
    queue_id,
    media_type,
    interval_start,
    interval_end,
    {%- for name, metric in {
        'offered': 'nOffered', 'answered': 'tAnswered', 'abandoned': 'tAbandon',
        'short_abandoned': 'tShortAbandon', 'flowed_out': 'tFlowOut', 'over_service_level': 'nOverSla',
        'handled': 'tHandle', 'transferred': 'nTransferred',
        'consult_transferred': 'nConsultTransferred'
    }.items() %}
    cast(sum(case when metric = '{{ metric }}' then emitted else 0 end) as {{ dbt.type_bigint() }}) as {{ name }},
    {%- endfor %}
    {%- for name, metric in {
        'wait': 'tAcd', 'answer': 'tAnswered', 'abandon': 'tAbandon', 'talk': 'tTalk', 'hold': 'tHeld',
        'after_call_work': 'tAcw', 'handle': 'tHandle'
    }.items() %}
    coalesce({{ seconds("sum(case when metric = '" ~ metric ~ "' then value_sum end)") }}, 0) as {{ name }}_seconds,
    {%- endfor %}
    {{ seconds("max(case when metric = 'tAcd' then value_max end)") }} as longest_wait_seconds,
    sum(case when metric = 'oServiceLevel' then numerator end) as service_level_numerator,
    sum(case when metric = 'oServiceLevel' then denominator end) as service_level_denominator,
    max(case when metric = 'oServiceLevel' then target end) as service_level_target
from {{ ref('stg_genesys__conversation_aggregates') }}
where queue_id is not null and media_type is not null
group by queue_id, media_type, interval_start, interval_end
