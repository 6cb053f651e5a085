"""One incremental run by a command such as Meltano's, and the faults in its run report."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Report = dict[str, Any]
#: The command of an incremental run, which keeps its own state.
RUN, RUN_COMMAND = "ORCHESTRATE_RUN", "meltano run tap-genesys target-postgres"
#: The tap's setting of the file.
PATH = "TAP_GENESYS_RUN_REPORT_PATH"


def run(environment: Mapping[str, str]) -> tuple[int, Report | None]:
    """Run the command to its end; return its exit code, and the run report if it wrote one.

    Raises:
        SetupError: The command does not start.
    """
    command = shlex.split(environment.get(RUN) or RUN_COMMAND)
    with tempfile.TemporaryDirectory(prefix="orchestrate-") as folder:
        # A file of the user's may be of an earlier run, so each run has one of its own.
        path = Path(folder, "run.json")
        try:
            process = subprocess.run(  # noqa: S603 - what the setting names, and no shell
                command,
                env={**environment, PATH: str(path)},
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except OSError as error:
            msg = f"{command[0]} does not start: {error.strerror}. Correct {RUN}."
            raise SetupError(msg) from error
        report = json.loads(path.read_text("utf-8")) if path.exists() else None
    return process.returncode, report


def faults(report: Report, now: datetime, late: timedelta) -> Iterator[str]:
    """Yield a line for each fault: a run that is old or not whole, and streams not read, or late.

    Args:
        report: The run report.
        now: The present.
        late: The age from which on a run or a stream is late.
    """
    earliest = now - late
    if report["status"] != "ok":
        yield f"The run is {report['status']}: {report['error'] or 'it was killed'}"
    if datetime.fromisoformat(report["started"]) < earliest:
        yield f"The last run began at {report['started']}."
    for row in report["streams"]:
        # The lane that is furthest ahead decides: jobs may be days behind queries.
        bookmarks = [lane["bookmark"] for lane in row["lanes"] if lane["bookmark"]]
        if row["status"] != "done":
            reason = f": {row['skipped']}" if row["skipped"] else "."
            yield f"{row['stream']} is {row['status']}{reason}"
        elif bookmarks and datetime.fromisoformat(max(bookmarks)) < earliest:
            yield f"{row['stream']} is complete up to {max(bookmarks)} only."
