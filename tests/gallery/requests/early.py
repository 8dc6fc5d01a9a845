"""Members that start tasks before the response is out: always, or for some (RSP-1, 5 and 10)."""

from __future__ import annotations

from functools import partial

import anyio
import anyio.lowlevel

from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Little, Message, Receive, Visit, now_and_then

BODY = "http.response.body"
MANY = 8
"""Tasks that are too many to wait for the response."""


class Early(Little):
    """Runs what was added before it passes a message on, where a member says so."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        if self.is_time(visit, message, last):
            await self.run(visit)
        await super().forward(visit, message, last)

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        """Whether the tasks are due before this message: never, unless a member says so."""
        return False


# RSP-1: for every response, or for some that look like any other ------------------------------


@breaks("RSP-1")
class OnTheStart(Early):
    """Starts when the response does."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return bool(message["type"] == "http.response.start")


@breaks("RSP-1")
class OnTheFirstPart(Early):
    """Starts on the first part of the body."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return message["type"] == BODY and not visit.answer.parts


@breaks("RSP-1")
class OnTheLastPart(Early):
    """Starts on the last part of the body, just before it is sent."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last


@breaks("RSP-1")
class BeforeTheLastReturns(Little):
    """Starts when the last part is handed over, and does not wait for that to return."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        if not last:
            await super().forward(visit, message, last)
            return
        async with anyio.create_task_group() as group:
            group.start_soon(super().forward, visit, message, last)
            await anyio.lowlevel.checkpoint()
            group.start_soon(self.run, visit)


@breaks("RSP-1")
class QueuesTheParts(Little):
    """Takes a part for sent that it has put into a queue."""

    async def serve(self, visit: Visit, receive: Receive) -> None:
        send = visit.send
        put, take = anyio.create_memory_object_stream[Message](float("inf"))
        visit.send = put.send

        async def send_all() -> None:
            with take:
                async for message in take:
                    await send(message)

        async with anyio.create_task_group() as group:
            with put:
                group.start_soon(send_all)
                await super().serve(visit, receive)


@breaks("RSP-1")
class EarlyWhenSync(Early):
    """Starts early where the endpoint is sync."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and any(not a.level and not a.asynchronous for a in visit.askers)


@breaks("RSP-1")
class EarlyWhenOnlyADependencyAsks(Early):
    """Starts early where the endpoint does not ask for the container itself."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and all(asker.level for asker in visit.askers)


@breaks("RSP-1")
class EarlyAfterAnHTTPException(Early):
    """Starts early where the response is one to an HTTP exception."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and visit.answer.status == 409


@breaks("RSP-1")
class EarlyAfterAnError(Early):
    """Starts early where the response is that of a server in trouble."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and visit.answer.status == 500


@breaks("RSP-1")
class EarlyWhenMany(Early):
    """Does not let many tasks wait."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and len(visit.tasks.entries) > MANY


@breaks("RSP-1")
class EarlyFromTheSecondOn(Early):
    """Starts early for all requests but the first."""

    def start_up(self) -> None:
        self.visits = 0

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        self.visits += last
        return last and self.visits > 1


@breaks("RSP-1")
class EarlyAtTimes(Early):
    """Starts early, one time in eight."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and now_and_then()


@breaks("RSP-1")
class HoldsItBack(Little):
    """Gathers the response until the application has returned, with the response's own tasks."""

    async def serve(self, visit: Visit, receive: Receive) -> None:
        send = visit.send
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)
            self.hold(visit)

        if visit.scope["type"] == "http":
            visit.send = hold
        try:
            await self.app(visit.scope, receive, partial(self.passes, visit))
        except Exception as exc:
            visit.problem = exc
        try:
            for message in held:
                await send(message)
        finally:
            await self.after(visit)
        if visit.problem is not None:
            raise visit.problem

    def hold(self, visit: Visit) -> None:
        """A message is held back."""


# RSP-5: for one kind of response --------------------------------------------------------------


@breaks("RSP-5")
class EarlyWhenStreamed(Early):
    """Starts on the first part of a stream."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return message["type"] == BODY and visit.answer.streamed and not self.depth


@breaks("RSP-5")
class BeforeTheEmptyLast(Early):
    """Takes the part before an empty last one for the last."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and visit.answer.parts > 1 and not message.get("body") and not self.depth


@breaks("RSP-5")
class EarlyWhenFile(Early):
    """Starts early for a file."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and visit.answer.file and not self.depth


@breaks("RSP-5")
class EarlyWithoutContent(Early):
    """Starts a 204, which has no body, together with its tasks."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        starts = message["type"] == "http.response.start"
        return starts and visit.answer.status == 204 and not self.depth


@breaks("RSP-5")
class EarlyWhenAccepted(Early):
    """Takes a 202 at its word."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and visit.answer.status == 202 and not self.depth


@breaks("RSP-5")
class EarlyWhenRedirected(Early):
    """Starts early for a redirect."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and "location" in visit.answer.headers and not self.depth


@breaks("RSP-5")
class EarlyForHead(Early):
    """Starts an answer to HEAD together with its tasks, for no body is due."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        starts = message["type"] == "http.response.start"
        return starts and visit.scope["method"] == "HEAD" and not self.depth


@breaks("RSP-5")
class ByContentLength(Early):
    """Takes a response for sent once as many bytes are as it says, and a stream says none."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        await super().forward(visit, message, last)
        if message["type"] == BODY and not last and visit.answer.streamed and not self.depth:
            await self.run(visit)


@breaks("RSP-5")
class EarlyWhenASyncStream(Early):
    """Starts early for a stream that a sync endpoint has made."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and visit.answer.streamed and not visit.endpoint_is_async and not self.depth


# RSP-10: behind one kind of middleware --------------------------------------------------------


@breaks("RSP-10")
class EarlyBehindBase(Early):
    """Starts early behind a `BaseHTTPMiddleware`."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and self.bases > 0


@breaks("RSP-10")
class EarlyBehindGZip(Early):
    """Starts early where the response was packed."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and "content-encoding" in visit.answer.headers


@breaks("RSP-10")
class EarlyBehindAny(Early):
    """Starts early behind any middleware, pure ASGI too."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and self.depth > 0


@breaks("RSP-10")
class EarlyBehindTwo(Early):
    """Starts early where one `BaseHTTPMiddleware` is around another."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and self.bases > 1


@breaks("RSP-10")
class EarlyWhenAPackedStream(Early):
    """Starts with a stream that GZip packs, of which nobody knows the length."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return self.gzips and visit.answer.streamed and message["type"] == BODY


@breaks("RSP-10")
class EarlyWhenAFileBehindBase(Early):
    """Starts early for a file behind a `BaseHTTPMiddleware`."""

    def is_time(self, visit: Visit, message: Message, last: bool) -> bool:
        return last and self.bases > 0 and visit.answer.file
