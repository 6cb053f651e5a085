{{ config(enabled=using('reconciliation')) }}

select
    {{ genesys_column('_id') }} as reconciliation_key,
    cast({{ genesys_column('day') }} as date) as day,
    {{ genesys_column('mediaType') }} as media_type,
    cast({{ genesys_column('detailsCount') }} as {{ dbt.type_bigint() }}) as details_count,
    cast({{ genesys_column('aggregatesCount') }} as {{ dbt.type_bigint() }}) as aggregates_count,
    {{ genesys_column('verdict') }} as verdict,
    {{ genesys_column('_readAt') }} as _read_at
from {{ source('genesys', 'conversation_reconciliation') }}
