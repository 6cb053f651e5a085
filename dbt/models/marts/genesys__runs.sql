{{ config(enabled=using('tap_runs')) }}

with

-- A run has a row for each of its lanes, and one of its own.
runs as (
    select
        run_id,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        max(case when stream = 'tap_runs' then outcome end) as outcome,
        sum(case when stream <> 'tap_runs' then records end) as records,
        sum(requests) as requests,
        sum(retries) as retries,
        count(distinct case when stream <> 'tap_runs' then stream end) as streams,
        count(distinct case when stream <> 'tap_runs' and outcome <> 'done' then stream end) as streams_not_done,
        max(tap_version) as tap_version
    from {{ ref('stg_genesys__tap_runs') }}
    group by run_id
)

select
    run_id,
    started_at,
    ended_at,
    {{ seconds_between('started_at', 'ended_at') }} as duration_seconds,
    outcome,
    cast(records as {{ dbt.type_bigint() }}) as records,
    cast(requests as {{ dbt.type_bigint() }}) as requests,
    cast(retries as {{ dbt.type_bigint() }}) as retries,
    streams,
    streams_not_done,
    tap_version
from runs
