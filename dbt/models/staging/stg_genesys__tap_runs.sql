{{ config(enabled=using('tap_runs')) }}

select
    {{ genesys_column('run_id') }} || '/' || {{ genesys_column('stream') }} || '/' || {{ genesys_column('lane') }} as run_key,
    {{ genesys_column('run_id') }} as run_id,
    {{ genesys_column('stream') }} as stream,
    {{ genesys_column('lane') }} as lane,
    {{ genesys_column('started') }} as started_at,
    {{ genesys_column('ended') }} as ended_at,
    {{ genesys_column('bookmark') }} as bookmark,
    {{ genesys_column('watermark') }} as watermark,
    cast({{ genesys_column('records') }} as {{ dbt.type_bigint() }}) as records,
    cast({{ genesys_column('requests') }} as {{ dbt.type_bigint() }}) as requests,
    cast({{ genesys_column('retries') }} as {{ dbt.type_bigint() }}) as retries,
    {{ genesys_column('outcome') }} as outcome,
    {{ genesys_column('tap_version') }} as tap_version
from {{ source('genesys', 'tap_runs') }}
