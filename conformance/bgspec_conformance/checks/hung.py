"""Hung runs: runs that nothing would have ended, and the one clause that each is charged to.

The companion of `missing`: a run that hangs breaks a different promise where it is empty, nested,
or had a StopIteration raised in it. A run that only lasts as long as a task that waits in vain has
not hung: patience ends the task's wait first.
"""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.checks.judgement import Judgement, Violation
from bgspec_conformance.checks.missing import BY_SHAPE, special
from bgspec_conformance.checks.reading import Reading, RunOf
from bgspec_conformance.plan import Raise
from bgspec_conformance.vocabulary import Problem

__all__ = ["charge", "hung"]

BY_PROBLEM: dict[Problem, str] = {
    **dict.fromkeys(Problem, "ERR-1"),
    Problem.STOP_ITERATION: "ERR-7",
    Problem.STOP_ASYNC_ITERATION: "ERR-7",
    Problem.GENERATOR_EXIT: "ERR-7",
    Problem.KEYBOARD_INTERRUPT: "ERR-6",
    Problem.SYSTEM_EXIT: "ERR-6",
    Problem.CANCELLED: "ERR-9",
}
"""The clause that speaks for a run that hangs after a task raised."""


def hung(reading: Reading, clause: str) -> Iterator[Judgement]:
    """A violation for each hung run that one clause speaks for."""
    for run in reading.runs:
        if run.expired and charge(reading, run) == clause:
            yield Violation(
                f"run {run.run} comes to its end",
                f"run {run.run} hung, and had to be cancelled",
                f"'run {run.run} waited in vain for the end of the run' not in log",
            )


def charge(reading: Reading, run: RunOf) -> str:
    """The clause that speaks for a run that hung."""
    if reading.shared_by_runs(run):
        return "RUN-9"
    if reading.beside(run):
        return "RUN-8"
    if run.cancelled_at is not None:
        return "CAN-3"
    raised = {
        outcome.problem
        for call in reading.calls_in(run)
        if call.failed and isinstance(outcome := reading.task(call.task).outcome, Raise)
    }
    if raised:
        return max(BY_PROBLEM[problem] for problem in raised)
    waiting = reading.waiting_for(run)
    if not waiting:
        added = any(a.container == run.container and a.at < run.began for a in reading.adds)
        return "RUN-6" if added else "RUN-3"
    return _of_task(reading, run)


def _of_task(reading: Reading, run: RunOf) -> str:
    """The clause that speaks for the first task that had not ended, or for the last one."""
    over = {call.task for call in reading.calls_in(run) if call.end is not None}
    waiting = reading.waiting_for(run)
    place = next(
        (place for place, add in enumerate(waiting) if add.task not in over), len(waiting) - 1
    )
    task = waiting[place].task
    adds = sum(add.task == task for add in waiting)
    clause = BY_SHAPE.get(reading.shape(task)) or special(reading, run, waiting, place, adds)
    return "RUN-2" if clause == "RUN-1" else clause
