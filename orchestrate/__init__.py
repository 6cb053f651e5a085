"""Backfills in parallel: each day is one run of the tap into a loader.

See docs/orchestration.md.

Only `definitions` depends on Dagster; the rest is plain Python, for other schedulers.
"""
