"""Races: two threads add at once, one held in the middle of its ``add_task``.

The interleaving is forced, not hoped for. The instructions are counted that the first thread
carries out within ``add_task``, in code that is not the standard library's; at the one that the
plan names the second thread is let add, and the first goes on when that has returned. An
implementation that takes a lock keeps the second thread waiting: then the first goes on after a
moment, and nothing was forced.
"""

from __future__ import annotations

import sysconfig
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bgspec_conformance import history as seen
from bgspec_conformance.drivers.instructions import instructions
from bgspec_conformance.plan import Race

if TYPE_CHECKING:
    from bgspec_conformance.drivers.collector import Performance

__all__ = ["race", "run_in_thread"]

MOMENT = 0.02
"""Seconds that the first thread waits for a second one that a lock may hold."""
STANDARD_LIBRARY = sysconfig.get_path("stdlib")
SITE_PACKAGES = sysconfig.get_path("purelib")
DRIVERS = str(Path(__file__).parent)


async def run_in_thread(performance: Performance, function: Callable[[], object]) -> None:
    """Call a function in a thread that no pool owns, and wait for its end."""
    thread = threading.Thread(target=function)
    thread.start()
    await performance.trip(thread.join)


async def race(performance: Performance, plan: Race) -> None:
    """Carry out a race, a pair of threads for each pair of tasks."""
    moment = MOMENT
    for place, (first, second) in enumerate(plan.pairs):
        done = threading.Event()
        other = threading.Thread(target=_add, args=(performance, second, plan.container, 2, done))
        hold = _Hold(plan.pause + place, performance, first, other, done, moment)
        await run_in_thread(performance, partial(hold.add, plan.container))
        if other.ident is None:
            other.start()
        await performance.trip(other.join)
        if hold.waited_in_vain:
            moment = MOMENT / 20


def _add(
    performance: Performance, task: int, container: int, thread: int, done: threading.Event
) -> None:
    try:
        performance.add(task, container, thread=thread)
    finally:
        done.set()


class _Hold:
    """Holds a thread at one instruction of ``add_task``."""

    def __init__(
        self,
        pause: int,
        performance: Performance,
        task: int,
        other: threading.Thread,
        done: threading.Event,
        moment: float,
    ) -> None:
        self._left = pause
        self._performance = performance
        self._task = task
        self._other = other
        self._done = done
        self._moment = moment
        self.waited_in_vain = False

    def add(self, container: int) -> None:
        """Add the first task, and count the instructions on the way."""
        self._performance.callee(self._task)
        with instructions(_is_watched, self._count):
            self._performance.add(self._task, container, thread=1)

    def _count(self) -> None:
        self._left -= 1
        if self._left == -1:
            self._performance.stage.record(seen.Paused(self._task))
            self._other.start()
            self.waited_in_vain = not self._done.wait(self._moment)


def _is_watched(file: str) -> bool:
    """Whether code of this file is the implementation's, not the suite's or Python's own."""
    if file.startswith(DRIVERS):
        return False
    return file.startswith(SITE_PACKAGES) or not file.startswith(STANDARD_LIBRARY)
