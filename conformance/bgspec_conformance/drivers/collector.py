"""The collector driver: ``add_task`` gathers, and awaiting the container runs.

It carries out one plan on fresh containers and returns the history. Each call of `drive` runs in
the loop of its caller, so that one loop serves many plans.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import random
import zlib
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from types import FunctionType
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from bgspec_conformance import history as seen
from bgspec_conformance.drivers.bodies import Callee, build
from bgspec_conformance.drivers.race import race, run_in_thread
from bgspec_conformance.drivers.stage import VAR, Stage
from bgspec_conformance.implementation import Implementation
from bgspec_conformance.plan import (
    Action,
    Add,
    Cancel,
    Plan,
    Race,
    Raise,
    Run,
    SetVar,
    Together,
    dump,
)
from bgspec_conformance.vocabulary import Means, Problem, Value

__all__ = ["Performance", "beyond", "drive"]

HOPS = 3
"""Turns of the loop, and trips to a worker thread, in which late work shows."""
TRIPS = 20
"""Trips to a worker thread in which every other thread lets go of what it held."""
TRIPS_OF_OTHERS = 200
"""Trips in which a thread that was asked for starts its work, on a busy machine too."""


def beyond(implementation: Implementation, backend: str, plan: Plan) -> str:
    """Why a plan cannot be carried out with this implementation on this backend; else empty.

    Not every container takes any number of adds, and only asyncio has ``task.cancel()`` and a
    cancellation error that can be made by hand.
    """
    if backend != "asyncio" and needs_task(plan):
        return f"{backend} has no task.cancel()"
    if backend != "asyncio" and raises_cancellation(plan):
        return f"{backend}'s cancellation error cannot be made by hand"
    capacity = implementation.capacity
    if capacity is None:
        return ""
    counts: dict[int, int] = {}
    inner = [step for task in plan.tasks for step in task.body if isinstance(step, Add)]
    for add in (*plan.adds(), *inner):
        counts[add.container] = counts.get(add.container, 0) + 1
    fits = all(count <= capacity for count in counts.values())
    return "" if fits else f"a container takes {capacity} task only"


def raises_cancellation(plan: Plan) -> bool:
    """Whether a task raises the cancellation error by itself."""
    return any(
        getattr(task.outcome, "problem", None) == "the backend's cancellation error"
        for task in plan.tasks
    )


def closes_coroutines(plan: Plan) -> bool:
    """Whether a task raises GeneratorExit.

    Thrown into a coroutine, as asyncio does with what comes out of a thread or a loop task, it
    closes all that wait within, and only the outermost sees it.
    """
    return any(task.outcome == Raise(Problem.GENERATOR_EXIT) for task in plan.tasks)


def needs_task(plan: Plan) -> bool:
    """Whether runs are cancelled by ``task.cancel()``, so that each needs a task of its own."""
    means = [a.cancelled for a in plan.script if isinstance(a, Run)]
    means += [s.by for task in plan.tasks for s in task.body if isinstance(s, Cancel)]
    return Means.TASK in means


async def drive(implementation: Implementation, stage: Stage, attempt: int = 0) -> seen.History:
    """Carry out a stage's plan, and give back what was seen.

    Args:
        implementation: makes the containers; its draws from `random` are seeded by the plan and
            the attempt.
        stage: a fresh one.
        attempt: how often this plan was carried out before.
    """
    random.seed(zlib.crc32(dump(stage.plan)) + attempt)
    VAR.set(seen.UNSET)
    performance = Performance(implementation, stage)
    with Listener(stage):
        for action in stage.plan.script:
            await performance.act(action)
            if performance.hung:  # what follows would hang as well, or say nothing new
                break
        await performance.settle()
    return stage.history()


class Listener(logging.Handler):
    """Hears of tasks' exceptions through `logging`."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def __enter__(self) -> None:
        logging.getLogger().addHandler(self)

    def __exit__(self, *exc_info: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write down whose exception a record tells."""
        heard: set[int] = set()
        if record.exc_info and record.exc_info[1] is not None:
            heard |= {s.task for s in self._stage.surfaced(record.exc_info[1])}
        message = record.getMessage()
        heard |= {n for n in range(len(self._stage.plan.tasks)) if f"t{n} failed" in message}
        for index in sorted(heard):
            self._stage.record(seen.Logged(index))


class Performance:
    """A plan being carried out: the containers, the callables, and the run in progress."""

    def __init__(self, implementation: Implementation, stage: Stage) -> None:
        self.implementation = implementation
        self.stage = stage
        self.leftovers: list[Coroutine[Any, Any, object]] = []
        self.hung = False
        self._containers = [implementation.make() for _ in range(stage.plan.containers)]
        self._callees: dict[int, Callee] = {}
        self._functions: list[FunctionType] = []
        self._runs = 0
        self._added = 0
        self._current: tuple[int, anyio.CancelScope, asyncio.Task[None] | None] | None = None
        self._on_asyncio = stage.backend.name == "asyncio"
        self._hosted = self._on_asyncio and (
            needs_task(stage.plan) or closes_coroutines(stage.plan)
        )
        self._tokens = self._borrowed()
        self._own_tokens = anyio.CapacityLimiter(math.inf)

    # The script ----------------------------------------------------------------------------

    async def act(self, action: Action) -> None:
        """Carry out one action of the script."""
        match action:
            case Add(task=task, container=container, thread=0):
                self.add(task, container)
            case Add(task=task, container=container, thread=thread):
                await run_in_thread(self, lambda: self.add(task, container, thread=thread))
            case SetVar(value=value):
                VAR.set(value)
            case Run(container=container, cancelled=cancelled):
                await self.host(container, cancelled)
            case Together(containers=containers):
                async with anyio.create_task_group() as group:
                    for container in containers:
                        group.start_soon(self.run, container)
            case Race():
                await race(self, action)

    def late_bind(self, function: Callable[..., object]) -> None:
        """Have a function tell when it was called.

        It does by a default that is changed before the first run: a coroutine keeps the defaults
        of when it was made.
        """
        assert isinstance(function, FunctionType)
        function.__kwdefaults__ = {"_made": self.stage.made_at}
        self.stage.body_code.add(function.__code__)
        self._functions.append(function)

    def callee(self, index: int) -> Callee:
        """The callable of a task; equal adds share it, unless an argument must not be held."""
        if index not in self._callees:
            callee = build(self, index)
            task = self.stage.task(index)
            if Value.WEAK in task.args or Value.WEAK in dict(task.kwargs).values():
                return callee
            self._callees[index] = callee
        return self._callees[index]

    def add(self, task: int, container: int, *, thread: int = 0, by: int = -1) -> None:
        """Add a task, and write down how that went."""
        func, args, kwargs = self.callee(task)
        try:
            returned = self._containers[container].add_task(func, *args, **kwargs)
        except Exception as exc:
            refused = isinstance(exc, TypeError)
            self.stage.record(
                seen.Refused(task, container, type(exc).__name__, refused, thread, by)
            )
            return
        self._added += 1
        if inspect.iscoroutine(returned):
            returned.close()
        self.stage.record(
            seen.Added(
                task, container, thread, by, "None" if returned is None else type(returned).__name__
            )
        )

    # Runs ----------------------------------------------------------------------------------

    async def host(self, container: int, cancelled: Means | None) -> None:
        """Run a container, in a task of its own where that task is to be cancelled or closed."""
        if not self._hosted:
            await self.run(container, cancelled=cancelled)
            return
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            self.run(container, cancelled=cancelled), context=copy_context()
        )
        await asyncio.wait([task])

    async def run(self, container: int, *, cancelled: Means | None = None, by: int = -1) -> None:
        """Await a container, and write down how that ended."""
        stage = self.stage
        run = self._runs
        self._runs += 1
        if stage.made_at == "the add":
            stage.made_at = "the run"
            for function in self._functions:
                function.__kwdefaults__ = {"_made": "the run"}
        stage.record(seen.RunBegan(run, container, by))
        over = False
        with anyio.CancelScope() as scope:
            outer = self._current
            host = asyncio.current_task() if self._hosted else None
            self._current = (run, scope, host)

            def release() -> None:
                if not over:
                    self.hung = True
                    stage.record(seen.Expired(-1, run, "the end of the run"))
                    scope.cancel()

            if cancelled is not None:
                self.cancel(cancelled)
            try:
                with stage.patience.waiting(lambda: stage.backend.post(release), last=True):
                    value = await self._containers[container]()
            except stage.backend.cancelled as exc:
                if self._torn_down(run, scope):
                    raise
                self._ended(run, container, seen.Way.CANCELLED, exc, by)
                if scope.cancel_called:
                    raise
            except BaseException as exc:
                self._ended(run, container, stage.way_of(exc), exc, by)
                if isinstance(exc, KeyboardInterrupt | SystemExit) and self._torn_down(run, scope):
                    raise asyncio.CancelledError from None
                exc.__traceback__ = None
            else:
                value = "None" if value is None else type(value).__name__
                stage.record(seen.RunEnded(run, container, seen.Way.RETURNED, value, by=by))
            finally:
                over = True
                self._current = outer
        if by == -1:
            self._look_after(run, container)
            await self._linger()
            await self._let_go()

    def _ended(self, run: int, container: int, way: seen.Way, exc: BaseException, by: int) -> None:
        stage = self.stage
        stage.record(
            seen.RunEnded(
                run,
                container,
                way,
                error=type(exc).__name__,
                surfaced=stage.surfaced(exc),
                by=by,
                type_error=stage.tells_type_error(exc),
            )
        )

    def _torn_down(self, run: int, scope: anyio.CancelScope) -> bool:
        """Whether the loop is ending, and this task was cancelled for that.

        asyncio stops the loop where a task of its own raises KeyboardInterrupt or SystemExit, and
        then cancels all the others.
        """
        task = asyncio.current_task() if self._on_asyncio else None
        own = self.stage.events.count(seen.CancelRequested(run, Means.TASK))
        return task is not None and not scope.cancel_called and task.cancelling() > own

    async def _linger(self) -> None:
        """Give what was left for later the time to show itself."""
        for _ in range(HOPS):
            await anyio.lowlevel.checkpoint()
        if sum(self.stage.calls) < self._added or self.stage.active:
            for trip in range(TRIPS_OF_OTHERS):
                await self.trip(self.no_op)
                if trip >= HOPS and not self._held():
                    break

    async def _let_go(self) -> None:
        """Tell what became of arguments; a thread may still be on its way out of a task."""
        stage = self.stage
        if stage.watches_release:
            for _ in range(TRIPS):
                if stage.released_all:
                    break
                await self.trip(self.no_op)
            for event in stage.released(-1):
                stage.record(event)

    def _look_after(self, run: int, container: int) -> None:
        """What can be asked once a run has ended."""
        stage = self.stage
        stage.record(seen.VarSeen(run, VAR.get()))
        if self.implementation.pending is not None:
            held = self.implementation.pending(self._containers[container])
            names = {id(callee.func): index for index, callee in self._callees.items()}
            stage.record(seen.Pending(run, tuple(names.get(id(func), -1) for func in held)))

    def cancel(self, means: Means, then: Callable[[], object] | None = None) -> None:
        """Cancel the run in progress, from outside."""
        if self._current is not None:
            run, scope, host = self._current
            self.stage.record(seen.CancelRequested(run, means))
            if means is Means.SCOPE:
                scope.cancel()
            elif host is not None:
                host.cancel()
        if then is not None:
            then()

    async def settle(self) -> None:
        """Wait until nothing can happen any more."""
        stage = self.stage
        done = anyio.Event()
        await self._linger()
        late = any(isinstance(event, seen.CancelRequested) for event in stage.events)
        with stage.patience.waiting(lambda: stage.backend.post(done.set)):
            while (stage.active or (late and self._held())) and not done.is_set():
                await self.trip(self.no_op)
        for coroutine in self.leftovers:
            coroutine.close()
        unfinished = stage.active if done.is_set() else 0
        held = self._held()
        stage.record(seen.Settled(tuple(stage.shared), held, unfinished))
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens += held  # the plans that follow have as many as this one had

    def _borrowed(self) -> int:
        return int(anyio.to_thread.current_default_thread_limiter().borrowed_tokens)

    def _held(self) -> int:
        """Worker-thread tokens that were taken in this plan, and not given back."""
        return max(0, self._borrowed() - self._tokens)

    # What bodies ask ------------------------------------------------------------------------

    def on_start(self, task: int, sign: anyio.Event) -> None:
        """Set a sign on the loop when a task starts."""

        def watch() -> None:
            if self.stage.started[task].is_set():
                sign.set()
            elif not sign.is_set():
                self.stage.backend.post(watch)

        self.stage.backend.post(watch)

    async def trip(self, function: Callable[[], object]) -> None:
        """Call a function in a worker thread, however many tokens the implementation holds."""
        await anyio.to_thread.run_sync(function, limiter=self._own_tokens)

    def no_op(self) -> None:
        """Nothing, to be called somewhere."""
