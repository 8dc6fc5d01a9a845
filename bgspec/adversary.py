"""The adversary: a container for tests of applications, which keeps every MUST and nothing more.

An application is tested with one container, and comes to rely on what that one happens to do. This
one does what the contract makes every collector do. What the contract leaves open a seed settles,
anew for each seed, and the same way for as long as the seed is the same. So an application that
passes with many seeds relies on the contract's MUSTs alone.

*Answers* are drawn from the clauses themselves: for each CHOICE, and each situation that it names,
one of the answers that it allows (`drawn`). Each is looked up at one place below. They hang on
nothing but the seed and the clause, so a new clause leaves the other answers as they were.

*SHOULDs* are not kept. Some keywords are refused (ADD-6), what cannot be called is found out at the
run (ADD-7), generators and what sync callables return to await are dropped (CALL-6, CALL-7), and
every task is held, with its arguments (RUN-10). Where code may come to rely on the breach as well,
the seed decides: where the answer to CTX-2 is the run, async tasks are awaited in the context and
the event-loop task of the run, so that what they set leaks (CTX-3); where it is the add, each has
both for itself. And with half of the seeds, no cancellation is looked for between tasks (CAN-6).

*Beside the clauses* a seed settles whether a single failure is raised as itself or in a group, and
how often the loop turns before each task, which is all the delay there is. Where a sync task cannot
call back into the loop (CALL-8), that is since each has a fresh thread.

*Errors* of tasks are values here until the run raises them, so that none is taken for something
that happens to the run. All but Exceptions end it at once.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import random
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from functools import cache, lru_cache, partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn, ParamSpec, TypeVar

from anyio import CancelScope, Event, create_task_group, to_thread
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

from bgspec.callables import is_async
from bgspec.cancellation import Watch
from bgspec.errors import BgspecError, TaskRefused
from bgspec.spec import CLAUSES, Level, Profile
from bgspec.threads import LIBRARY

__all__ = ["SEED", "Adversary", "Refused", "drawn"]

P = ParamSpec("P")
E = TypeVar("E", bound=BaseException)

logger = logging.getLogger(__name__)

SEED: Final = "BGSPEC_ADVERSARY_SEED"
"""The environment variable that has the seed of the adversaries that are given none."""

OPEN: Final[Mapping[str, tuple[str, ...]]] = {
    **{
        f"{clause.id}, {situation}" if situation else clause.id: clause.answers
        for clause in CLAUSES.values()
        if clause.level is Level.CHOICE and Profile.COLLECTOR in clause.profiles
        for situation in clause.situations or ("",)
        if clause.id != "CALL-9"  # it runs on both event loops
    },
    "CAN-6": ("kept", "broken"),
    "a single failure": ("raised as itself", "raised in a group"),
}
"""What a seed settles, and among which answers."""

MOST_TURNS: Final = 3
"""How often the loop turns before a task, at most."""
DEEPEST: Final = 50
"""Runs of one container at once; one more is taken for a recursion without end."""

INSIDE: ContextVar[tuple[Adversary, ...]] = ContextVar("INSIDE", default=())
"""The adversaries that run the code at hand, by way of each other's tasks."""


class Refused(BgspecError, RuntimeError):
    """An adversary refuses what the contract allows it to refuse; the message names the clause."""


@lru_cache
def drawn(seed: int) -> Mapping[str, str]:
    """The answers of a seed, by the clause's id, followed by the situation where it names some.

    Args:
        seed: any integer.
    """
    answers = {name: random.Random(f"{seed} {name}").choice(OPEN[name]) for name in OPEN}
    if answers["RUN-5"] == "next run" and answers["RUN-6"] == "refused":
        answers["RUN-5"] = "refused"  # there is no next run, and it would be lost
    return MappingProxyType(answers)


@cache
def _drawn_seed() -> int:
    """A seed for all the adversaries of this process that are given none."""
    seed = random.SystemRandom().randrange(2**32)
    logger.warning("a seed was drawn for the adversary; to repeat it, set %s=%d", SEED, seed)
    return seed


class Entry(NamedTuple):
    """An add: its call, whether that is to be awaited on the loop, and the adder's context."""

    call: Callable[[], Any]
    on_loop: bool
    context: Context


