-- A row for each agent and day of the org's zone. A column's name is that of a field of the custom
-- object: add a field to force-app/ to add a figure. Runs in DuckDB and in PostgreSQL.
select
    'agent/' || intervals.user_id || '/'
        || cast(cast(intervals.interval_start_local as date) as varchar) as "External_Id__c",
    'Agent' as "Kind__c",
    cast(intervals.interval_start_local as date) as "Day__c",
    intervals.user_id as "Agent_Id__c",
    left(max(intervals.agent_name), 255) as "Agent_Name__c",
    max(agents.email) as "Agent_Email__c",
    sum(intervals.answered) as "Answered__c",
    sum(intervals.handled) as "Handled__c",
    sum(intervals.transferred) as "Transferred__c",
    sum(intervals.talk_seconds) as "Talk_Seconds__c",
    sum(intervals.hold_seconds) as "Hold_Seconds__c",
    sum(intervals.after_call_work_seconds) as "After_Call_Work_Seconds__c",
    sum(intervals.handle_seconds) as "Handle_Seconds__c",
    sum(intervals.logged_in_seconds) as "Logged_In_Seconds__c",
    sum(intervals.on_queue_seconds) as "On_Queue_Seconds__c",
    sum(intervals.idle_seconds) as "Idle_Seconds__c",
    sum(intervals.interacting_seconds) as "Interacting_Seconds__c",
    sum(intervals.communicating_seconds) as "Communicating_Seconds__c",
    sum(intervals.not_responding_seconds) as "Not_Responding_Seconds__c"
from {schema}.genesys__agent_intervals as intervals
left join {schema}.dim_agent as agents
    on agents.user_id = intervals.user_id and agents.is_current
group by intervals.user_id, cast(intervals.interval_start_local as date)
