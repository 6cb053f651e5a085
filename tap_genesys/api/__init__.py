"""Requests to Genesys Cloud, and its responses; of Singer, no more than the SDK's paginators."""
