"""Measure, print, and with ``--write`` put table and plot into the documentation."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from typing import Any

import anyio
from rich.console import Console

from tests.benchmarks import bystander, containers, memory, requests
from tests.benchmarks.results import Case, Results, machine
from tests.benchmarks.subjects import OURS, PEER

LOOPS: dict[str, dict[str, Any]] = {
    "asyncio": {"backend": "asyncio"},
    "uvloop": {"backend": "asyncio", "backend_options": {"use_uvloop": True}},
    "trio": {"backend": "trio"},
}
"""How anyio starts each event loop."""
SECTIONS = ("containers", "memory", "bystander", "requests")

console = Console(width=110, highlight=False)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=f"Measure {OURS} beside {PEER} and others, in rounds of pairs.",
    )
    parser.add_argument("--rounds", type=int, default=9, help="how often each is timed (9)")
    parser.add_argument(
        "--loop", nargs="+", choices=LOOPS, default=list(LOOPS), help="event loops (all)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="sections (all)"
    )
    parser.add_argument("--kind", nargs="+", choices=containers.KINDS, help="kinds of tasks (all)")
    parser.add_argument("--number", nargs="+", type=int, help="numbers of tasks (all)")
    parser.add_argument(
        "--write", action="store_true", help="put table and plot into the documentation"
    )
    asked = parser.parse_args()
    console.print(f"on {machine()}")
    results = Results(asked.rounds)
    sections: dict[str, Callable[[Results, argparse.Namespace], None]] = {
        "containers": _containers,
        "memory": _memory,
        "bystander": _bystander,
        "requests": _requests,
    }
    for name in asked.only:
        sections[name](results, asked)
    if asked.write:
        results.write()


def _containers(results: Results, asked: argparse.Namespace) -> None:
    for loop in asked.loop:
        for stage, kind, number in containers.cases():
            if kind in (asked.kind or [kind]) and number in (asked.number or [number]):
                measured = functools.partial(containers.timings, stage, kind, number, asked.rounds)
                case = Case(loop, stage, kind, number, anyio.run(measured, **LOOPS[loop]))
                results.cases.append(case)
                of_each = "  ".join(
                    f"{name} {timed.median / number * 1e6:7.2f}"
                    for name, timed in case.timings.items()
                )
                console.print(
                    f"{loop:8}{stage:5}{number:5} {kind:12} {of_each} us  ratio {case.ratio:.2f}"
                )


def _memory(results: Results, asked: argparse.Namespace) -> None:
    results.bytes_a_task = memory.bytes_a_task()
    for name, size in results.bytes_a_task.items():
        console.print(f"memory: {name} {size:.0f} bytes a pending task")


def _bystander(results: Results, asked: argparse.Namespace) -> None:
    for loop in asked.loop:
        results.waits[loop] = anyio.run(bystander.waits, asked.rounds, **LOOPS[loop])
        for name, wait in results.waits[loop].items():
            console.print(f"bystander: {loop}, {name} {wait * 1000:.1f} ms")


def _requests(results: Results, asked: argparse.Namespace) -> None:
    for loop in asked.loop:
        if loop != "trio":  # uvicorn does not run on it
            results.rates[loop] = requests.rates(loop, asked.rounds)
            for connections, by_name in results.rates[loop].items():
                rates = ", ".join(f"{name} {rate:.0f}/s" for name, rate in by_name.items())
                ratio = by_name[OURS] / by_name[PEER]
                console.print(f"requests: {loop}, {connections} at once: {rates}, {ratio:.2f}")


if __name__ == "__main__":
    main()
