"""JSON schemas, one per stream; all but the summaries made by scripts/update_schemas.py."""
