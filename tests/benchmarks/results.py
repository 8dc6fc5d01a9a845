"""What was measured, as data, and as the table and the plot that the documentation shows."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.pairs import Timings
from tests.benchmarks.subjects import OURS, PEER

__all__ = ["Case", "Results", "machine"]

DOCS = Path(__file__).parents[2] / "docs"
MICRO = 1e6
PACKAGES = ("bgspec", "anyio", "fastapi", "litestar", "starlette", "trio", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Case:
    """One case on one event loop, with the timings of each subject."""

    loop: str
    stage: str
    kind: str
    number: int
    timings: dict[str, Timings]

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer."""
        return self.timings[OURS].times_as_fast_as(self.timings[PEER])

    def cells(self) -> list[str]:
        """The row of the table."""
        micro = [f"{timed.median / self.number * MICRO:.2f}" for timed in self.timings.values()]
        return [self.loop, self.stage, self.kind, str(self.number), *micro, f"**{self.ratio:.2f}**"]


@dataclass(slots=True)
class Results:
    """All that one run of the benchmarks measured."""

    rounds: int
    cases: list[Case] = field(default_factory=list[Case])
    bytes_a_task: dict[str, float] = field(default_factory=dict[str, float])
    waits: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    rates: dict[str, dict[int, dict[str, float]]] = field(
        default_factory=dict[str, dict[int, dict[str, float]]]
    )

    def write(self) -> None:
        """Put table and plot into the documentation."""
        (DOCS / "performance.tables.md").write_text("\n".join(self._page()) + "\n")
        self._plot(DOCS / "performance.svg")

    def _page(self) -> Iterator[str]:
        yield f"Measured on {machine()}, in {self.rounds} rounds."
        yield ""
        yield "## Containers"
        yield ""
        yield (
            f"Microseconds a task, medians; last how many times as fast as {PEER} {OURS} is, the "
            "median over the rounds."
        )
        yield ""
        if self.cases:
            names = list(self.cases[0].timings)
            yield from _table(
                ["loop", "timed", "tasks", "number", *names, "ratio"],
                [case.cells() for case in self.cases],
            )
        yield "## Memory"
        yield ""
        yield "Bytes that a container holds for a pending task with one argument."
        yield ""
        yield from _table(
            list(self.bytes_a_task), [[f"{size:.0f}" for size in self.bytes_a_task.values()]]
        )
        yield "## A bystander"
        yield ""
        yield (
            "Milliseconds that somebody else waits for the only thread, while a container runs a "
            "hundred sync tasks of a millisecond each."
        )
        yield ""
        yield from _table(
            ["loop", OURS, PEER],
            [
                [loop, *(f"{wait * 1000:.1f}" for wait in by_name.values())]
                for loop, by_name in self.waits.items()
            ],
        )
        yield "## Requests"
        yield ""
        yield (
            "Requests a second through uvicorn, each with an async task and two sync ones, until "
            "the last task has ended."
        )
        yield ""
        yield from _table(
            ["loop", "connections", OURS, PEER, "ratio"],
            [
                [
                    loop,
                    str(connections),
                    *(f"{rate:.0f}" for rate in by_name.values()),
                    f"**{by_name[OURS] / by_name[PEER]:.2f}**",
                ]
                for loop, by_connections in self.rates.items()
                for connections, by_name in by_connections.items()
            ],
        )

    def _plot(self, path: Path) -> None:
        """The ratio over the number of tasks, for a container that is made, filled and run."""
        import matplotlib as mpl

        mpl.use("svg")
        mpl.rcParams["svg.hashsalt"] = "bgspec"
        from matplotlib import pyplot

        loops = list(dict.fromkeys(case.loop for case in self.cases))
        figure, axes = pyplot.subplots(
            1, len(loops), figsize=(4 * len(loops), 3.6), sharey=True, squeeze=False
        )
        for axis, loop in zip(axes[0], loops, strict=True):
            both = [case for case in self.cases if case.loop == loop and case.stage == "both"]
            for kind in dict.fromkeys(case.kind for case in both):
                points = [(case.number, case.ratio) for case in both if case.kind == kind]
                axis.plot(*zip(*points, strict=True), marker="o", label=kind)
            axis.axhline(1, color="gray", linewidth=1)
            axis.set(title=loop, xscale="log", yscale="log", xlabel="tasks in a container")
        axes[0][0].set_ylabel(f"times as fast as {PEER}")
        axes[0][-1].legend()
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})  # pyright: ignore[reportUnknownMemberType]


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def machine() -> str:
    """The machine and what ran on it, in a sentence's part."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {sys.platform}, {python}, {packages}"
