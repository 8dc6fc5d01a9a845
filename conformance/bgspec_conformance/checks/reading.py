"""A reading: one plan and its history, indexed for the checks.

Its calls and runs are the history's events put together; nothing is judged here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from bgspec_conformance import history as seen
from bgspec_conformance.plan import Plan, Raise, Task, Together
from bgspec_conformance.vocabulary import Shape

__all__ = ["AcceptedAdd", "Call", "Reading", "RunOf", "names"]

E = TypeVar("E")


def names(tasks: Iterable[int]) -> str:
    """Tasks, as the transcript calls them, in a row."""
    return ", ".join(f"t{task}" for task in tasks)


@dataclass(frozen=True, slots=True)
class AcceptedAdd:
    """An add that returned.

    Attributes:
        at: the place of its event in the history.
        task: which task.
        container: to which container.
        thread: from which thread, 0 for the main one.
        by: the task whose body added it, -1 for the script.
        after_run: a run of that container had ended before.
    """

    at: int
    task: int
    container: int
    thread: int
    by: int
    after_run: bool


@dataclass(frozen=True, slots=True)
class RunOf:
    """A container's run, from its beginning to its end.

    Attributes:
        run: its number.
        container: whose.
        by: the task that awaits it, -1 for the script.
        began, ended: places in the history; ``ended`` is the history's length where it never did.
        end: how it ended, None where it never did.
        cancelled_at: where its cancellation was requested, None where it was not.
        expired: nothing would have ended it.
        first: no run of that container began before.
    """

    run: int
    container: int
    by: int
    began: int
    ended: int
    end: seen.RunEnded | None
    cancelled_at: int | None
    expired: bool
    first: bool

    @property
    def part(self) -> str:
        """An expression for its part of the transcript."""
        until = f"log.index('run {self.run} ended')" if self.end else ""
        return f"log[log.index('run {self.run} began'):{until}]"


@dataclass(frozen=True, slots=True)
class Call:
    """A task, called once.

    Attributes:
        task: which task.
        call: how many times it was called before.
        at, over: places in the history; ``over`` is the history's length where it never ended.
        start: its event.
        end: how it ended; None where it was dropped.
        container: to which the task was added, -1 where that is unknown (a task within another
            container).
        run: the run of that container in progress when it started; None where none was.
    """

    task: int
    call: int
    at: int
    over: int
    start: seen.Started
    end: seen.Ended | seen.Raised | seen.Cancelled | None
    container: int
    run: RunOf | None

    @property
    def name(self) -> str:
        """As the transcript calls it."""
        return f"t{self.task}"

    @property
    def failed(self) -> bool:
        """It raised, by itself or since it was cancelled."""
        return isinstance(self.end, seen.Raised | seen.Cancelled)


class Reading:
    """One plan, one history."""

    def __init__(self, plan: Plan, history: seen.History) -> None:
        self.plan = plan
        self.history = history
        self.events = history.events
        self._waiting: dict[int, tuple[AcceptedAdd, ...]] = {}

    def task(self, index: int) -> Task:
        """The plan's task of that number."""
        return self.plan.tasks[index]

    def shape(self, index: int) -> Shape:
        """The shape of that task."""
        return self.plan.tasks[index].shape

    def fails(self, index: int) -> bool:
        """Whether the plan has that task raise."""
        return isinstance(self.plan.tasks[index].outcome, Raise)

    def of(self, kind: type[E]) -> Iterator[tuple[int, E]]:
        """The events of one kind, with their places."""
        for at, event in self._by_kind.get(kind, ()):
            assert isinstance(event, kind)
            yield at, event

    @cached_property
    def _by_kind(self) -> dict[type, list[tuple[int, seen.Event]]]:
        by_kind: dict[type, list[tuple[int, seen.Event]]] = {}
        for at, event in enumerate(self.events):
            by_kind.setdefault(type(event), []).append((at, event))
        return by_kind

    @cached_property
    def containers(self) -> int:
        """How many containers the plan takes."""
        return self.plan.containers

    @cached_property
    def adds(self) -> tuple[AcceptedAdd, ...]:
        """The adds that returned, in order."""
        return tuple(
            AcceptedAdd(
                at,
                event.task,
                event.container,
                event.thread,
                event.by,
                any(run.container == event.container and run.ended < at for run in self.runs),
            )
            for at, event in self.of(seen.Added)
        )

    @cached_property
    def refusals(self) -> tuple[seen.Refused, ...]:
        """The adds that raised, in order."""
        return tuple(event for _, event in self.of(seen.Refused))

    @cached_property
    def runs(self) -> tuple[RunOf, ...]:
        """The runs, in the order in which they began."""
        ends = {event.run: (at, event) for at, event in self.of(seen.RunEnded)}
        cancels = {event.run: at for at, event in self.of(seen.CancelRequested)}
        expired = {event.call for _, event in self.of(seen.Expired) if event.task == -1}
        runs: list[RunOf] = []
        for at, event in self.of(seen.RunBegan):
            ended, end = ends.get(event.run, (len(self.events), None))
            runs.append(
                RunOf(
                    event.run,
                    event.container,
                    event.by,
                    at,
                    ended,
                    end,
                    cancels.get(event.run),
                    event.run in expired,
                    all(run.container != event.container for run in runs),
                )
            )
        return tuple(runs)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call of a task, in the order in which they started."""
        ends: dict[tuple[int, int], tuple[int, seen.Ended | seen.Raised | seen.Cancelled]] = {}
        for at, event in enumerate(self.events):
            if isinstance(event, seen.Ended | seen.Raised | seen.Cancelled):
                ends[event.task, event.call] = at, event
        calls: list[Call] = []
        for at, event in self.of(seen.Started):
            over, end = ends.get((event.task, event.call), (len(self.events), None))
            containers = self.containers_of(event.task)
            run = next(
                (
                    run
                    for run in self.runs
                    if run.container in containers and run.began < at < run.ended
                ),
                None,
            )
            container = run.container if run else containers[0] if containers else -1
            calls.append(Call(event.task, event.call, at, over, event, end, container, run))
        return tuple(calls)

    def containers_of(self, index: int) -> tuple[int, ...]:
        """The containers that a task was added to, in the order of the adds."""
        return tuple(dict.fromkeys(self._containers.get(index, ())))

    @cached_property
    def _containers(self) -> dict[int, list[int]]:
        containers: dict[int, list[int]] = {}
        for add in self.adds:
            containers.setdefault(add.task, []).append(add.container)
        return containers

    def calls_of(self, index: int) -> tuple[Call, ...]:
        """The calls of one task."""
        return tuple(call for call in self.calls if call.task == index)

    def calls_in(self, run: RunOf) -> tuple[Call, ...]:
        """The calls within one run, of tasks of its container."""
        return self._by_run.get(run.run, ())

    @cached_property
    def _by_run(self) -> dict[int, tuple[Call, ...]]:
        runs: dict[int, list[Call]] = {}
        for call in self.calls:
            if call.run is not None:
                runs.setdefault(call.run.run, []).append(call)
        return {run: tuple(calls) for run, calls in runs.items()}

    def calls_after(self, run: RunOf) -> tuple[Call, ...]:
        """The calls of its container's tasks between it and the container's next run, in no run."""
        until = min(
            (o.began for o in self.runs_of(run.container) if o.began > run.ended), default=None
        )
        return tuple(
            call
            for call in self.calls
            if call.container == run.container
            and run.ended < call.at
            and (until is None or call.at < until)
            and not any(other.began < call.at < other.ended for other in self.runs)
        )

    def part_with(self, run: RunOf, task: int) -> str:
        """An expression for the part of the transcript with a task's calls in one run alone."""
        return "log" if all(call.run is run for call in self.calls_of(task)) else run.part

    def adds_to(self, run: RunOf) -> Counter[int]:
        """How often each task was added to a run's container before the run ended."""
        return Counter(
            add.task for add in self.adds if add.container == run.container and add.at < run.ended
        )

    def waiting_for(self, run: RunOf) -> tuple[AcceptedAdd, ...]:
        """The adds to its container that came before a run began, and after the one before it."""
        if run.run not in self._waiting:
            self._waiting[run.run] = self._waited(run)
        return self._waiting[run.run]

    def _waited(self, run: RunOf) -> tuple[AcceptedAdd, ...]:
        since = max(
            (other.began for other in self.runs_of(run.container) if other.began < run.began),
            default=-1,
        )
        return tuple(
            add
            for add in self.adds
            if add.container == run.container and since < add.at < run.began
        )

    def runs_of(self, container: int) -> tuple[RunOf, ...]:
        """The runs of one container."""
        return tuple(run for run in self.runs if run.container == container)

    def beside(self, run: RunOf) -> tuple[RunOf, ...]:
        """The runs that were in progress at the same time, nested ones included, or meant to be.

        The latter count so that what is asked of a plan does not hang on how long things took.
        """
        return tuple(
            other
            for other in self.runs
            if other is not run
            and (
                (other.began < run.ended and run.began < other.ended)
                or (run.by == other.by == -1 and self._meant_together(run, other))
            )
        )

    def _meant_together(self, run: RunOf, other: RunOf) -> bool:
        pair = Counter((run.container, other.container))
        return any(pair <= together for together in self._together)

    @cached_property
    def _together(self) -> list[Counter[int]]:
        script = self.plan.script
        return [Counter(a.containers) for a in script if isinstance(a, Together)]

    def shared_by_runs(self, run: RunOf) -> bool:
        """Whether another run of the same container was in progress at the same time."""
        return any(other.container == run.container for other in self.beside(run))

    @cached_property
    def overlapping(self) -> bool:
        """Whether any two runs were in progress at once, nested ones included, or meant to be."""
        return bool(self._together) or any(
            a.began < b.began < a.ended for a in self.runs for b in self.runs if a is not b
        )
