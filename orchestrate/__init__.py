"""History, many days at a time: each day is one run of the tap into a loader.

See docs/orchestration.md.

Only `definitions` knows Dagster; the rest needs nothing but Python, for other schedulers.
"""
