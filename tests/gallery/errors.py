"""Members that break the chapter ERR in ways that show rarely, and odd ones that use its freedoms.

The crude ones are in `failing`.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import anyio
import anyio.to_thread

from bgspec_conformance.drivers.backend import running_loop
from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, Siblings, is_async

LATE = 5
"""Tasks of a run before a member that is faulty late shows its fault."""


def now_and_then() -> bool:
    """True one time in eight."""
    return random.random() < 1 / 8


def alone(failures: list[Any], kind: type[BaseException] = Exception) -> bool:
    """Whether it was the only failure, and of this kind."""
    return len(failures) == 1 and isinstance(failures[0], kind)


# ERR-1


@breaks("ERR-1")
class LosesAtTimes(Model):
    """Says nothing of the only failure of a run, one time in eight."""

    def finish(self, failures: list[Any]) -> None:
        if not (alone(failures) and now_and_then()):
            super().finish(failures)


@breaks("ERR-1")
class LosesLateFailures(Model):
    """Says nothing of the only failure of a run, where five tasks came before it."""

    async def run(self) -> None:
        self.begun = 0
        await super().run()

    async def perform(self, entry: Entry) -> None:
        self.begun += 1
        await super().perform(entry)

    def finish(self, failures: list[Any]) -> None:
        if not (alone(failures) and self.begun > LATE):
            super().finish(failures)


@breaks("ERR-1")
class FlattensGroups(Model):
    """Takes the group that a task raised apart, and puts its parts into its own."""

    def finish(self, failures: list[Any]) -> None:
        if alone(failures, ExceptionGroup):
            raise ExceptionGroup("a task failed", failures[0].exceptions)
        super().finish(failures)


@breaks("ERR-1")
class LosesBaseExceptions(Model):
    """Takes whatever is no Exception, and none that it knows, for nothing."""

    async def perform(self, entry: Entry) -> None:
        known = Exception, KeyboardInterrupt, SystemExit, GeneratorExit
        try:
            await super().perform(entry)
        except (*known, anyio.get_cancelled_exc_class()):
            raise
        except BaseException:
            return


# ERR-2


def copied(failure: Exception) -> Exception:
    """Another one like it, where one can be made."""
    try:
        return failure if failure.__cause__ else type(failure)(*failure.args)
    except TypeError:
        return failure


@breaks("ERR-2")
class Copies(Model):
    """Raises copies."""

    def finish(self, failures: list[Any]) -> None:
        super().finish([copied(failure) for failure in failures])


@breaks("ERR-2")
class CopiesAtTimes(Model):
    """Raises a copy one time in eight."""

    def finish(self, failures: list[Any]) -> None:
        super().finish([copied(f) if now_and_then() else f for f in failures])


@breaks("ERR-2")
class DerivesGroups(Model):
    """Splits the group that a task raised, as ``except*`` does."""

    def finish(self, failures: list[Any]) -> None:
        if alone(failures, ExceptionGroup):
            raise failures[0].derive(failures[0].exceptions)
        super().finish(failures)


@breaks("ERR-2")
class EarlierAsCause(Model):
    """Raises the last failure, as if the earlier ones had caused it."""

    def finish(self, failures: list[Any]) -> None:
        for earlier, later in pairwise(failures):
            later.__cause__ = earlier
        super().finish(failures[-1:])


# ERR-3


@breaks("ERR-3")
class RepeatsWhatEnded(Model):
    """Calls once more, when a task fails, the plain sync functions that had ended."""

    async def run(self) -> None:
        self.over: list[Entry] = []
        await super().run()

    def again(self) -> bool:
        """Whether it does so this time."""
        return True

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) == before:
            if inspect.isfunction(entry.func) and not (entry.args or entry.kwargs):
                self.over.append(entry)
        elif "failed" in str(self.failures[-1:]) and self.again():
            for ended in self.over:
                if not is_async(ended.func):
                    await self.perform(ended)
            self.over.clear()


@breaks("ERR-3")
class RepeatsAtTimes(RepeatsWhatEnded):
    """Does so one time in eight."""

    def again(self) -> bool:
        return now_and_then()


# ERR-4


class Stopping(Model):
    """Stops after a failure where `stops` says so, and forgets what was left."""

    def stops(self, failure: Exception) -> bool:
        """Whether it stops after this one."""
        raise NotImplementedError

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before and self.stops(self.failures[-1]):
            self.entries.clear()


@breaks("ERR-4")
class StopsAtTimes(Stopping):
    """Stops after one failure in eight."""

    def stops(self, failure: Exception) -> bool:
        return now_and_then()


@breaks("ERR-4")
class StopsAtOSErrors(Stopping):
    """Stops where the machine is at fault."""

    def stops(self, failure: Exception) -> bool:
        return isinstance(failure, OSError)


@breaks("ERR-4")
class StopsAtTheThird(Stopping):
    """Goes on until the third failure."""

    def stops(self, failure: Exception) -> bool:
        return len(self.failures) == 3


@breaks("ERR-4")
class SkipsWhatFailed(Model):
    """Does not call a function again that has failed in this run."""

    async def run(self) -> None:
        self.failed: list[Any] = []
        await super().run()

    async def attempt(self, entry: Entry) -> None:
        if any(func is entry.func for func in self.failed):
            return
        before = len(self.failures)
        await super().attempt(entry)
        if len(self.failures) > before:
            self.failed.append(entry.func)


# ERR-5


@breaks("ERR-5")
class LastFailureOnly(Model):
    """Raises the last of several failures, and forgets the others."""

    def finish(self, failures: list[Any]) -> None:
        super().finish(failures[-1:])


@breaks("ERR-5")
class OneOfEachType(Model):
    """Raises one failure of each type."""

    def finish(self, failures: list[Any]) -> None:
        super().finish(list({type(failure): failure for failure in failures}.values()))


@breaks("ERR-5")
class OneOfEachFunction(Model):
    """Keeps one failure of each function, so that of two equal adds one is told."""

    async def run(self) -> None:
        self.by_function: dict[int, Exception] = {}
        await super().run()

    async def attempt(self, entry: Entry) -> None:
        before = len(self.failures)
        await super().attempt(entry)
        for failure in self.failures[before:]:
            self.by_function[id(entry.func)] = failure

    def finish(self, failures: list[Any]) -> None:
        super().finish(list(self.by_function.values()))


@breaks("ERR-5")
class FiveAtMost(Model):
    """Raises no more than five failures."""

    def finish(self, failures: list[Any]) -> None:
        super().finish(failures[:LATE])


@breaks("ERR-5")
class SilentOnExit(Model):
    """Does not tell of earlier failures where an exit ends the run."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except (KeyboardInterrupt, SystemExit):
            self.failures = []
            raise


