"""Members that lose one of two: the response's own background, or the container (RSP-8)."""

from __future__ import annotations

import inspect

from starlette.responses import Response

from tests.gallery.requests.frames import response_of
from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Little, Message, Visit, is_async, now_and_then


class Owning(Little):
    """Looks at the response that the endpoint returned."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        if message["type"] == "http.response.start":
            response = response_of(inspect.currentframe())
            if response is not None and response.background is not None:
                self.see(visit, response)
        await super().forward(visit, message, last)

    def see(self, visit: Visit, response: Response) -> None:
        """It has a background."""


@breaks("RSP-8")
class DropsItsOwn(Little):
    """Drops the container where the response has a background."""

    async def forward(self, visit: Visit, message: Message, last: bool) -> None:
        response = response_of(inspect.currentframe())
        if response is not None and response.background is not None:
            visit.tasks.entries.clear()
        await super().forward(visit, message, last)


@breaks("RSP-8")
class DropsTheResponses(Owning):
    """Drops the background of the response where something is in the container."""

    def see(self, visit: Visit, response: Response) -> None:
        if visit.tasks.entries:
            response.background = None


@breaks("RSP-8")
class DropsTheResponsesWhenStreamed(Owning):
    """Drops the background of a stream."""

    def see(self, visit: Visit, response: Response) -> None:
        if visit.answer.streamed:
            response.background = None


@breaks("RSP-8")
class DropsItsOwnWhenFile(Owning):
    """Drops the container where a file has a background, to remove it as a rule."""

    def see(self, visit: Visit, response: Response) -> None:
        if visit.answer.file:
            visit.tasks.entries.clear()


@breaks("RSP-8")
class DropsTheResponsesOfSyncEndpoints(Owning):
    """Drops the background of a response that a sync endpoint made."""

    def see(self, visit: Visit, response: Response) -> None:
        if any(not asker.level and not asker.asynchronous for asker in visit.askers):
            response.background = None


@breaks("RSP-8")
class DropsItsOwnOfDependencies(Owning):
    """Drops the container where no endpoint has asked for it."""

    def see(self, visit: Visit, response: Response) -> None:
        if all(asker.level for asker in visit.askers):
            visit.tasks.entries.clear()


@breaks("RSP-8")
class RunsTheResponsesTwice(Owning):
    """Takes the background of the response into the container, and leaves it there too."""

    def see(self, visit: Visit, response: Response) -> None:
        visit.tasks.add_task(response.background)


@breaks("RSP-8")
class DropsItsAsyncTasks(Owning):
    """Drops the async tasks in the container where the response has a background."""

    def see(self, visit: Visit, response: Response) -> None:
        visit.tasks.entries[:] = [e for e in visit.tasks.entries if not is_async(e)]


@breaks("RSP-8")
class DropsTheResponsesAtTimes(Owning):
    """Drops the background of the response, one time in eight."""

    def see(self, visit: Visit, response: Response) -> None:
        if now_and_then():
            response.background = None


@breaks("RSP-8")
class DropsTheInjected(Little):
    """Does not look at what was set on the injected response."""

    async def after(self, visit: Visit) -> None:
        await self.run(visit)


@breaks("RSP-8")
class DropsForTheInjected(Little):
    """Runs what was set on the injected response in the container's place."""

    async def after(self, visit: Visit) -> None:
        if visit.injected is not None and visit.injected.background is not None:
            visit.tasks.entries.clear()
        await super().after(visit)


@breaks("RSP-8")
class DropsTheInjectedOfSyncEndpoints(Little):
    """Does not look at what a sync endpoint set on the injected response."""

    async def after(self, visit: Visit) -> None:
        if visit.injected is not None and not visit.endpoint_is_async:
            visit.injected.background = None
        await super().after(visit)