class Adversary:
    """A container that keeps every MUST of the contract and no SHOULD, and answers by a seed.

    It has ``add_task``, and awaiting it runs, on asyncio and trio. Give it to the application under
    test in the place of the container that it has in production, with one seed after the other.

    Args:
        seed: settles what the contract leaves open. Without it, the environment variable
            BGSPEC_ADVERSARY_SEED is the seed; without that, one is drawn for the whole process, and
            told by log. It is in the `repr`, and in a note on every Exception that a run
            raises.

    Attributes:
        seed: the seed.
        answers: what it settles, as `drawn` gives it.

    Raises:
        ValueError: the environment variable holds no integer.
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is None:
            given = os.environ.get(SEED)
            seed = int(given) if given else _drawn_seed()
        self.seed = seed
        self.answers = drawn(seed)
        self._random = random.Random(seed)
        self._entries: list[Entry] = []
        self._begun = 0  # entries that a run has begun, from the first on
        self._has_run = False
        self._running = 0
        self._over = Event()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(seed={self.seed})"

    # Adding ----------------------------------------------------------------------------------

    def add_task(self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Add a call of ``func(*args, **kwargs)``, to be made by a run.

        Args:
            func: any callable, sync or async; what cannot be called is taken as well (ADD-7).
            args: its positional arguments.
            kwargs: its keyword arguments.

        Raises:
            TypeError: a keyword is called func, self, args or kwargs (ADD-6), or the arguments do
                not fit, and the answer to ADD-9 is the add.
            Refused: it is running (RUN-5), or has run and does not run again (RUN-6).
        """
        if {"args", "kwargs"} & kwargs.keys():  # Python itself refuses the other two
            raise self._noted(TaskRefused("the keywords args and kwargs may be refused (ADD-6)"))
        if self._running and self.answers["RUN-5"] == "refused":
            raise self._refused("an add while the container runs", "RUN-5")
        if self._has_run and not self._running and self.answers["RUN-6"] == "refused":
            raise self._refused("an add after a run", "RUN-7")
        if self.answers["ADD-9"] == "at the add" and (misfit := _misfit(func, args, kwargs)):
            raise self._noted(misfit)
        try:
            # A mock of an async function is found out by `inspect` alone.
            on_loop = is_async(func) or inspect.iscoroutinefunction(func)
        except TaskRefused:  # not here: the run will find out
            on_loop = False
        call = lambda: func(*args, **kwargs)  # noqa: E731  a def would have its name in tracebacks
        self._entries.append(Entry(call, on_loop, copy_context()))

    # Running ---------------------------------------------------------------------------------

    async def __call__(self) -> None:
        """Run what was added, as the answers have it.

        Raises:
            Refused: it is running (RUN-9), or has run (RUN-6).
            RecursionError: its own task awaits it, and so again and again.
            BaseException: what a task raised, alone or in a group.
        """
        inside = INSIDE.get()
        again = self.answers["RUN-6"] == "again"
        if self._running:
            situation = "within a task of its own" if self in inside else "twice at once"
            answer = self.answers[f"RUN-9, {situation}"]
            if answer == "refused":
                raise self._refused(f"awaiting a container {situation}", "RUN-9")
            if answer == "joined":
                if self not in inside:  # which would wait for itself
                    await self._over.wait()
                return
            if self._running >= DEEPEST:
                raise RecursionError(f"{self!r} is awaited by its own tasks, again and again")
            again = True
        elif self._has_run and self.answers["RUN-6"] == "refused":
            raise self._refused("a second run", "RUN-6")
        else:
            self._over = Event()
        self._has_run = True
        self._running += 1
        INSIDE.set((*inside, self))
        try:
            await self._run(0 if again else self._begun)
        finally:
            INSIDE.set(inside)
            self._running -= 1
            if not self._running:
                self._over.set()

    async def _run(self, start: int) -> None:
        """Run the entries from this one on, and raise what failed."""
        failures: list[Exception] = []
        try:
            await self._run_each(start, failures)
        except BaseException:
            for failure in failures:
                logger.error("a task had failed before its run was left", exc_info=failure)
            raise
        if len(failures) == 1 and self.answers["a single failure"] == "raised as itself":
            raise self._noted(failures[0])
        if failures:
            raise self._noted(ExceptionGroup("background tasks failed", failures))

    async def _run_each(self, place: int, failures: list[Exception]) -> None:
        """Run one entry after the other, and put into `failures` what they raise."""
        watch = Watch()
        known = len(self._entries)
        while place < (known if self.answers["RUN-5"] == "next run" else len(self._entries)):
            for _ in range(self._random.randint(0, MOST_TURNS)):
                await cancel_shielded_checkpoint()
            if self.answers["CAN-6"] == "kept":
                await checkpoint()
                if watch.is_requested():  # and the task swallowed it
                    await watch.deliver()
            entry = self._entries[place]
            place += 1
            self._begun = max(self._begun, place)
            failure = await self._perform(entry)
            if isinstance(failure, Exception):
                failures.append(failure)
                if self.answers["ERR-4"] == "stop":
                    break
            elif failure is not None:
                self._end(failure, entry, watch)

    def _end(self, error: BaseException, entry: Entry, watch: Watch) -> NoReturn:
        """Raise what ends a run: an exit, a cancellation, whatever else is no Exception."""
        if isinstance(error, asyncio.CancelledError):
            by_itself = not (watch.is_scope_cancelled() or watch.is_cancelling())
            situation = "from an async task" if entry.on_loop else "from a sync task"
            if by_itself and self.answers[f"ERR-9, {situation}"] == "counts as cancellation":
                raise self._noted(asyncio.CancelledError("a task raised it by itself"))
        raise error

    # Tasks: each way to run one returns what it raised ---------------------------------------

    async def _perform(self, entry: Entry) -> BaseException | None:
        """Run an entry where it belongs, with the context that CTX-2 is answered with."""
        as_of_the_run = self.answers["CTX-2"] == "the run"
        if entry.on_loop and as_of_the_run:
            return await _awaited(entry)
        context = copy_context() if as_of_the_run else entry.context.copy()
        context.run(INSIDE.set, INSIDE.get())
        if entry.on_loop:
            return await _awaited_in_a_task(entry, context)
        return await self._called_in_thread(entry, context)

    async def _called_in_thread(self, entry: Entry, context: Context) -> BaseException | None:
        """Call a sync task in a thread that CALL-8, and for as long as CAN-4 and CAN-7 say."""
        if LIBRARY is not None:
            context.run(LIBRARY.set, None)  # no loop runs in that thread
        job: Future[BaseException | None] = Future()
        work = partial(_work, job, partial(context.run, entry.call))
        if self.answers["CALL-8"] == "no":
            work = partial(_in_a_fresh_thread, work)
        leave = self.answers["CAN-4"] == "left behind"
        try:
            with CancelScope(shield=self.answers["CAN-6"] == "broken" and not leave):
                await to_thread.run_sync(work, abandon_on_cancel=leave)
        except BaseException as cancellation:
            if not job.cancel():  # it has started
                job.add_done_callback(_tell_failure)
                by_scope = leave and Watch().is_scope_cancelled()
                if isinstance(cancellation, asyncio.CancelledError) and not by_scope:
                    await self._outlasted(job)
            raise
        return job.result()

    async def _outlasted(self, job: Future[BaseException | None]) -> None:
        """Wait for a sync task that ``task.cancel()`` has hit, if CAN-7 is answered so."""
        if self.answers["CAN-7"] == "waited for":
            with CancelScope(shield=True):
                await asyncio.wrap_future(job)

    # Messages --------------------------------------------------------------------------------

    def _refused(self, what: str, clause: str) -> Refused:
        return self._noted(Refused(f"{what} may be refused ({clause})"))

    def _noted(self, error: E) -> E:
        """An error with a note of the seed."""
        note = f"raised by {self!r}; bgspec.adversary.drawn({self.seed}) has its answers"
        with suppress(Exception):  # what an error allows is for its class to say
            if note not in getattr(error, "__notes__", ()):
                error.add_note(note)
        return error


