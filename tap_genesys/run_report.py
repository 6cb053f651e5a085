"""The report of a run: a table in the log, JSON in a file, and the rows of `tap_runs`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import SingerSDKError

from tap_genesys.errors import Incomplete, SettingError, StopRun
from tap_genesys.interruption import Interrupted
from tap_genesys.output.progress import LaneCounts, duration
from tap_genesys.replication.lanes import MAIN, Lane
from tap_genesys.replication.windows import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_genesys.endpoints.runs import RunStream
    from tap_genesys.replication.unreported_runs import BegunRun
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
        lanes: Returns the lanes of a stream, and how far each is.
        run_id: The random id of the run.
    """

    def __init__(
        self,
        run: Run,
        *,
        version: str,
        streams: Sequence[str],
        bookmark: Callable[[str], str | None],
        lanes: Callable[[str], Mapping[str, Lane]],
        run_id: str,
    ) -> None:
        self._run = run
        self._version = version
        self._streams = streams
        self._bookmark = bookmark
        self._lanes = lanes
        self._run_id = run_id
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

    @contextlib.contextmanager
    def emitted(self, stream: RunStream | None) -> Iterator[None]:
        """Emit the rows of `tap_runs` for the run of the block, however it ends.

        Args:
            stream: The stream; None where it is not selected.
        """
        if stream is None:
            yield
            return
        killed = stream.begin(self._run_id, self._run.started)
        try:
            yield
        except BaseException as error:
            # If the reader of stdout is gone, that is the error already.
            with contextlib.suppress(StopRun):
                stream.end(self._rows(stream.name, _status(error), killed))
            raise
        stream.end(self._rows(stream.name, "ok", killed))

    def _rows(self, name: str, status: str, killed: Sequence[BegunRun]) -> list[Report]:
        return run_rows(name, self.report(status, None), killed)

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
            "run_id": self._run_id,
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
            "lanes": [*self._lane_rows(name)],
        }

    def _lane_rows(self, name: str) -> Iterator[Report]:
        lanes, counted = self._lanes(name), self._run.progress.of(name).lanes
        # A window of queries may be read by job, whatever the source.
        for lane in dict.fromkeys((*lanes, *counted)):
            reached, counts = lanes.get(lane, Lane()), counted.get(lane, LaneCounts())
            yield {
                "lane": lane,
                "bookmark": reached.bookmark,
                "watermark": reached.watermark,
                "records": counts.records,
                "requests": counts.requests,
                "retries": counts.retries,
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


def run_rows(name: str, report: Mapping[str, Any], killed: Sequence[BegunRun] = ()) -> list[Report]:
    """Return the rows of a run: one for each stream and lane, and last that of the run itself.

    Requests and retries of the run itself are those of no stream, so that sums over its rows are
    those of the report.

    Args:
        name: The name of the stream `tap_runs`.
        report: The report at the end of the run.
        killed: Earlier runs that were killed; of each nothing is known but that it began.
    """
    run = {
        "run_id": report["run_id"],
        "started": report["started"],
        "ended": report["ended"],
        "tap_version": report["tap_version"],
    }
    rows = [_killed_row(name, other) for other in killed]
    rows += [
        {**run, "stream": stream["stream"], "outcome": stream["status"], **lane}
        for stream in report["streams"]
        for lane in stream["lanes"]
    ]
    own: Report = {
        total: report[total] - sum(stream[total] for stream in report["streams"])
        for total in ("requests", "retries")
    }
    own |= {"stream": name, "lane": MAIN, "outcome": report["status"], "records": len(rows) + 1}
    return [*rows, {**run, **own, "bookmark": None, "watermark": None}]


def _killed_row(name: str, run: BegunRun) -> Report:
    unknown = (
        "ended", "bookmark", "watermark", "records", "requests", "retries", "tap_version",
    )  # fmt: skip
    known = {"run_id": run.id, "started": run.started, "stream": name, "lane": MAIN}
    return {**known, "outcome": "killed", **dict.fromkeys(unknown)}


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
