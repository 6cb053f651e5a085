{{ config(enabled=using('conversation_aggregates')) }}

select
    {{ dbt.hash("sums.queue_id || '|' || sums.media_type || '|' || cast(sums.interval_start as " ~ dbt.type_string() ~ ")") }} as queue_interval_key,
    sums.queue_id,
    queues.name as queue_name,
    sums.media_type,
    sums.interval_start,
    sums.interval_end,
    {{ local_time('sums.interval_start') }} as interval_start_local,
    sums.offered,
    sums.answered,
    sums.abandoned,
    sums.short_abandoned,
    sums.flowed_out,
    sums.over_service_level,
    sums.service_level_numerator,
    sums.service_level_denominator,
    {{ ratio('sums.service_level_numerator', 'sums.service_level_denominator') }} as service_level,
    sums.service_level_target,
    {{ ratio('sums.abandoned', 'sums.offered') }} as abandon_rate,
    sums.answer_seconds,
    {{ ratio('sums.answer_seconds', 'sums.answered') }} as average_speed_of_answer_seconds,
    sums.abandon_seconds,
    sums.wait_seconds,
    sums.longest_wait_seconds,
    sums.handled,
    sums.talk_seconds,
    sums.hold_seconds,
    sums.after_call_work_seconds,
    sums.handle_seconds,
    {{ ratio('sums.handle_seconds', 'sums.handled') }} as average_handle_seconds,
    sums.transferred,
    sums.transferred - sums.consult_transferred as blind_transferred,
    sums.consult_transferred
from {{ ref('int_genesys__queue_interval_sums') }} as sums
left join {{ ref('dim_queue') }} as queues
    on queues.queue_id = sums.queue_id and queues.is_current