def _misfit(
    func: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TypeError | None:
    """The error for arguments that the callable's signature, if it has one, does not take."""
    try:
        # Of a wrapper its own: what it passes on to the wrapped function is its affair.
        signature = inspect.signature(func, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*args, **kwargs)
    except TypeError as misfit:
        return misfit
    return None


async def _awaited(entry: Entry) -> BaseException | None:
    """Await an async task here."""
    try:
        await entry.call()
    except BaseException as error:  # the run raises it
        return error
    return None


async def _awaited_in_a_task(entry: Entry, context: Context) -> BaseException | None:
    """Await an async task in an event-loop task of its own, within a context."""
    raised: list[BaseException | None] = []

    async def child() -> None:
        raised.append(await _awaited(entry))

    try:
        async with create_task_group() as group:
            context.run(group.start_soon, child)
    except BaseException:  # the run was cancelled, and with it the child
        if raised and isinstance(raised[0], Exception):
            logger.error("a task failed when it was cancelled", exc_info=raised[0])
        raise
    return raised[0]


def _work(job: Future[BaseException | None], call: Callable[[], object]) -> None:
    """Make a call for its failure, unless the job was cancelled before."""
    if job.set_running_or_notify_cancel():
        try:
            call()
        except BaseException as error:  # the run raises it
            job.set_result(error)
        else:
            job.set_result(None)


def _in_a_fresh_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _tell_failure(job: Future[BaseException | None]) -> None:
    """Log the failure of a task whose run has ended without it, and cannot raise it."""
    if (failure := job.result()) is not None:
        logger.error("a task that was left behind failed", exc_info=failure)
