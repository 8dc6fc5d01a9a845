"""A client in process: one request on raw ASGI messages, of which each can be held back or fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel

__all__ = ["PATIENCE", "Client", "plain", "until"]

# How long a test waits for what a fault would keep from coming, in seconds.
PATIENCE = 30

Application = Callable[[Any, Any, Any], Awaitable[object]]


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds."""
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.lowlevel.checkpoint()


class Client:
    """Sends one request, and notes what it is sent in the history that tasks note in, too.

    A `send` turns the loop some times before it returns, so that whatever can start too early does.

    Args:
        seen: the history: "start", "body", "last" and the types of websocket messages, each when
            its `send` has returned.
        path: the path of the request.
        method: its method.
        headers: its headers.
        kind: the type of the scope, "http" or "websocket".
        held: the name of the message whose `send` waits for `go_on`.
        failing: the name of the message whose `send` raises OSError.
        incoming: what the client sends; by default an empty body, or a connect.
        spec: the version of ASGI that the server claims to speak.

    Attributes:
        messages: what was sent.
        is_held: set when the held `send` waits.
        go_on: lets it return.
        leaves: set it to disconnect.
    """

    def __init__(
        self,
        seen: list[Any],
        path: str = "/",
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        kind: str = "http",
        held: str | None = None,
        failing: str | None = None,
        incoming: list[dict[str, Any]] | None = None,
        spec: str = "2.4",
    ) -> None:
        self.seen = seen
        self.messages: list[dict[str, Any]] = []
        self.is_held, self.go_on, self.leaves = anyio.Event(), anyio.Event(), anyio.Event()
        self._held, self._failing, self._kind = held, failing, kind
        opening = {"type": "http.request"} if kind == "http" else {"type": "websocket.connect"}
        self._incoming = [opening] if incoming is None else incoming
        self.scope: dict[str, Any] = {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": spec},
            "http_version": "1.1",
            "method": method,
            "scheme": "http" if kind == "http" else "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"app"), *_encoded(headers or {})],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "subprotocols": [],
            "state": {},
            "extensions": {},
        }

    async def request(self, app: Application) -> None:
        """Have the application serve the request."""
        with anyio.fail_after(PATIENCE):
            await app(self.scope, self.receive, self.send)

    async def receive(self) -> dict[str, Any]:
        """The next message to the application; the disconnect waits for `leaves`."""
        if self._incoming:
            return self._incoming.pop(0)
        await self.leaves.wait()
        return {"type": f"{self._kind}.disconnect", "code": 1000}

    async def send(self, message: Any) -> None:
        """Take a message of the application."""
        name = _named(message)
        if name == self._failing:
            raise OSError("the client has gone")
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        if name == self._held:
            self.is_held.set()
            await self.go_on.wait()
        self.messages.append(message)
        self.seen.append(name)

    @property
    def status(self) -> int:
        """The status of the response."""
        [start] = [each for each in self.messages if each["type"] == "http.response.start"]
        status: int = start["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        [start] = [each for each in self.messages if each["type"] == "http.response.start"]
        return {name.decode(): value.decode() for name, value in start["headers"]}

    @property
    def body(self) -> bytes:
        """The body of the response."""
        return b"".join(each.get("body", b"") for each in self.messages)


async def plain(send: Callable[[Any], Awaitable[None]], status: int = 200) -> None:
    """Send a response of two body messages."""
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"o", "more_body": True})
    await send({"type": "http.response.body", "body": b"k"})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _named(message: dict[str, Any]) -> str:
    """What the history calls a message."""
    if message["type"] == "http.response.start":
        return "start"
    if message["type"] == "http.response.body":
        return "body" if message.get("more_body") else "last"
    return str(message["type"])
