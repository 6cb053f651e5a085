{{ config(enabled=using('tap_runs')) }}

with

runs as (
    select
        *,
        row_number() over (partition by stream, lane order by started_at desc, run_id) as place
    from {{ ref('stg_genesys__tap_runs') }}
    -- The run itself has a row of its own. A history is loaded once, and does not age.
    where stream <> 'tap_runs'
        and lane <> 'history'
),

lanes as (
    select
        stream,
        lane,
        max(case when place = 1 then bookmark end) as bookmark,
        max(case when place = 1 then watermark end) as watermark,
        max(case when place = 1 then run_id end) as last_run_id,
        max(case when place = 1 then started_at end) as last_started_at,
        max(case when place = 1 then outcome end) as last_outcome,
        max(case when outcome = 'done' then started_at end) as last_done_at,
        max(case when records > 0 then started_at end) as last_records_at,
        count(*) as runs
    from runs
    group by stream, lane
)

select
    stream || '/' || lane as freshness_key,
    stream,
    lane,
    coalesce(bookmark, last_done_at) as complete_to,
    {{ seconds_between('coalesce(bookmark, last_done_at)', 'last_started_at') }} as behind_seconds,
    bookmark,
    watermark,
    last_run_id,
    last_started_at,
    last_outcome,
    last_done_at,
    last_records_at,
    runs
from lanes