@breaks("ERR-5")
class SilentWhenCancelled(Model):
    """Does not tell of earlier failures where a cancellation ends the run."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except anyio.get_cancelled_exc_class():
            self.failures = []
            raise


# ERR-6


@breaks("ERR-6")
class GroupsExits(Model):
    """Raises an exit in a group."""

    async def attempt(self, entry: Entry) -> None:
        try:
            await super().attempt(entry)
        except (KeyboardInterrupt, SystemExit) as exc:
            raise BaseExceptionGroup("a task failed", [exc]) from None


@breaks("ERR-6")
class ExitsAnew(Model):
    """Raises another SystemExit in place of a sync task's."""

    async def in_thread(self, entry: Entry) -> Any:
        try:
            return await super().in_thread(entry)
        except SystemExit as exc:
            raise SystemExit(*exc.args) from exc


@breaks("ERR-6")
class InterruptIsAFailure(Model):
    """Files the KeyboardInterrupt of an async task with the failures, one time in eight."""

    async def on_loop(self, entry: Entry) -> Any:
        try:
            return await super().on_loop(entry)
        except KeyboardInterrupt as exc:
            if not now_and_then():
                raise
            raise RuntimeError("a task was interrupted") from exc


# ERR-7


@breaks("ERR-7")
class StopIterationIsAnEnd(Model):
    """Takes a sync task's StopIteration for an end."""

    async def in_thread(self, entry: Entry) -> Any:
        try:
            return await super().in_thread(entry)
        except RuntimeError as exc:
            if not isinstance(exc.__cause__, StopIteration):
                raise


