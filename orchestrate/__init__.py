"""Dagster for the tap: backfills in parallel by days, and the incremental run with its models.

See docs/orchestration.md.

Only `definitions` and `incremental` depend on Dagster. The rest is plain Python, for other
schedulers.
"""
