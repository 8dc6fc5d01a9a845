"""Failed runs: the runs that a task failed in, as the checks of the chapter ERR look at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bgspec_conformance import history as seen
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.plan import Raise
from bgspec_conformance.vocabulary import Problem

__all__ = ["BASES", "EXITS", "OF_GENERATORS", "SPECIAL", "FailedRun", "failed_runs", "problem_of"]

EXITS = frozenset({Problem.KEYBOARD_INTERRUPT, Problem.SYSTEM_EXIT})
"""What ends the process (ERR-6)."""
OF_GENERATORS = frozenset(
    {Problem.STOP_ITERATION, Problem.STOP_ASYNC_ITERATION, Problem.GENERATOR_EXIT}
)
"""What drives generators and coroutines (ERR-7)."""
SPECIAL = EXITS | OF_GENERATORS | {Problem.CANCELLED}
"""What has a clause of its own; all other exceptions are ERR-1's."""
BASES = EXITS | {Problem.GENERATOR_EXIT, Problem.CANCELLED, Problem.BASE, Problem.BASE_GROUP}
"""What ``except Exception`` does not catch, so that a run that continues may end by it."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that a task failed in.

    Attributes:
        reading: of which history.
        run: which.
        end: how it ended.
        calls: the calls in it, in the order of their starts.
        failures: those of them that raised before it ended.
    """

    reading: Reading
    run: RunOf
    end: seen.RunEnded
    calls: tuple[Call, ...]
    failures: tuple[Call, ...]

    @property
    def cancelled(self) -> bool:
        """Whether a cancellation was requested."""
        return self.run.cancelled_at is not None

    @property
    def problems(self) -> frozenset[Problem | None]:
        """What was raised."""
        return frozenset(problem_of(self.reading, call.task) for call in self.failures)

    def surfaced(self, task: int) -> tuple[seen.Surfaced, ...]:
        """What surfaced of a task."""
        return tuple(found for found in self.end.surfaced if found.task == task)

    def adds(self, task: int) -> int:
        """How often a task was added to the container before the run ended."""
        return self.reading.adds_to(self.run)[task]

    def too_often(self, task: int) -> bool:
        """Whether a task was called more often than it was added."""
        return sum(call.task == task for call in self.calls) > self.adds(task)

    def part(self, task: int) -> str:
        """An expression for the part of the transcript with a task's calls in this run alone."""
        return self.reading.part_with(self.run, task)

    def how(self) -> str:
        """How it ended, in words."""
        match self.end.way:
            case seen.Way.RETURNED:
                return f"run {self.run.run} returned"
            case seen.Way.RAISED:
                return f"run {self.run.run} raised {self.end.error}"
            case seen.Way.CANCELLED:
                return f"run {self.run.run} was cancelled"


def failed_runs(reading: Reading) -> Iterator[FailedRun]:
    """The runs that a task failed in, and that ended by themselves.

    Those in which a failing task was called again are RUN-1's.
    """
    for run in reading.runs:
        if run.end is None or run.expired or reading.shared_by_runs(run):
            continue
        calls = reading.calls_in(run)
        raised = tuple(c for c in calls if isinstance(c.end, seen.Raised) and c.over < run.ended)
        failed = FailedRun(reading, run, run.end, calls, raised)
        if raised and not any(failed.too_often(call.task) for call in raised):
            yield failed


def problem_of(reading: Reading, task: int) -> Problem | None:
    """What the plan has a task raise."""
    outcome = reading.task(task).outcome
    return outcome.problem if isinstance(outcome, Raise) else None
