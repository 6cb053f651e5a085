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
#: The hours after which a run or a stream is late.
LATE, LATE_HOURS = "ORCHESTRATE_LATE_HOURS", "26"
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


def late(environment: Mapping[str, str]) -> timedelta:
    """Return the age from which on a run or a stream is late.

    Raises:
        SetupError: It is no positive number of hours.
    """
    hours = environment.get(LATE) or LATE_HOURS
    try:
        age = timedelta(hours=float(hours))
    except (ValueError, OverflowError):
        age = timedelta(0)
    if age <= timedelta(0):
        msg = f'{LATE} is "{hours}"; use a number of hours above 0, such as {LATE_HOURS}.'
        raise SetupError(msg)
    return age


def faults(report: Report, now: datetime, late_after: timedelta) -> Iterator[str]:
    """Yield a line for each fault: a run that is old or not whole, and streams not read, or late.

    Args:
        report: The run report.
        now: The present.
        late_after: The age from which on a run or a stream is late.
    """
    if report["status"] != "ok":
        yield f"The run is {report['status']}: {report['error'] or 'it was killed'}"
    if now - datetime.fromisoformat(report["started"]) > late_after:
        yield f"The last run began at {report['started']}."
    for row in report["streams"]:
        # The lane that is furthest ahead decides: jobs may be days behind queries.
        bookmarks = [lane["bookmark"] for lane in row["lanes"] if lane["bookmark"]]
        if row["status"] != "done":
            reason = f": {row['skipped']}" if row["skipped"] else "."
            yield f"{row['stream']} is {row['status']}{reason}"
        elif bookmarks and now - datetime.fromisoformat(max(bookmarks)) > late_after:
            yield f"{row['stream']} is complete up to {max(bookmarks)} only."
