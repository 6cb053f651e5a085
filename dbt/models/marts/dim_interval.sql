{{ config(materialized='table', indexes=postgres_indexes(['interval_start'], unique=true)) }}

with

bounds as (
    select
        cast(min(started_at) as date) as first_day,
        cast(max(_read_at) as date) as last_day
    from {{ ref('stg_genesys__conversation_details') }}
),

days as (
    select cast({{ dbt.dateadd('day', 'generated_number - 2', 'bounds.first_day') }} as {{ dbt.type_timestamp() }}) as midnight
    from ({{ dbt.generate_series(var('genesys__interval_days')) }}) as numbers
    cross join bounds
    where {{ dbt.dateadd('day', 'generated_number - 2', 'bounds.first_day') }} <= {{ dbt.dateadd('day', 1, 'bounds.last_day') }}
),

-- Every offset of a time zone is a whole number of quarter hours, so each half hour of its clock
-- begins at one of UTC's quarter hours.
quarter_hours as (
    select {{ dbt.dateadd('minute', '15 * (numbers.generated_number - 1)', 'days.midnight') }} as moment
    from days
    cross join ({{ dbt.generate_series(96) }}) as numbers
),

local_times as (
    select moment, {{ local_time('moment') }} as local_start
    from quarter_hours
),

half_hours as (
    select
        moment as interval_start,
        lead(moment) over (order by moment) as interval_end,
        local_start
    from local_times
    where extract(minute from local_start) in (0, 30)
)

select
    interval_start,
    interval_end,
    local_start,
    cast(local_start as date) as local_date,
    cast(extract(hour from local_start) as {{ dbt.type_int() }}) as local_hour,
    cast(extract(minute from local_start) as {{ dbt.type_int() }}) as local_minute,
    {{ dbt.datediff('interval_start', 'local_start', 'minute') }} as utc_offset_minutes,
    '{{ var("genesys__time_zone") }}' as time_zone
from half_hours
where interval_end is not null
