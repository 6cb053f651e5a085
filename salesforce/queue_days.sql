-- A row for each queue, medium and day of the org's zone. A column's name is that of a field of the
-- custom object: add a field to force-app/ to add a figure. Runs in DuckDB and in PostgreSQL.
select
    'queue/' || queue_id || '/' || media_type || '/'
        || cast(cast(interval_start_local as date) as varchar) as "External_Id__c",
    'Queue' as "Kind__c",
    cast(interval_start_local as date) as "Day__c",
    queue_id as "Queue_Id__c",
    left(max(queue_name), 255) as "Queue_Name__c",
    media_type as "Medium__c",
    sum(offered) as "Offered__c",
    sum(answered) as "Answered__c",
    sum(abandoned) as "Abandoned__c",
    sum(short_abandoned) as "Short_Abandoned__c",
    sum(handled) as "Handled__c",
    sum(transferred) as "Transferred__c",
    sum(service_level_numerator) as "Service_Level_Numerator__c",
    sum(service_level_denominator) as "Service_Level_Denominator__c",
    sum(answer_seconds) as "Answer_Seconds__c",
    sum(abandon_seconds) as "Abandon_Seconds__c",
    max(longest_wait_seconds) as "Longest_Wait_Seconds__c",
    sum(talk_seconds) as "Talk_Seconds__c",
    sum(hold_seconds) as "Hold_Seconds__c",
    sum(after_call_work_seconds) as "After_Call_Work_Seconds__c",
    sum(handle_seconds) as "Handle_Seconds__c"
from {schema}.genesys__queue_intervals
group by queue_id, media_type, cast(interval_start_local as date)
