"""The stage: what is kept while one plan is carried out.

Events in their order, objects by their names, and who waits for whom. It knows no framework.
"""

from __future__ import annotations

import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import CodeType
from typing import Any, cast

import anyio

from bgspec_conformance import history as seen
from bgspec_conformance.drivers.backend import Backend, running_loop
from bgspec_conformance.drivers.patience import Patience
from bgspec_conformance.plan import Plan, Task
from bgspec_conformance.values import ALIKE, VALUES, make_problem, make_value
from bgspec_conformance.vocabulary import Problem, Value

__all__ = ["VAR", "Runaway", "Stage"]

VAR: ContextVar[str] = ContextVar("VAR", default=seen.UNSET)
"""The context variable that plans speak of."""


ALIKE_NAMES = {id(make_value(value)): VALUES[value] for value in ALIKE}
"""The names of the values that are one object everywhere, by identity."""


class Runaway(BaseException):
    """The implementation calls tasks without end."""


def reached(exc: BaseException) -> Iterator[BaseException]:
    """An exception, and all that are reached from it by members, causes and contexts."""
    visited: set[int] = set()
    left: list[BaseException | None] = [exc]
    while left:
        current = left.pop()
        if current is not None and id(current) not in visited:
            visited.add(id(current))
            yield current
            left += [current.__cause__, current.__context__]
            if isinstance(current, BaseExceptionGroup):
                left += cast("BaseExceptionGroup[BaseException]", current).exceptions


