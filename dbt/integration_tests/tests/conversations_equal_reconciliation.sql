-- The loaded conversations are as many as the vendor counts, but for days that are too recent.
{{ config(enabled=var('genesys__using_reconciliation', false)) }}

select *
from {{ ref('genesys__reconciliation') }}
where verdict_of_counts <> 'too recent' and (difference <> 0 or not is_complete)
