{{ config(enabled=using('conversation_aggregates')) }}

select
    {{ genesys_column('_id') }} as aggregate_key,
    {{ genesys_column('intervalStart') }} as interval_start,
    {{ genesys_column('intervalEnd') }} as interval_end,
    {{ genesys_column('granularity') }} as granularity,
    {{ genesys_column('mediaType') }} as media_type,
    {{ genesys_column('queueId') }} as queue_id,
    {{ genesys_column('userId') }} as user_id,
    {{ genesys_column('metric') }} as metric,
    cast({{ genesys_column('count') }} as {{ dbt.type_bigint() }}) as emitted,
    cast({{ genesys_column('sum') }} as {{ exact_numeric() }}) as value_sum,
    cast({{ genesys_column('max') }} as {{ exact_numeric() }}) as value_max,
    cast({{ genesys_column('numerator') }} as {{ exact_numeric() }}) as numerator,
    cast({{ genesys_column('denominator') }} as {{ exact_numeric() }}) as denominator,
    cast({{ genesys_column('target') }} as {{ exact_numeric() }}) as target,
    {{ genesys_column('_readAt') }} as _read_at
from ({{ newest_reading_of_each_day('conversation_aggregates') }}) as newest_rows
