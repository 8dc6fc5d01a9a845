"""What was seen while an application was served, as plain data.

An event is a row: what happened, in which request, and to what. That is how the scene writes it
down, and how a witness prints it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

__all__ = [
    "Added",
    "Answered",
    "Began",
    "Broke",
    "Called",
    "Closing",
    "Ended",
    "Event",
    "Expected",
    "Expired",
    "Failed",
    "History",
    "Left",
    "Lost",
    "Received",
    "Refused",
    "Returned",
    "Sending",
    "Sent",
    "Settled",
    "Started",
    "Stopped",
    "read",
]


class Row(msgspec.Struct, frozen=True, array_like=True):
    """The root of all events."""


class Began(Row, frozen=True, tag="began"):
    """The application is about to be called."""

    request: int


class Called(Row, frozen=True, tag="called"):
    """An endpoint or a dependency was called, with these containers, numbered by identity."""

    request: int
    function: str
    containers: tuple[int, ...]


class Closing(Row, frozen=True, tag="closing"):
    """A yielding dependency came to its closing part."""

    request: int
    function: str


class Added(Row, frozen=True, tag="added"):
    """An add returned; what is put into the response's own background is in container -1."""

    request: int
    work: str
    function: str
    container: int


class Refused(Row, frozen=True, tag="refused"):
    """An add raised an error of this kind."""

    request: int
    work: str
    function: str
    error: str


class Started(Row, frozen=True, tag="started"):
    """A work was called; ``request`` is the one that it was added for."""

    request: int
    work: str


class Ended(Row, frozen=True, tag="ended"):
    """A work gave back its value."""

    request: int
    work: str


class Failed(Row, frozen=True, tag="failed"):
    """A work raised, by itself or since it was cancelled."""

    request: int
    work: str
    error: str


class Sending(Row, frozen=True, tag="sending"):
    """The application sends a part of its response."""

    request: int
    part: str
    last: bool


class Sent(Row, frozen=True, tag="sent"):
    """That ``send`` is about to return."""

    request: int
    part: str
    last: bool


class Lost(Row, frozen=True, tag="lost"):
    """That ``send`` is about to raise OSError."""

    request: int
    part: str


class Answered(Row, frozen=True, tag="answered"):
    """The response, as the client has it when the application has returned or raised."""

    request: int
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


class Expected(Row, frozen=True, tag="expected"):
    """The response of the same application where no work fails."""

    request: int
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


class Received(Row, frozen=True, tag="received"):
    """The client has the whole response, or the connection was closed (status 0)."""

    request: int
    status: int


class Left(Row, frozen=True, tag="left"):
    """The client has closed the connection."""

    request: int


class Stopped(Row, frozen=True, tag="stopped"):
    """The server has stopped; so many works had not come to an end."""

    unfinished: int


class Returned(Row, frozen=True, tag="returned"):
    """The application returned."""

    request: int


class Broke(Row, frozen=True, tag="broke"):
    """The application raised."""

    request: int
    error: str


class Expired(Row, frozen=True, tag="expired"):
    """The application did not come to an end, and nothing would have ended it."""

    request: int


class Settled(Row, frozen=True, tag="settled"):
    """Nothing can happen any more; so many works have not come to an end."""

    unfinished: int


Event: TypeAlias = (
    Began
    | Called
    | Closing
    | Added
    | Refused
    | Started
    | Ended
    | Failed
    | Sending
    | Sent
    | Lost
    | Answered
    | Expected
    | Received
    | Left
    | Stopped
    | Returned
    | Broke
    | Expired
    | Settled
)


class History(msgspec.Struct, frozen=True):
    """All events, in their order."""

    backend: str
    events: tuple[Event, ...]

    @property
    def lasting(self) -> bool:
        """A wait had to be ended."""
        return any(isinstance(event, Expired) for event in self.events)


def read(rows: list[tuple[Any, ...]]) -> tuple[Event, ...]:
    """The scene's rows as events.

    Raises:
        msgspec.ValidationError: a row is none.
    """
    return msgspec.convert(rows, tuple[Event, ...])
