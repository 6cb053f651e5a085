"""The report of a run: a table in the log, and JSON in a file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import SingerSDKError

from tap_genesys.errors import Incomplete, SettingError
from tap_genesys.interruption import Interrupted
from tap_genesys.output.progress import duration
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_genesys.run import Run

#: Version of the JSON format: rises when a name or a meaning changes, not when one is added.
VERSION = 1
#: Characters; an error may quote the body of a request.
_LONGEST_ERROR = 500
#: Added to a signal's number in an exit code, as shells do.
_SIGNALS = 128

Report = dict[str, Any]


class RunReport:
    """Reports a run: in the log, and in a file if there is one.

    Args:
        run: The run.
        version: The tap's version.
        streams: The streams that are selected, or read for those, in their order.
        bookmark: Returns the bookmark of a stream in the state.
    """

    def __init__(
        self,
        run: Run,
        *,
        version: str,
        streams: Sequence[str],
        bookmark: Callable[[str], str | None],
    ) -> None:
        self._run = run
        self._version = version
        self._streams = streams
        self._bookmark = bookmark
        path = run.config.get("run_report_path")
        self._path = Path(path) if path else None

    @contextlib.contextmanager
    def recorded(self) -> Iterator[None]:
        """Report the run of the block, however it ends.

        Raises:
            SettingError: The file cannot be written; raised before anything else is done.
        """
        self._begin()
        try:
            yield
        except BaseException as error:
            self._end(_status(error), self._run.client.redact(_error_line(error)))
            raise
        self._end("ok", None)

    def report(self, status: str, error: str | None) -> Report:
        """Return the report of the present moment.

        Args:
            status: `running`, `ok`, `incomplete`, `failed` or `interrupted`.
            error: The error, in a line.
        """
        run, now = self._run, self._run.progress.clock.seconds()
        total = run.progress.total
        return {
            "version": VERSION,
            "tap_version": self._version,
            "status": status,
            "error": error,
            "started": iso(run.started),
            "ended": None if status == "running" else iso(run.now()),
            "seconds": round(total.seconds(now), 1),
            "records": total.records,
            "requests": total.requests,
            "retries": total.retries,
            "waited_seconds": round(total.waited, 1),
            "streams": [self._row(name, now) for name in self._streams],
        }

    def _row(self, name: str, now: float) -> Report:
        counts, skipped = self._run.progress.of(name), self._run.skipped.get(name)
        status = "not started"
        if skipped is not None:
            status = "skipped"
        elif counts.holes:
            status = "incomplete"
        elif counts.began is not None:
            is_done = counts.ended is not None and not counts.broke_off
            status = "done" if is_done else "unfinished"
        return {
            "stream": name,
            "status": status,
            "skipped": skipped,
            "records": counts.records,
            "unchanged": counts.unchanged,
            "requests": counts.requests,
            "retries": counts.retries,
            "waited_seconds": round(counts.waited, 1),
            "seconds": round(counts.seconds(now), 1),
            "parts": counts.parts or None,
            "parts_total": counts.parts_total,
            "parts_done": counts.parts_done,
            "incomplete_windows": counts.holes,
            "unusable_records": counts.unusable,
            "accepted_holes": counts.accepted,
            "short_windows": counts.short,
            "bookmark": self._bookmark(name),
            "watermark": counts.watermark,
        }

    def _begin(self) -> None:
        try:
            self._write(self.report("running", None))
        except OSError as error:
            msg = (
                f"run_report_path is {json.dumps(str(self._path))}; it cannot be written "
                f"({error.strerror or error}): use a file in a folder that may be written to."
            )
            raise SettingError([msg]) from error

    def _end(self, status: str, error: str | None) -> None:
        report = self.report(status, error)
        self._run.logger.info("%s", table(report))
        try:
            self._write(report)
        except OSError as problem:
            # All records have been emitted; a full disk is no reason to fail the run now.
            reason = problem.strerror or problem
            self._run.logger.warning("run_report_path %s: not written (%s).", self._path, reason)

    def _write(self, report: Report) -> None:
        if self._path is not None:
            write_whole(self._path, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def table(report: Mapping[str, Any]) -> str:
    """Return a report as a text table: totals first, one line per stream."""
    head = (
        "stream", "", "records", "unchanged", "requests", "retries", "waited", "bookmark",
        "watermark",
    )  # fmt: skip
    numbers = ("records", "unchanged", "requests", "retries")
    rows = [
        (
            stream["stream"],
            stream["status"],
            *(f"{stream[name]:,}" for name in numbers),
            duration(stream["waited_seconds"]),
            stream["bookmark"] or "",
            stream["watermark"] or "",
        )
        for stream in report["streams"]
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if place in range(2, 3 + len(numbers)) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]
    waited = duration(report["waited_seconds"])
    sums = (
        f"Summary ({report['status']}): {report['records']:,} records, "
        f"{report['requests']:,} requests, {report['retries']:,} retries, "
        f"{waited} waited by all requests together; {duration(report['seconds'])} in all."
    )
    return "\n".join([sums, *lines])


def write_whole(path: Path, text: str) -> None:
    """Replace a file atomically: a reader finds the old text or the new one, never a part.

    Raises:
        OSError: The file cannot be written; the old text is still there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _status(error: BaseException) -> str:
    if isinstance(error, Interrupted):
        return "interrupted"
    return "incomplete" if isinstance(error, Incomplete) else "failed"


def _error_line(error: BaseException) -> str:
    """Return an error as one line; one that is not ours may hold a record, and is only named."""
    if isinstance(error, Interrupted):
        return f"{signal.Signals(int(error.code or 0) - _SIGNALS).name} ended the run."
    if not isinstance(error, SingerSDKError):
        return f"{type(error).__name__}; the log has more."
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= _LONGEST_ERROR else f"{line[:_LONGEST_ERROR]}..."
