"""Draws throughput against latency and parallelism, and memory against size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

    from results import Results

_COLOURS = {1: "#9ecae1", 4: "#4292c6", 16: "#08519c"}


def draw(results: Results, folder: Path) -> None:
    """Write throughput.png and memory.png, as far as there is something to draw."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    if any(case.startswith("latency ") for case in results.figures):
        _throughput(results, folder / "throughput.png")
    if any(case.startswith("memory ") for case in results.figures):
        _memory(results, folder / "memory.png")


def _throughput(results: Results, file: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), width_ratios=(3, 2))
    latencies = {0.0: "cpu", 0.2: "latency 0.2", 1.0: "latency 1.0"}
    for parallel, colour in _COLOURS.items():
        name = f"this tap, {parallel} in flight"
        points = [(at, results.pace(case, name)) for at, case in latencies.items()]
        shown = [(at, pace) for at, pace in points if pace]
        _line(left, shown, label=name, color=colour, marker="o")
    left.set(yscale="log", xlabel="latency of each response, s", ylabel="conversations a second")
    left.legend(frameon=False)
    left.grid(axis="y", alpha=0.3)
    names = list(results.figures.get("latency 0.2", {}))
    paces = [(name, results.pace("latency 0.2", name) or 0) for name in names]
    paces.sort(key=lambda one: one[1])
    ours = ["#08519c" if name.startswith("this tap") else "#bdbdbd" for name, _ in paces]
    bars = right.barh([name for name, _ in paces], [pace for _, pace in paces], color=ours)
    right.bar_label(bars, fmt="{:,.0f}", padding=3)
    right.set(xlabel="conversations a second at 0.2 s", xlim=(0, 1.25 * paces[-1][1]))
    _save(figure, file)


def _memory(results: Results, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 3.4))
    sizes = sorted(int(case.split()[1]) for case in results.figures if case.startswith("memory "))
    names = dict.fromkeys(name for size in sizes for name in results.figures[f"memory {size}"])
    for name in names:
        points = [(size, results.median(f"memory {size}", name, "peak")) for size in sizes]
        _line(axes, [(size, peak) for size, peak in points if peak], label=name, marker="o")
    axes.axhline(250, color="#de2d26", linewidth=0.8, linestyle="--")
    axes.set(xscale="log", xlabel="conversations", ylabel="MB at most", ylim=(0, 280))
    axes.minorticks_off()
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
    axes.legend(frameon=False, loc="lower right")
    axes.grid(axis="y", alpha=0.3)
    _save(figure, file)


def _line(axes: Any, points: list[tuple[float, float]], **how: Any) -> None:  # noqa: ANN401 - matplotlib's
    axes.plot([at for at, _ in points], [value for _, value in points], **how)


def _save(figure: Any, file: Path) -> None:  # noqa: ANN401 - matplotlib's
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
