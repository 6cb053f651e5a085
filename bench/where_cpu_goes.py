"""Prints where the tap's CPU goes, by what the work is for: py-spy's samples, sorted into kinds.

Run it: `.venv/bin/python bench/where_cpu_goes.py [large|small] [requests in flight]`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from contenders import tap, write_catalogs
from environments import environment
from measures import Server

ROWS = 20_050
#: Samples a second.
RATE = 400
#: What the work is for -> functions and their files; the innermost that is known decides.
KINDS = {
    "reading JSON": ("_parse response.py",),
    "HTTP, below the pace": ("PacedAdapter.send pacing.py",),
    "HTTP, above it": (
        "GenesysClient.send client.py",
        "GenesysClient._send client.py",
        "GenesysClient._judge client.py",
        "GenesysClient.prepare client.py",
        "_HTTPStream._prepare_request rest.py",
    ),
    "writing JSON": (
        "SingerWriter.write_record writer.py",
        "SingerWriter.format_message writer.py",
        "lines row_lines.py",
    ),
    "into the pipe": ("SingerWriter._write writer.py",),
    "around a message": (
        "SingerWriter.write_message writer.py",
        "BaseSingerWriter.write_message plugin_base.py",
        "Stream._generate_record_messages core.py",
        "Stream._write_record_message core.py",
    ),
    "selection": ("pop_deselected_record_properties _catalog.py",),
    "our columns": ("RecordPipeline.rows pipeline.py",),
    "personal data": ("Privacy.apply redaction.py",),
    "which window": (
        "ConversationDetailsStream.keeps conversation_details.py",
        "moment query_or_job.py",
    ),
    "paging": ("CountedPaginator.get_next pagination.py",),
    "prefetch": ("prefetch.py", "request_loop.py"),
    "giving pages back, and to": (
        "_HTTPStream.request_records rest.py",
        "FullTableStream.request_records listings.py",
    ),
    "the SDK's loop": ("Stream._sync_records core.py", "Stream._process_record core.py"),
}
START = "start, login, end"


def kind(stack: str) -> str:
    """Return what a sample is for; a stack is `function (file:line);...`, the innermost last."""
    frames = []
    for frame in stack.split(";"):
        name, _, place = frame.partition(" (")
        frames.append(f"{name} {place.rpartition('/')[2].partition(':')[0].rstrip(')')}")
    in_thread = any(frame.endswith(" prefetch.py") for frame in frames)
    if not in_thread and not any(frame.startswith("Tap.sync_all ") for frame in frames):
        return START
    for frame in reversed(frames):
        for name, known in KINDS.items():
            if any(frame == one or frame.endswith(f" {one}") for one in known):
                return name
    return "the rest"


def main(size: str = "large", parallel: str = "1") -> None:
    """Print each kind's share."""
    tools = environment("tools")
    if tools is None:
        sys.exit("py-spy is not here")
    with tempfile.TemporaryDirectory() as name, Server() as server:
        folder = Path(name)
        write_catalogs(folder)
        one = tap(folder, "profiled", max_parallel_requests=int(parallel))
        server.configure(per_day=ROWS, size=size)
        samples = folder / "samples.txt"
        spy = [str(tools.parent / "py-spy"), "record", "--rate", str(RATE), "--format", "raw"]
        subprocess.run(  # noqa: S603 - our own program
            [*spy, "--output", str(samples), "--", *one.started(server.url, 1)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        counts: Counter[str] = Counter()
        for line in samples.read_text("utf-8").splitlines():
            stack, _, number = line.rpartition(" ")
            counts[kind(stack)] += int(number)
    started = counts.pop(START, 0)
    print(f"{size}, {parallel} in flight, {counts.total() / RATE:.1f} s of samples")
    for name, count in counts.most_common():
        print(f"{count / counts.total():6.1%}  {name}")
    print(f"and {started / RATE:.1f} s: {START}")


if __name__ == "__main__":
    main(*sys.argv[1:])
