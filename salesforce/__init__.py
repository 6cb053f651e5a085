"""Daily metrics of queues and agents, from the marts into a Salesforce custom object."""
