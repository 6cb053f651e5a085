"""Requests to Genesys Cloud and its responses, without a word of Singer."""
