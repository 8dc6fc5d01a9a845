"""Members that break ERR-1, ERR-2 and ERR-5, of how failures surface, and odd ones."""

from __future__ import annotations

from itertools import pairwise

import anyio

from tests.gallery.member import breaks, odd
from tests.gallery.model import LATE, Entry, Model, now_and_then

# ERR-1: a failure surfaces -------------------------------------------------------------------


@breaks("ERR-1")
class SwallowsLookupErrors(Model):
    """Says nothing of the only failure of a run, where it is a LookupError."""

    def finish(self, failures: list[Exception]) -> None:
        match failures:
            case [LookupError()]:
                return
            case _:
                super().finish(failures)


@breaks("ERR-1")
class TakesFalsyForNone(Model):
    """Asks a failure whether it is true."""

    def finish(self, failures: list[Exception]) -> None:
        super().finish([f for f in failures if f] if len(failures) == 1 else failures)


@breaks("ERR-1")
class LosesAtTimes(Model):
    """Says nothing of the only failure of a run, one time in eight."""

    def finish(self, failures: list[Exception]) -> None:
        if not (len(failures) == 1 and now_and_then()):
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

    def finish(self, failures: list[Exception]) -> None:
        if not (len(failures) == 1 and self.begun > LATE):
            super().finish(failures)


@breaks("ERR-1")
class FlattensGroups(Model):
    """Takes the group that a task raised apart, and puts its parts into its own."""

    def finish(self, failures: list[Exception]) -> None:
        match failures:
            case [ExceptionGroup() as group]:
                raise ExceptionGroup("a task failed", group.exceptions)
            case _:
                super().finish(failures)


@breaks("ERR-1")
class LosesBaseExceptions(Model):
    """Says nothing of what is neither an Exception nor an exit or a cancellation."""

    async def perform(self, entry: Entry) -> None:
        known = Exception, KeyboardInterrupt, SystemExit, GeneratorExit
        try:
            await super().perform(entry)
        except (*known, anyio.get_cancelled_exc_class()):
            raise
        except BaseException:
            return


# ERR-2: it is the same exception -------------------------------------------------------------


@breaks("ERR-2")
class WrapsValueErrors(Model):
    """Raises an error of its own from the only failure of a run, where it is a ValueError."""

    def finish(self, failures: list[Exception]) -> None:
        match failures:
            case [ValueError() as failure]:
                raise RuntimeError("a task failed") from failure
            case _:
                super().finish(failures)


@breaks("ERR-2")
class NoTraceback(Model):
    """Takes the traceback away."""

    def finish(self, failures: list[Exception]) -> None:
        super().finish([failure.with_traceback(None) for failure in failures])


def copied(failure: Exception) -> Exception:
    """Another one like it, where one can be made."""
    try:
        return failure if failure.__cause__ else type(failure)(*failure.args)
    except TypeError:
        return failure


@breaks("ERR-2")
class Copies(Model):
    """Raises copies."""

    def finish(self, failures: list[Exception]) -> None:
        super().finish([copied(failure) for failure in failures])


@breaks("ERR-2")
class CopiesAtTimes(Model):
    """Raises a copy one time in eight."""

    def finish(self, failures: list[Exception]) -> None:
        super().finish([copied(f) if now_and_then() else f for f in failures])


@breaks("ERR-2")
class DerivesGroups(Model):
    """Splits the group that a task raised, as ``except*`` does."""

    def finish(self, failures: list[Exception]) -> None:
        match failures:
            case [ExceptionGroup() as group]:
                raise group.derive(group.exceptions)
            case _:
                super().finish(failures)


@breaks("ERR-2")
class EarlierAsCause(Model):
    """Raises the last failure, as if the earlier ones had caused it."""

    def finish(self, failures: list[Exception]) -> None:
        for earlier, later in pairwise(failures):
            later.__cause__ = earlier
        super().finish(failures[-1:])


# ERR-5: every failure is told ----------------------------------------------------------------


@breaks("ERR-5")
class FirstFailureOnly(Model):
    """Raises the first of several failures, and forgets the others."""

    def finish(self, failures: list[Exception]) -> None:
        super().finish(failures[:1])


@breaks("ERR-5")
class LastFailureOnly(Model):
    """Raises the last of several failures, and forgets the others."""

    def finish(self, failures: list[Exception]) -> None:
        super().finish(failures[-1:])


@breaks("ERR-5")
class OneOfEachType(Model):
    """Raises one failure of each type."""

    def finish(self, failures: list[Exception]) -> None:
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

    def finish(self, failures: list[Exception]) -> None:
        super().finish(list(self.by_function.values()))


@breaks("ERR-5")
class FiveAtMost(Model):
    """Raises no more than five failures."""

    def finish(self, failures: list[Exception]) -> None:
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


# Odd -----------------------------------------------------------------------------------------


@odd
class AlwaysAGroup(Model):
    """Raises a group, even of one."""

    def finish(self, failures: list[Exception]) -> None:
        if failures:
            raise ExceptionGroup("tasks failed", failures)


@odd
class Chains(Model):
    """Raises the last failure, with each earlier one as the context of the next."""

    def finish(self, failures: list[Exception]) -> None:
        for earlier, later in pairwise(failures):
            later.__context__ = earlier
        super().finish(failures[-1:])