class Stage:
    """One plan on its way.

    Args:
        plan: what is carried out.
        backend: the loop it is carried out on.
        patience: releases waits that nothing will end.
        beat: called with every event, a sign of life.
    """

    def __init__(
        self, plan: Plan, backend: Backend, patience: Patience, beat: Callable[[], object]
    ) -> None:
        self.plan = plan
        self.backend = backend
        self.patience = patience
        self.events: list[seen.Event] = []
        self.shared: list[str] = []
        self.made_at = "the add"
        self.active = 0
        self.turns = True
        self.thread = threading.get_ident()
        self.calls = [0] * len(plan.tasks)
        self.started = [threading.Event() for _ in plan.tasks]
        self.body_code: set[CodeType] = set()
        self._beat = beat
        self._limit = 2000 + 100 * len(plan.tasks)
        self._given: dict[int, tuple[tuple[object, ...], dict[str, object]]] = {}
        self._names: dict[int, str] = {**ALIKE_NAMES, id(self.shared): "shared"}
        self._weak: dict[str, weakref.ref[object]] = {}
        self._problems: dict[tuple[int, int], BaseException] = {}
        self._lock = threading.Lock()

    def record(self, event: seen.Event) -> None:
        """Write down what happened."""
        self.events.append(event)
        self._beat()
        if len(self.events) > self._limit:
            raise Runaway(f"more than {self._limit} events")

    def history(self) -> seen.History:
        """What was written down."""
        return seen.History(self.backend.name, tuple(self.events))

    def ended_by(self, exc: BaseException) -> seen.History:
        """What was written down, where the run in progress ended the loop itself."""
        runs = [event for event in self.events if isinstance(event, seen.RunBegan)]
        over = {event.run for event in self.events if isinstance(event, seen.RunEnded)}
        ends = tuple(
            seen.RunEnded(
                run.run,
                run.container,
                self.way_of(exc),
                error=type(exc).__name__,
                surfaced=self.surfaced(exc),
                by=run.by,
                type_error=self.tells_type_error(exc),
            )
            for run in reversed(runs)
            if run.run not in over
        )
        settled = seen.Settled(tuple(self.shared))
        return seen.History(self.backend.name, (*self.events, *ends, settled))

    def way_of(self, exc: BaseException) -> seen.Way:
        """How a run that raised ended: a cancellation may come in a group."""
        kind = self.backend.cancelled
        if isinstance(exc, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", exc)
            return seen.Way.CANCELLED if group.subgroup(kind) is not None else seen.Way.RAISED
        return seen.Way.CANCELLED if isinstance(exc, kind) else seen.Way.RAISED

    # Arguments -----------------------------------------------------------------------------

    def arguments(self, index: int) -> tuple[tuple[object, ...], dict[str, object]]:
        """The arguments of a task; equal adds pass the same objects.

        An object that nobody else holds is not kept here either.
        """
        if index in self._given:
            return self._given[index]
        task = self.plan.tasks[index]
        args = tuple(
            self._make(value, f"t{index}.args[{place}]") for place, value in enumerate(task.args)
        )
        kwargs = {name: self._make(value, f"t{index}.{name}") for name, value in task.kwargs}
        if Value.WEAK not in task.args and Value.WEAK not in dict(task.kwargs).values():
            self._given[index] = args, kwargs
        return args, kwargs

    def _make(self, value: Value, name: str) -> object:
        if value is Value.SHARED:
            return self.shared
        made = make_value(value)
        if value is Value.WEAK:
            self._weak[name] = weakref.ref(made)
        elif value not in ALIKE:
            self._names[id(made)] = name
        return made

    def _expected(self, index: int) -> tuple[list[object], dict[str, object]]:
        """What the task should receive, with None for an object that is gone."""
        if index in self._given:
            args, kwargs = self._given[index]
            return list(args), kwargs
        task = self.plan.tasks[index]
        return (
            [self._held(f"t{index}.args[{place}]") for place in range(len(task.args))],
            {name: self._held(f"t{index}.{name}") for name, _ in task.kwargs},
        )

    def _held(self, name: str) -> object:
        reference = self._weak.get(name)
        return reference() if reference is not None else None

    def _name(self, arrived: object, own: str, expected: object, value: Value | None) -> str:
        lost = value is Value.WEAK and expected is None  # nobody kept it
        if value is not None and arrived is expected and not lost:
            return own
        if id(arrived) in self._names:
            return self._names[id(arrived)]
        for name, reference in self._weak.items():
            if reference() is arrived and arrived is not None:
                return name
        if expected is not None and type(arrived) is type(expected):
            return f"copy of {own}"
        return "a stranger"

    def name_arguments(
        self, index: int, args: tuple[object, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[str, ...]]:
        """What arrived, by name: positional, keyword, and those whose content has changed."""
        task = self.plan.tasks[index]
        if not (args or kwargs or task.args or task.kwargs):
            return (), (), ()
        expected, expected_kwargs = self._expected(index)
        values = dict(task.kwargs)
        positional = tuple(
            self._name(
                arrived,
                f"t{index}.args[{place}]",
                expected[place] if place < len(expected) else None,
                task.args[place] if place < len(expected) else None,
            )
            for place, arrived in enumerate(args)
        )
        keyword = tuple(
            (
                name,
                self._name(
                    arrived, f"t{index}.{name}", expected_kwargs.get(name), values.get(name)
                ),
            )
            for name, arrived in kwargs.items()
        )
        changed = tuple(
            name
            for name, value, arrived in (
                *(
                    (f"t{index}.args[{n}]", v, a)
                    for n, (v, a) in enumerate(zip(task.args, args, strict=False))
                ),
                *((f"t{index}.{n}", values[n], a) for n, a in kwargs.items() if n in values),
            )
            if value in {Value.LIST, Value.DICT, Value.SET, Value.TUPLE}
            and type(arrived) is type(make_value(value))
            and arrived != make_value(value)
        )
        return positional, keyword, changed

    def released(self, at: int) -> Iterator[seen.Released]:
        """What became of the objects that nobody else holds, of tasks that have ended."""
        import gc

        over = {event.task for event in self.events if isinstance(event, seen.Ended)}
        for name, reference in self._weak.items():
            index = int(name[1:].partition(".")[0])
            if index in over and index != at:
                if reference() is not None:
                    gc.collect()
                yield seen.Released(index, at, reference() is None)

    @property
    def watches_release(self) -> bool:
        """Whether any argument is one that nobody else holds."""
        return bool(self._weak)

    @property
    def released_all(self) -> bool:
        """Whether they are all gone."""
        return all(reference() is None for reference in self._weak.values())

    # Exceptions ----------------------------------------------------------------------------

    def problem(self, index: int, call: int, problem: Problem) -> BaseException:
        """The exception that this call of a task raises."""
        made = make_problem(problem, f"t{index}")
        with self._lock:
            self._problems[index, call] = made
        return made

    def task_of(self, exc: BaseException) -> tuple[int, int] | None:
        """Whose exception this is, and of which call (-1: only like one); None for a stranger."""
        for (index, call), made in self._problems.items():
            if exc is made:
                return index, call
        for (index, _), made in self._problems.items():
            if type(exc) is type(made) and f"t{index} failed" in str(exc):
                return index, -1
        return None

    def surfaced(self, exc: BaseException) -> tuple[seen.Surfaced, ...]:
        """The tasks' exceptions that are reached from what a run raised, in the tasks' order.

        Members of groups are followed before causes and contexts.
        """
        found: list[seen.Surfaced] = []
        visited: set[int] = set()
        queue: deque[tuple[BaseException, tuple[str, ...], tuple[str, ...]]] = deque(
            [(exc, (), ())]
        )
        while queue:
            current, path, through = queue.popleft()
            if id(current) in visited:
                continue
            visited.add(id(current))
            kind = label = type(current).__name__
            owner = self.task_of(current)
            if owner is not None:
                index, call = owner
                same, into_task = call >= 0, self._into_task(current)
                found.append(seen.Surfaced(index, same, path, through, into_task, kind, call))
                label = f"t{index}" if same else kind
            if isinstance(current, BaseExceptionGroup):
                group = cast("BaseExceptionGroup[BaseException]", current)
                members = [(e, (*path, "member"), (*through, label)) for e in group.exceptions]
                queue.extendleft(reversed(members))
            if current.__cause__ is not None:
                queue.append((current.__cause__, (*path, "cause"), (*through, label)))
            if current.__context__ is not None:
                queue.append((current.__context__, (*path, "context"), (*through, label)))
        return tuple(sorted(found, key=lambda surfaced: surfaced.task))

    def tells_type_error(self, exc: BaseException) -> bool:
        """Whether a TypeError that no task raised is reached from what a run raised."""
        return any(isinstance(e, TypeError) and self.task_of(e) is None for e in reached(exc))

    def _into_task(self, exc: BaseException) -> bool:
        return any(
            frame.f_code in self.body_code for frame, _ in traceback.walk_tb(exc.__traceback__)
        )

    # Calls ---------------------------------------------------------------------------------

    def start(
        self, index: int, args: tuple[object, ...], kwargs: dict[str, Any], made: str, on_loop: bool
    ) -> int:
        """Write down that a task was called; gives how many times it was called before."""
        with self._lock:
            call = self.calls[index]
            self.calls[index] += 1
            self.active += 1
        off = seen.Place.LOOP if threading.get_ident() == self.thread else seen.Place.WORKER
        place = self.place() if on_loop else off
        positional, keyword, changed = self.name_arguments(index, args, kwargs)
        reads = any(value is Value.SHARED for value in self.plan.tasks[index].args)
        self.record(
            seen.Started(
                index,
                call,
                place,
                positional,
                keyword,
                changed,
                VAR.get(),
                made,
                tuple(self.shared) if reads else (),
            )
        )
        self.started[index].set()
        if self._weak:
            for event in self.released(index):
                self.record(event)
        return call

    def place(self) -> seen.Place:
        """Where the coroutine that asks is carried out."""
        loop = running_loop()
        if loop is self.backend.token:
            return seen.Place.LOOP
        return seen.Place.WORKER if loop is None else seen.Place.OTHER_LOOP

    def finish(self) -> None:
        """A call is over, whichever way."""
        with self._lock:
            self.active -= 1

    def task(self, index: int) -> Task:
        """The plan's task of that number."""
        return self.plan.tasks[index]

    # Waiting -------------------------------------------------------------------------------

    def wait_in_thread(self, sign: threading.Event) -> bool:
        """Wait in a worker thread for a sign; False when patience ended."""
        released = False

        def release() -> None:
            nonlocal released
            released = not sign.is_set()
            sign.set()

        with self.patience.waiting(release):
            sign.wait()
        return not released

    async def wait_on_loop(self, sign: anyio.Event) -> bool:
        """Wait on the loop for a sign; False when patience ended."""
        released = False

        def release() -> None:
            nonlocal released
            released = not sign.is_set()
            sign.set()

        with self.patience.waiting(lambda: self.backend.post(release)):
            await sign.wait()
        return not released
