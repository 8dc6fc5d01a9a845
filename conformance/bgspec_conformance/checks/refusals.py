"""Refused adds, and the one clause that each is charged to.

An add may be refused for what is added, for how many there are, or for where it comes from. A
refusal is about the add itself where it was the container's first, or where a later one was taken;
otherwise it may be about their number. The clauses that let an add be refused (ADD-5, ADD-9,
CALL-7, and RUN-5 and RUN-7 once a run has begun) judge for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import Judgement, Violation
from bgspec_conformance.checks.missing import ORDINARY
from bgspec_conformance.checks.reading import Reading
from bgspec_conformance.values import HASHABLE
from bgspec_conformance.vocabulary import PLAIN, SYNC, Shape

__all__ = ["about_itself", "before_the_run", "refused"]


def refused(reading: Reading, clause: str) -> Iterator[Judgement]:
    """The refusals that one clause speaks for, each a violation of it."""
    for at, event in before_the_run(reading):
        if _charge(reading, at, event) == clause:
            name = f"t{event.task}"
            yield Violation(
                f"{name} is taken",
                f"{name} was refused with {event.error}",
                f"not any(line.startswith('{name} refused: ') for line in log)",
            )


def before_the_run(reading: Reading) -> Iterator[tuple[int, seen.Refused]]:
    """The refusals of adds that the script made before the first run of the container."""
    for at, event in reading.of(seen.Refused):
        ran = any(run.container == event.container and run.began < at for run in reading.runs)
        if event.by == -1 and not ran:
            yield at, event


def about_itself(reading: Reading, at: int, event: seen.Refused) -> bool:
    """Whether it was not the number of adds that had this one refused."""
    adds = [add for add in reading.adds if add.container == event.container]
    return not adds or adds[0].at > at or adds[-1].at > at


def _charge(reading: Reading, at: int, event: seen.Refused) -> str:
    """The clause that speaks for a refusal; empty where it is none of those served here."""
    task = reading.task(event.task)
    itself = about_itself(reading, at, event)
    if task.shape not in PLAIN:
        easy = (ORDINARY & HASHABLE).issuperset(task.args)
        simple = event.thread == 0 and not task.kwargs and easy
        return "ADD-2" if task.shape in SYNC and simple and itself else ""
    if task.kwargs:
        return ""
    if task.args:
        equal = any(add.task == event.task for add in reading.adds)
        return "ARG-1" if itself and not equal and event.thread == 0 else ""
    if event.thread != 0:
        return "ADD-4"
    before = {add.container for add in reading.adds if add.at < at}
    if event.container in before:
        return "ADD-3"
    if before:
        return "ADD-8"
    return "ADD-2" if task.shape is Shape.FUNCTION else ""
