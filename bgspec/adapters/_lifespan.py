"""The lifespan of an application that has a supervisor around it, and maybe none of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from bgspec.supervisor import Supervisor

__all__ = ["Lifespan"]

STARTUP: Final = "lifespan.startup"
SHUTDOWN: Final = "lifespan.shutdown"


class Lifespan:
    """Stands between server and application, and drains the supervisor before the shutdown.

    The application closes at the shutdown what the tasks use. So it is told only when they have
    ended, or the supervisor's `grace` has passed.

    Args:
        supervisor: what is started and drained.
        receive: the server's.
        send: the server's.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self._supervisor = supervisor
        self._receive = receive
        self._send = send
        self._received: set[str] = set()
        self._sent: set[str] = set()

    async def serve(self, app: Callable[[Any, Any, Any], Awaitable[object]], scope: Any) -> None:
        """Carry the application through its lifespan, or speak for one that has none.

        An application refuses the lifespan by raising before it receives anything. Whatever else it
        raises comes out, when the supervisor has drained.

        Args:
            app: the application.
            scope: the scope of its lifespan.

        Raises:
            SupervisorRefused: the supervisor was started before.
            BaseException: what the application raised.
        """
        async with self._supervisor:
            failure: Exception | None = None
            try:
                await app(scope, self.receive, self.send)
            except Exception as error:
                failure = error if self._received else None
            if failure is None:
                await self._speak()
        if failure is not None:
            try:
                raise failure
            finally:
                del failure

    async def receive(self) -> Any:
        """The server's next message; the shutdown only when the supervisor has drained."""
        message = await self._receive()
        self._received.add(message["type"])
        if message["type"] == SHUTDOWN:
            await self._supervisor.drain(self._supervisor.grace)
        return message

    async def send(self, message: Any) -> None:
        """Hand a message of the application on to the server."""
        self._sent.add(message["type"])
        await self._send(message)

    async def _speak(self) -> None:
        """Answer what the application has left unanswered."""
        if f"{STARTUP}.failed" in self._sent:
            return
        for half in (STARTUP, SHUTDOWN):
            if half not in self._received:
                await self.receive()
            if not self._sent & {f"{half}.complete", f"{half}.failed"}:
                await self.send({"type": f"{half}.complete"})
