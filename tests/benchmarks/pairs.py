"""Measuring in pairs.

Each round times every subject once, in turn, so that what slows the machine down for a while slows
all of them, and the ratio of a round still means something.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

__all__ = ["Timings", "Work", "measure"]

Work = Callable[[int], Callable[[], Awaitable[None]]]
"""Gets ready to do its work so many times over, and gives what does that and is timed."""

LEAST = 0.02
"""Seconds that one timing takes at least; shorter ones are mostly the clock's own."""


@dataclass(frozen=True, slots=True)
class Timings:
    """What each round took one subject, in seconds for each time that the work was done."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.seconds)

    def times_as_fast_as(self, other: Timings) -> float:
        """The median over the rounds of how much longer the other took."""
        return statistics.median(
            theirs / ours for ours, theirs in zip(self.seconds, other.seconds, strict=True)
        )


async def measure(subjects: dict[str, Work], rounds: int) -> dict[str, Timings]:
    """Time every subject in each of so many rounds, after one that does not count.

    Args:
        subjects: by name, what to time.
        rounds: how often.

    Returns:
        The timings by name.
    """
    times = {name: await _enough(work) for name, work in subjects.items()}
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds):
            order = list(subjects.items())
            for name, work in order if number % 2 else reversed(order):
                seconds[name].append(await _timed(work, times[name]) / times[name])
                gc.collect()
    finally:
        gc.enable()
    return {name: Timings(tuple(taken)) for name, taken in seconds.items()}


async def _enough(work: Work) -> int:
    """How many times take long enough to be timed; trying that warms up as well."""
    times = 1
    while (taken := await _timed(work, times)) < LEAST:
        times = max(2 * times, int(times * LEAST / max(taken, 1e-9)))
    return times


async def _timed(work: Work, times: int) -> float:
    ready = work(times)
    start = time.perf_counter()
    await ready()
    return time.perf_counter() - start
