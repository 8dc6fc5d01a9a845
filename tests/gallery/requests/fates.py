"""Members that have two answers to what becomes of the tasks (RSP-6, 7, 13 and 14)."""

from __future__ import annotations

from types import CodeType

from fastapi.exceptions import ResponseValidationError

from tests.gallery.requests.frames import Asker
from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Entry, Little, Message, Visit, is_async, now_and_then
from tests.gallery.requests.merging import Losing


class Dropping(Losing):
    """Drops some of what was added, in one way for a request to end."""

    def loses(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return self.ends_so(visit) and self.drops(visit, entry, asker)

    def ends_so(self, visit: Visit) -> bool:
        """Whether this is that way."""
        raise NotImplementedError

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        """What is dropped then."""
        raise NotImplementedError


def _has_dependencies(visit: Visit) -> bool:
    return any(asker.level for asker in visit.askers)


def _is_first(visit: Visit, entry: Entry) -> bool:
    return bool(entry is visit.tasks.entries[0])


# RSP-6 ------------------------------------------------------------------------------------------


class AfterHTTP(Dropping):
    """Speaks of an HTTP exception."""

    def ends_so(self, visit: Visit) -> bool:
        return visit.answer.status == 409


@breaks("RSP-6")
class HTTPDropsOfAsyncEndpoints(AfterHTTP):
    """Drops them where the endpoint is async, and runs them where it is sync."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.endpoint_is_async


@breaks("RSP-6")
class HTTPDropsWithDependencies(AfterHTTP):
    """Drops them where a dependency has asked too."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return _has_dependencies(visit)


@breaks("RSP-6")
class HTTPDropsOfTheEndpoint(AfterHTTP):
    """Drops what the endpoint has added, and runs what dependencies have."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not asker.level and _has_dependencies(visit)


@breaks("RSP-6")
class HTTPRunsTheFirst(AfterHTTP):
    """Runs the first task alone."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not _is_first(visit, entry)


@breaks("RSP-6")
class HTTPDropsAsyncTasks(AfterHTTP):
    """Runs sync tasks alone."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return is_async(entry)


@breaks("RSP-6")
class HTTPRunsTwice(AfterHTTP):
    """Runs everything once for the exception, and once more for the response to it."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return False

    async def run(self, visit: Visit) -> None:
        again = [*visit.tasks.entries] if self.ends_so(visit) else []
        await super().run(visit)
        visit.tasks.entries[:] = again
        await Little.run(self, visit)


@breaks("RSP-6")
class HTTPDropsAtTimes(AfterHTTP):
    """Drops a task, one time in eight."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return now_and_then()


# RSP-7 ------------------------------------------------------------------------------------------


class AfterAnErrorOf(Dropping):
    """Speaks of an exception in a function."""

    def ends_so(self, visit: Visit) -> bool:
        return isinstance(visit.problem, LookupError) and self.where(self.raised_in(visit))

    def where(self, function: str) -> bool:
        """Whether it is this function."""
        return function == "endpoint"

    def raised_in(self, visit: Visit) -> str:
        """The name of the function that raised it."""
        code = self.place(visit)
        return code.co_name if code is not None else ""

    def place(self, visit: Visit) -> CodeType | None:
        """And its code."""
        place = visit.problem.__traceback__ if visit.problem is not None else None
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        return place.tb_frame.f_code if place is not None else None


@breaks("RSP-7")
class ErrorDropsOfAsyncEndpoints(AfterAnErrorOf):
    """Drops them where the endpoint that fails is async, and runs them where it is sync."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.endpoint_is_async


@breaks("RSP-7")
class ErrorDropsOfTheEndpoint(AfterAnErrorOf):
    """Drops what the endpoint that fails has added, and runs what dependencies have."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not asker.level and _has_dependencies(visit)


@breaks("RSP-7")
class ErrorRunsTheFirst(AfterAnErrorOf):
    """Runs the first task alone."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not _is_first(visit, entry)


@breaks("RSP-7")
class ErrorDropsOfObjects(AfterAnErrorOf):
    """Drops them where a class or an instance fails."""

    def where(self, function: str) -> bool:
        return function in {"__init__", "__call__"}

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return True


@breaks("RSP-7")
class ErrorDropsOfAsyncDependencies(AfterAnErrorOf):
    """Drops them where the dependency that fails is async."""

    def where(self, function: str) -> bool:
        return function != "endpoint"

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return any(asker.level and asker.asynchronous for asker in visit.askers)


@breaks("RSP-7")
class ErrorDropsOfTheFailing(AfterAnErrorOf):
    """Drops what the dependency that fails has added, and runs what others have."""

    def where(self, function: str) -> bool:
        return function != "endpoint"

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.code is self.place(visit) and len({a.code for a in visit.askers}) > 2


@breaks("RSP-7")
class ErrorDropsAtTimes(AfterAnErrorOf):
    """Drops a task, one time in eight."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return now_and_then()


class AfterInvalid(Dropping):
    """Speaks of a response that is not valid."""

    def ends_so(self, visit: Visit) -> bool:
        return isinstance(visit.problem, ResponseValidationError)


@breaks("RSP-7")
class InvalidDropsAsyncTasks(AfterInvalid):
    """Runs sync tasks alone where the response is not valid."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return is_async(entry)


@breaks("RSP-7")
class InvalidDropsOfSyncEndpoints(AfterInvalid):
    """Drops them where the endpoint that gave no valid response is sync."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not visit.endpoint_is_async


@breaks("RSP-7")
class InvalidDropsWithDependencies(AfterInvalid):
    """Drops them where the response is not valid and a dependency has asked too."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return _has_dependencies(visit)


class AfterMiddleware(Dropping):
    """Speaks of a middleware that fails."""

    def ends_so(self, visit: Visit) -> bool:
        return isinstance(visit.problem, RuntimeError)


@breaks("RSP-7")
class MiddlewareDropsWithDependencies(AfterMiddleware):
    """Drops them where a middleware fails and a dependency has asked too."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return _has_dependencies(visit)


@breaks("RSP-7")
class MiddlewareDropsOfAsyncEndpoints(AfterMiddleware):
    """Drops them where a middleware fails and the endpoint is async."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.endpoint_is_async


@breaks("RSP-7")
class MiddlewareRunsTheFirst(AfterMiddleware):
    """Runs the first task alone where a middleware fails."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not _is_first(visit, entry)


# RSP-13 -----------------------------------------------------------------------------------------


class AfterAWebsocket(Dropping):
    """Speaks of websockets."""

    def ends_so(self, visit: Visit) -> bool:
        return bool(visit.scope["type"] == "websocket")


@breaks("RSP-13")
class WebsocketDropsWithDependencies(AfterAWebsocket):
    """Drops them where a dependency has asked too."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return _has_dependencies(visit)


@breaks("RSP-13")
class WebsocketDropsOfDependencies(AfterAWebsocket):
    """Drops what dependencies have added."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.level > 0


@breaks("RSP-13")
class WebsocketDropsAsyncTasks(AfterAWebsocket):
    """Runs sync tasks alone."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return is_async(entry)


@breaks("RSP-13")
class WebsocketDropsWithoutTheEndpoint(AfterAWebsocket):
    """Drops them where the endpoint itself does not ask."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return all(asker.level for asker in visit.askers)


@breaks("RSP-13")
class WebsocketDropsAtTimes(AfterAWebsocket):
    """Drops a task, one time in eight."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return now_and_then()


# RSP-14 -----------------------------------------------------------------------------------------


class AfterALoss(Dropping):
    """Speaks of a ``send`` that failed."""

    def ends_so(self, visit: Visit) -> bool:
        return isinstance(visit.problem, OSError)


@breaks("RSP-14")
class LossAtTheStartDrops(AfterALoss):
    """Drops them where nothing was sent, and runs them where something was."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return "started" not in visit.scope

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await super().forward(visit, message, last)
        visit.scope["started"] = True


@breaks("RSP-14")
class LossOfAStreamDrops(AfterALoss):
    """Drops them where a stream was broken off."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.answer.streamed


@breaks("RSP-14")
class LossDropsOfSyncEndpoints(AfterALoss):
    """Drops them where the endpoint is sync."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not visit.endpoint_is_async


@breaks("RSP-14")
class LossRunsTheFirst(AfterALoss):
    """Runs the first task alone."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return not _is_first(visit, entry)


@breaks("RSP-14")
class LossDropsOfDependencies(AfterALoss):
    """Drops what dependencies have added."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return asker.level > 0


@breaks("RSP-14")
class LossAmidAStreamDrops(AfterALoss):
    """Drops them where a part of the body has arrived, and the next has not."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.answer.parts > 0


@breaks("RSP-14")
class LossOfTheEndDrops(AfterALoss):
    """Drops them where all but the end of a stream has arrived."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return visit.answer.parts > 1


@breaks("RSP-14")
class LossLeavesThemToTheNext(AfterALoss):
    """Leaves them in the container, in which the next request finds them, if one comes."""

    def start_up(self) -> None:
        self.left: list[Entry] = []

    async def run(self, visit: Visit) -> None:
        entries = visit.tasks.entries
        if self.ends_so(visit):
            self.left += entries
            return
        entries[:] = [*self.left, *entries]
        self.left.clear()
        await Little.run(self, visit)


@breaks("RSP-14")
class LossDropsAtTimes(AfterALoss):
    """Drops a task, one time in eight."""

    def drops(self, visit: Visit, entry: Entry, asker: Asker) -> bool:
        return now_and_then()