@breaks("ERR-7")
class GeneratorExitIsAnEnd(Model):
    """Takes an async task's GeneratorExit for an end, one time in eight."""

    async def on_loop(self, entry: Entry) -> Any:
        try:
            return await super().on_loop(entry)
        except GeneratorExit:
            if not now_and_then():
                raise


@breaks("ERR-7")
class HangsAtStopIteration(Model):
    """Waits for ever where a sync task raises StopIteration, as a plain future does."""

    async def thread(self, call: Callable[[], Any]) -> Any:
        def shielded() -> Any:
            try:
                return call()
            except StopIteration:
                return None

        result = await super().thread(shielded)
        if result is None:
            await anyio.sleep_forever()
        return result


# ERR-8


class Harming(Siblings):
    """Knows whether another container has failed."""

    failed = False

    @property
    def harmed(self) -> bool:
        """Whether another one has failed."""
        return any(other.failed for other in self.others)

    async def run(self) -> None:
        try:
            await super().run()
        except BaseException:
            self.failed = True
            raise


@breaks("ERR-8")
class RefusesAfterFailure(Harming):
    """Refuses to run once another container has failed."""

    async def run(self) -> None:
        if self.harmed:
            raise RuntimeError("the runner has failed")
        await super().run()


@breaks("ERR-8")
class NoThreadsAfterFailure(Harming):
    """Calls no plain sync function once another container has failed."""

    async def in_thread(self, entry: Entry) -> Any:
        return None if self.harmed else await super().in_thread(entry)


@breaks("ERR-8")
class KeepsTokens(Model):
    """Keeps the thread token of a sync task that exits."""

    async def in_thread(self, entry: Entry) -> Any:
        try:
            return await super().in_thread(entry)
        except SystemExit:
            limiter = anyio.to_thread.current_default_thread_limiter()
            limiter.acquire_on_behalf_of_nowait(object())
            raise


# ERR-9


@breaks("ERR-9", backends=("asyncio",))
class CancelsAtTimes(Model):
    """Counts a task's own cancellation error as a cancellation, one time in eight."""

    async def attempt(self, entry: Entry) -> None:
        own = False
        try:
            await super().attempt(entry)
        except asyncio.CancelledError as exc:
            own = bool(exc.args) and now_and_then()
            if not own:
                raise
        if own:
            raise asyncio.CancelledError


# Odd but legal


@odd
class Chains(Model):
    """Raises the last failure, with each earlier one as the context of the next."""

    def finish(self, failures: list[Any]) -> None:
        for earlier, later in pairwise(failures):
            later.__context__ = earlier
        super().finish(failures[-1:])


@odd
class OwnLoopTasks(Model):
    """On asyncio runs each async task in a loop task of its own, so that exits end the loop."""

    async def on_loop(self, entry: Entry) -> Any:
        if not isinstance(running_loop(), asyncio.AbstractEventLoop):
            return await super().on_loop(entry)
        coroutine = entry.context.run(entry.func, *entry.args, **entry.kwargs)
        task = asyncio.create_task(coroutine, context=entry.context)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        return task.result()


@odd
class OwnCancellationCounts(Model):
    """Counts a task's own cancellation error as a cancellation, on asyncio."""

    async def attempt(self, entry: Entry) -> None:
        own = False
        try:
            await super().attempt(entry)
        except asyncio.CancelledError as exc:
            own = bool(exc.args)
            if not own:
                raise
        if own:
            raise asyncio.CancelledError


@odd
class OneThreadARun(Model):
    """Calls what is handed to a thread within two more calls, and hands errors over as values."""

    async def thread(self, call: Callable[[], Any]) -> Any:
        result, error = await super().thread(functools.partial(_outcome, call))
        if error is not None:
            raise error
        return result


def _outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except BaseException as exc:
        return None, exc
