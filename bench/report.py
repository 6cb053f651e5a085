"""Writes RESULTS.md and its pictures from the figures: python report.py FOLDER."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arithmetic import LIMITED, PAGE, Target, demanded_requests, fewest_requests
from results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

FLOOR, SDK = "requests + orjson", "the SDK's default"
DEFAULT, ONE, MANY = (f"this tap, {n} in flight" for n in (4, 1, 16))
BY_JOB, TABLES = "this tap, by job", "this tap, with its tables"


def ratio(one: float | None, other: float | None) -> float | None:
    """Return the ratio of two figures; None if one was not measured."""
    return one / other if one is not None and other else None


def targets(results: Results) -> list[Target]:
    """Return the targets with the measured values."""
    ours = results.cpu("cpu", DEFAULT)
    limited = {one: results.limited(*one) for one in LIMITED}
    refused = [one.refused for one in limited.values() if one]
    sizes = sorted(int(case.split()[1]) for case in results.figures if case.startswith("memory "))
    peaks = [
        {size: results.median(f"memory {size}", name, "peak") for size in sizes}
        for name in (DEFAULT, BY_JOB)
    ]
    grown = [ratio(one[sizes[-1]], one[sizes[0]]) for one in peaks if sizes]
    largest = [
        one["peak"]
        for case, runs in results.figures.items()
        for name, rounds in runs.items()
        for one in rounds
        if case.startswith("memory ") and name.startswith("this tap")
    ]
    return [
        Target(
            "CPU of a record at no latency, parents alone, against the floor",
            ratio(ours, results.cpu("cpu", FLOOR)),
            most=1.35,
            unit="x",
        ),
        Target(
            "the SDK's default record path against it",
            ratio(results.cpu("cpu", SDK), ours),
            least=5,
            unit="x",
        ),
        Target(
            "conversations a second at 200 ms, 16 in flight against 1",
            ratio(results.pace("latency 0.2", MANY), results.pace("latency 0.2", ONE)),
            least=8,
            unit="x",
        ),
        *(
            Target(
                f"time at 300 a minute and {latency:g} s, {parallel} in flight, against the bound",
                one and one.seconds / one.bound,
                most=1.03,
                unit="x",
            )
            for (latency, parallel), one in limited.items()
        ),
        Target("responses 429 in any of these runs", max(refused) if refused else None, most=1),
        Target(
            "requests against what the paging rules demand, the most of any run",
            max(
                (
                    one["requests"] / demanded_requests([int(case.split()[1])] * 3, PAGE)
                    for case, runs in results.figures.items()
                    for name, rounds in runs.items()
                    for one in rounds
                    if case.startswith("requests ") and name.startswith("this tap")
                ),
                default=None,
            ),
            most=1,
            unit="x",
        ),
        *(
            Target(
                f"peak memory of {sizes[-1]:,} conversations against {sizes[0]:,}, {how}",
                one,
                most=1.3,
                unit="x",
            )
            for how, one in zip(("by query", "by job"), grown, strict=False)
        ),
        Target(
            "peak memory, the most of any run",
            max(largest) if largest else None,
            most=250,
            unit=" MB",
        ),
        Target(
            "start-up, `--version`",
            results.median("start", "--version", "wall"),
            most=0.6,
            unit=" s",
        ),
        Target("`make test`, in minutes: not a part of this, CONTRIBUTING.md has it", None, most=5),
    ]


def formatted(value: float | None, form: str = ".2f", unit: str = "") -> str:
    """Return a number as text; a dash for None."""
    return "-" if value is None else f"{value:{form}}{unit}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def goals(results: Results) -> str:
    """Return the table of targets."""

    def wanted(one: Target) -> str:
        most = one.most is not None
        return f"{'at most' if most else 'at least'} {one.most if most else one.least:g}{one.unit}"

    rows = [
        (
            one.name,
            wanted(one),
            formatted(one.measured, ".2f" if one.unit != " MB" else ".0f", one.unit),
            one.verdict,
        )
        for one in targets(results)
    ]
    return table(("target", "wanted", "measured", ""), rows)


def cpu(results: Results) -> str:
    """Return the table of the CPU time per record."""
    rows = []
    for name in results.figures.get("cpu", {}):
        whole, small = results.cpu("cpu", name), results.cpu("cpu, small", name)
        rows.append(
            (
                name,
                formatted(whole and whole * 1e6, ",.0f"),
                formatted(whole and 1 / whole, ",.0f"),
                formatted(ratio(whole, results.cpu("cpu", FLOOR))),
                formatted(small and small * 1e6, ",.0f"),
                formatted(ratio(small, results.cpu("cpu, small", FLOOR))),
                formatted(results.median("empty", name, "cpu")),
                formatted(results.median("cpu", name, "peak"), ".0f"),
            )
        )
    head = ("", "us", "a CPU second", "x floor", "us, 3.6 kB", "x floor", "start, s", "peak, MB")
    return table(head, rows)


def latency(results: Results) -> str:
    """Return the table of conversations per second by latency."""
    cases = [case for case in results.figures if case.startswith("latency ")]
    names = dict.fromkeys(name for case in cases for name in results.figures[case])
    rows = []
    for name in names:
        paces = [results.pace(case, name) for case in cases]
        first = results.pace("latency 0.2", ONE)
        rows.append(
            (
                name,
                *(formatted(one, ",.0f") for one in paces),
                formatted(ratio(results.pace("latency 0.2", name), first)),
            )
        )
    heads = [
        f"at {case.removeprefix('latency ')} s".replace(", small s", " s, 3.6 kB") for case in cases
    ]
    return table(("conversations a second", *heads, "x the tap with 1, at 0.2 s"), rows)


def rate(results: Results) -> str:
    """Return the table of times with a rate limit."""
    rows = [
        (
            f"{latency:g} s",
            str(parallel),
            str(one.requests),
            formatted(one.bound, ".1f"),
            formatted(one.seconds, ".1f"),
            formatted((one.seconds / one.bound - 1) * 100, "+.1f", " %"),
            f"{one.refused:.0f}",
        )
        for latency, parallel in LIMITED
        if (one := results.limited(latency, parallel))
    ]
    return table(
        ("latency", "in flight", "requests", "bound, s", "measured, s", "over it", "429s, most"),
        rows,
    )


def requests(results: Results) -> str:
    """Return the table of requests per contender."""
    cases = {int(case.split()[1]): case for case in results.figures if case.startswith("requests ")}
    names = dict.fromkeys(name for case in cases.values() for name in results.figures[case])
    rule: dict[str, Callable[[Sequence[int], int], int]] = {
        "pages that hold data": fewest_requests,
        "what the paging rules demand": demanded_requests,
    }
    rows = [
        (name, *(str(count([each] * 3, PAGE)) for each in cases)) for name, count in rule.items()
    ]
    rows += [
        (
            name,
            *(
                formatted(max(results.of(case, name, "requests"), default=None), ".0f")
                for case in cases.values()
            ),
        )
        for name in names
    ]
    return table(
        ("requests, the most of all rounds", *(f"3 days of {each}" for each in cases)), rows
    )


def memory(results: Results) -> str:
    """Return the table of peak memory."""
    cases = [case for case in results.figures if case.startswith("memory ")]
    names = dict.fromkeys(name for case in cases for name in results.figures[case])
    rows = [
        (name, *(formatted(results.median(case, name, "peak"), ".0f") for case in cases))
        for name in names
    ]
    return table(("MB at most", *(f"{int(case.split()[1]):,}" for case in cases)), rows)


def ceiling(results: Results) -> str:
    """Return the table of the server's maximum throughput."""
    rates = {
        name: results.median("ceiling", name, "rate") for name in results.figures.get("ceiling", {})
    }
    rows = [
        (name.replace(", ", ", connections: "), formatted(one, ",.0f"))
        for name, one in rates.items()
    ]
    return table(("conversations", "a second"), rows)


