"""Members that break the chapter CTX, and odd ones that use its freedoms."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from contextvars import Context, ContextVar, copy_context
from typing import Any

from tests.gallery.member import breaks, odd
from tests.gallery.model import LATE, Counting, Entry, Model, is_async, now_and_then

# CTX-1: tasks see context variables ----------------------------------------------------------


@breaks("CTX-1")
class NoContext(Model):
    """Runs every task in an empty context."""

    async def perform(self, entry: Entry) -> None:
        await super().perform(Entry(entry.func, entry.args, entry.kwargs, Context()))


@breaks("CTX-1")
class NoContextForSync(Model):
    """Runs sync tasks in an empty context, as a bare thread has it."""

    async def in_thread(self, entry: Entry) -> Any:
        return await super().in_thread(Entry(entry.func, entry.args, entry.kwargs, Context()))


@breaks("CTX-1")
class NoContextForAsync(Model):
    """Runs async tasks in an empty context."""

    async def on_loop(self, entry: Entry) -> Any:
        return await super().on_loop(Entry(entry.func, entry.args, entry.kwargs, Context()))


@breaks("CTX-1")
class ContextOfTheMaking(Model):
    """Keeps the context in which the container was made."""

    def __init__(self) -> None:
        super().__init__()
        self.context = copy_context()

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return Entry(func, args, kwargs, self.context.copy())


@breaks("CTX-1")
class ContextOfTheFirstAdd(Model):
    """Keeps the context of the first add, for all tasks."""

    first: Context | None = None

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        self.first = self.first or copy_context()
        return Entry(func, args, kwargs, self.first.copy())


@breaks("CTX-1")
class ContextOfTheLastAdd(Model):
    """Keeps one context, of whichever add was the last."""

    async def perform(self, entry: Entry) -> None:
        last = (self.entries or [entry])[-1].context.copy()
        await super().perform(Entry(entry.func, entry.args, entry.kwargs, last))


@breaks("CTX-1")
class ContextByFunction(Model):
    """Keeps one context for each function, that of its first add."""

    def __init__(self) -> None:
        super().__init__()
        self.contexts: dict[int, Context] = {}

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        context = self.contexts.setdefault(id(func), copy_context())
        return Entry(func, args, kwargs, context.copy())


@breaks("CTX-1")
class NoContextLate(Model):
    """Keeps no context from the sixth add on."""

    added = 0

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        self.added += 1
        entry = super().entry(func, args, kwargs)
        if self.added > LATE:
            entry.context = Context()
        return entry


@breaks("CTX-1")
class NoContextAtTimes(Model):
    """Loses the context of one task in eight."""

    async def perform(self, entry: Entry) -> None:
        if now_and_then():
            entry.context = Context()
        await super().perform(entry)


@breaks("CTX-1")
class NoContextForPartials(Model):
    """Loses the context of a partial."""

    async def perform(self, entry: Entry) -> None:
        if isinstance(entry.func, functools.partial):
            entry.context = Context()
        await super().perform(entry)


@breaks("CTX-1")
class ContextOfTheFirstRun(Model):
    """Runs its tasks as of the run, but of the first one for ever."""

    context: Context | None = None

    async def run(self) -> None:
        self.context = self.context or copy_context()
        await super().run()

    async def perform(self, entry: Entry) -> None:
        assert self.context is not None
        entry.context = self.context.copy()
        await super().perform(entry)


# CTX-2: as of the add or the run -------------------------------------------------------------


class AsOfEither(Counting):
    """Runs some tasks as of the run, the others as of the add."""

    context: Context

    def of_run(self, entry: Entry) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def run(self) -> None:
        self.context = copy_context()
        await super().run()

    async def perform(self, entry: Entry) -> None:
        if self.of_run(entry):
            entry.context = self.context.copy()
        await super().perform(entry)


@breaks("CTX-2")
class SyncAsOfTheRun(AsOfEither):
    """Runs sync tasks as of the run, async ones as of the add."""

    def of_run(self, entry: Entry) -> bool:
        return not is_async(entry.func)


@breaks("CTX-2")
class LateAsOfTheRun(AsOfEither):
    """Runs tasks as of the run from the sixth on, those before as of the add."""

    def of_run(self, entry: Entry) -> bool:
        return self.begun >= LATE


@breaks("CTX-2")
class AtTimesAsOfTheRun(AsOfEither):
    """Runs one task in eight as of the run, the others as of the add."""

    def of_run(self, entry: Entry) -> bool:
        return now_and_then()


@breaks("CTX-2")
class PartialsAsOfTheRun(AsOfEither):
    """Runs partials as of the run, all else as of the add."""

    def of_run(self, entry: Entry) -> bool:
        return isinstance(entry.func, functools.partial)


# CTX-3: what a task sets is its own ----------------------------------------------------------


class Shared(AsOfEither):
    """As of the run, where tasks may share a copy of the run's context."""

    def shares(self, entry: Entry) -> bool:
        """Whether a task runs in the shared copy itself: no, unless a member says so."""
        return False

    def of_run(self, entry: Entry) -> bool:
        return True

    async def perform(self, entry: Entry) -> None:
        entry.context = self.context if self.shares(entry) else self.context.copy()
        await Model.perform(self, entry)


