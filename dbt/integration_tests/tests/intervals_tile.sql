-- Half hours follow each other without a gap, and none is longer, when clocks change either.
with

intervals as (
    select
        interval_start,
        interval_end,
        lead(interval_start) over (order by interval_start) as next_start
    from {{ ref('dim_interval') }}
)

select *
from intervals
where interval_end <> next_start
    or interval_end <> {{ dbt.dateadd('minute', 30, 'interval_start') }}