def calm(about: dict[str, Any]) -> str:
    """Return a sentence about other load on the machine."""
    if "note" in about:
        return str(about["note"])
    return (
        f"The load was {about['load']:.1f} before it began; while it ran, others used "
        f"{about['others']:.2f} cores on average."
    )


def apart(cases: dict[str, dict[str, Any]]) -> str:
    """Return sentences about cases that were measured in their own run."""
    return "".join(
        f" Measured apart from the rest: {case}, {one['date']}, while others used "
        f"{one['others']:.2f} cores."
        for case, one in cases.items()
    )


def main(folder: Path) -> None:
    """Write RESULTS.md and the pictures."""
    results = Results(json.loads((folder / "results.json").read_text("utf-8")))
    about = results.about
    text = (Path(__file__).parent / "RESULTS.template.md").read_text("utf-8")
    parts = (goals, cpu, latency, rate, requests, memory, ceiling)
    filled = text.format(
        **{part.__name__: part(results).rstrip() for part in parts},
        about=about,
        calm=calm(about),
        apart=apart(about.get("apart", {})),
        versions=", ".join(f"{name} {number}" for name, number in about["versions"].items()),
        rivals=", ".join(line.replace("==", " ") for line in about["rivals"]),
    )
    (folder / "RESULTS.md").write_text(filled, "utf-8")
    try:
        from plot import draw  # noqa: PLC0415 - only if matplotlib is installed
    except ImportError:
        print("No pictures: matplotlib is not here.", file=sys.stderr)
        return
    draw(results, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
