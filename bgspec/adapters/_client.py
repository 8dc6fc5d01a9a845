"""The client of a request, as its messages tell of it: has it left before it had the response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

__all__ = ["Client"]

BODIES: Final = ("http.response.body", "http.response.zerocopysend")


class Client:
    """Watches what is received and sent, and hands it on.

    A websocket has no end of its own that a client could miss: only what cannot be sent tells that
    its client has left.

    Args:
        receive: the server's.
        send: the server's.

    Attributes:
        has_left: whether the client disconnected before the whole response was handed to `send`, or
            `send` raised OSError, which is how a server may tell.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self.has_left = False
        self._receive = receive
        self._send = send
        self._is_answered = False
        self._has_trailers = False

    async def receive(self) -> Any:
        """The next message from the client."""
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self._is_answered:
            self.has_left = True
        return message

    async def send(self, message: Any) -> None:
        """Send a message; the last one counts from now on, for its `send` may disconnect."""
        if self._is_last(message):
            self._is_answered = True
        try:
            await self._send(message)
        except OSError:
            self.has_left = True
            raise

    def _is_last(self, message: Any) -> bool:
        """Whether the response is whole with this message."""
        kind = message["type"]
        if kind == "http.response.start":
            self._has_trailers = message.get("trailers", False)
        if kind == "http.response.trailers":
            return not message.get("more_trailers", False)
        if self._has_trailers:
            return False
        if kind in BODIES:
            return not message.get("more_body", False)
        return bool(kind == "http.response.pathsend")
