"""The tap's own runs."""

from __future__ import annotations

from tap_genesys.endpoints.runs import RunStream


class TapRuns(RunStream):
    """One lane of one stream in one run of the tap, and one row of the run itself.

    The row of the run itself has `stream` = `tap_runs`: its `outcome` is that of the run (`ok`,
    `incomplete`, `failed`, `interrupted`, or `killed`, which the next run reports), its `requests`
    are those of no stream (logins). The other rows have the outcome of the stream: `done`,
    `skipped`, `incomplete`, `unfinished` or `not started`. Columns and queries are in
    [warehouse.md](warehouse.md#how-fresh-is-each-table).
    """

    name = "tap_runs"


STREAMS = (TapRuns,)
