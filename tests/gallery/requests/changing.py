"""Members whose response hangs on what tasks do (RSP-2, and by its kind RSP-5 and RSP-10)."""

from __future__ import annotations

from typing import Any

from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Entry, Little, Message, Visit, is_async, now_and_then

BODY = "http.response.body"
TROUBLE: dict[str, Any] = {"type": "http.response.start", "status": 500, "headers": []}


class Changing(Little):
    """Sends something after the response where a task fails."""

    async def failed(self, visit: Visit, entry: Entry) -> None:
        if visit.answer.whole and self.changes(visit, entry):
            await self.change(visit)

    def changes(self, visit: Visit, entry: Entry) -> bool:
        """Whether this failure changes the response: none, unless a member says so."""
        return not self.depth and self.usual(visit)

    def usual(self, visit: Visit) -> bool:
        """The response is none that RSP-5 speaks of."""
        headers = visit.answer.headers
        return (
            visit.scope["method"] != "HEAD"
            and visit.answer.status not in {202, 204}
            and not visit.answer.streamed
            and not visit.answer.file
            and headers.get("content-type") == "application/json"
        )

    async def change(self, visit: Visit) -> None:
        """Change it: another part of the body, unless a member says otherwise."""
        await visit.send({"type": BODY, "body": b"a task failed"})


@breaks("RSP-2")
class FiveHundredAfterwards(Changing):
    """Answers once more, with a 500."""

    async def change(self, visit: Visit) -> None:
        await visit.send(TROUBLE)
        await visit.send({"type": BODY})


@breaks("RSP-2")
class TellsInTheBody(Changing):
    """Adds to the body that a task failed."""


@breaks("RSP-2")
class TellsOfASyncFailure(Changing):
    """Adds to the body where a sync task failed."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return super().changes(visit, entry) and not is_async(entry)


@breaks("RSP-2")
class TellsOfTheLastFailure(Changing):
    """Adds to the body where a task failed after which none is left."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return super().changes(visit, entry) and not visit.tasks.entries


@breaks("RSP-2")
class TellsAtTimes(Changing):
    """Adds to the body, one time in eight."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return super().changes(visit, entry) and now_and_then()


class Remembering(Changing):
    """Remembers that a task has failed."""

    def start_up(self) -> None:
        self.failures = 0

    async def failed(self, visit: Visit, entry: Entry) -> None:
        self.failures += 1


@breaks("RSP-2")
class Degraded(Remembering):
    """Answers later requests as a server in trouble."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        starts = message["type"] == "http.response.start"
        if starts and self.failures and self.changes(visit, (print, (), {})):
            message = {**message, "status": 503}
        await super().forward(visit, message, last)


@breaks("RSP-2")
class CountsFailures(Remembering):
    """Tells in a header how many tasks have failed so far."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        starts = message["type"] == "http.response.start"
        if starts and self.failures and self.changes(visit, (print, (), {})):
            count = (b"x-failed", str(self.failures).encode())
            headers: list[Any] = [*message.get("headers", []), count]
            message = {**message, "headers": headers}
        await super().forward(visit, message, last)


@breaks("RSP-5")
class TellsInAStream(Changing):
    """Ends a stream with the news that a task failed."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return visit.answer.streamed and not self.depth


@breaks("RSP-5")
class TellsWithoutContent(Changing):
    """Gives a 204 the body that it has not."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return visit.answer.status == 204 and not self.depth


@breaks("RSP-5")
class TakesBackItsAcceptance(Changing):
    """Answers once more, with a 500, where it had said 202."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return visit.answer.status == 202 and not self.depth

    async def change(self, visit: Visit) -> None:
        await visit.send(TROUBLE)


@breaks("RSP-5")
class TellsAfterAFile(Changing):
    """Writes behind a file that a task failed."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return visit.answer.file and not self.depth


@breaks("RSP-5")
class TellsInAnAnswerToHead(Changing):
    """Gives an answer to HEAD a body."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return visit.scope["method"] == "HEAD" and not self.depth


@breaks("RSP-10")
class TellsBehindBase(Changing):
    """Adds to the body behind a `BaseHTTPMiddleware`."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return self.bases > 0


@breaks("RSP-10")
class TellsBehindGZip(Changing):
    """Answers once more, behind GZip."""

    def changes(self, visit: Visit, entry: Entry) -> bool:
        return self.gzips

    async def change(self, visit: Visit) -> None:
        await visit.send(TROUBLE)