@breaks("CTX-3")
class OneContext(Shared):
    """Runs all tasks in one copy of the run's context."""

    def shares(self, entry: Entry) -> bool:
        return True


@breaks("CTX-3")
class OneContextForAsync(Shared):
    """Runs async tasks in one copy of the run's context."""

    def shares(self, entry: Entry) -> bool:
        return is_async(entry.func)


@breaks("CTX-3")
class OneContextForSync(Shared):
    """Runs sync tasks in one copy of the run's context."""

    def shares(self, entry: Entry) -> bool:
        return not is_async(entry.func)


@breaks("CTX-3")
class OneContextAfterFailure(Shared):
    """Runs all tasks in one copy of the run's context, once one has failed."""

    def shares(self, entry: Entry) -> bool:
        return bool(self.failures)


def put_back(context: Context, names: Iterable[ContextVar[Any]]) -> None:
    """Set variables here to what they are there."""
    for name in names:
        if name in context:
            name.set(context[name])


def changed(before: Context, after: Context) -> list[ContextVar[Any]]:
    """The variables that differ, those of the suite and of applications, not of event loops."""
    return [
        name
        for name in after
        if isinstance(after[name], str) and name.name == "VAR" and before.get(name) != after[name]
    ]


class Copying(Model):
    """As of the add, and what some tasks set is put back where the run is awaited."""

    def copies(self, entry: Entry) -> bool:
        """Which: none, unless a member says so."""
        return False

    async def perform(self, entry: Entry) -> None:
        before = entry.context.copy()
        try:
            await super().perform(entry)
        finally:
            if self.copies(entry):
                put_back(entry.context, changed(before, entry.context))


@breaks("CTX-3")
class CallerSees(Copying):
    """Lets the caller see what tasks set, but no other task."""

    def copies(self, entry: Entry) -> bool:
        return True


@breaks("CTX-3")
class CallerSeesOfSync(Copying):
    """Lets the caller see what sync tasks set."""

    def copies(self, entry: Entry) -> bool:
        return not is_async(entry.func)


@breaks("CTX-3")
class CallerSeesAtTimes(Copying):
    """Lets the caller see what one task in eight sets."""

    def copies(self, entry: Entry) -> bool:
        return now_and_then()


@breaks("CTX-3")
class NextSees(Model):
    """Lets the next task see what a task set, but not the caller."""

    last: Context | None = None
    names: Iterable[ContextVar[Any]] = ()

    async def perform(self, entry: Entry) -> None:
        if self.last is not None:
            entry.context.run(put_back, self.last, self.names)
        before = entry.context.copy()
        try:
            await super().perform(entry)
        finally:
            self.last, self.names = entry.context, changed(before, entry.context)


# Odd -----------------------------------------------------------------------------------------


@odd
class AsOfTheRun(AsOfEither):
    """Runs every task in a copy of the run's context."""

    def of_run(self, entry: Entry) -> bool:
        return True


@odd
class CopyOfACopy(AsOfEither):
    """As of the run; calls each sync task in a copy of its own copy of the run's context."""

    def of_run(self, entry: Entry) -> bool:
        return True

    async def in_thread(self, entry: Entry) -> Any:
        inside = Entry(entry.func, entry.args, entry.kwargs, entry.context.run(copy_context))
        return await super().in_thread(inside)
