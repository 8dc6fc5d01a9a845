"""Members of the gallery: implementations that are wrong on purpose, or odd but legal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = ["MEMBERS", "ODD", "Gallery", "Member", "breaks", "odd"]

BOTH = ("asyncio", "trio")

Cls = TypeVar("Cls", bound=type[Any])


@dataclass(frozen=True, slots=True)
class Member:
    """An implementation in the gallery.

    Attributes:
        make: its class.
        clause: the one that it breaks; None for one that is odd but legal.
        backends: the event loops that it runs on.
    """

    make: type[Any]
    clause: str | None
    backends: tuple[str, ...] = BOTH

    @property
    def name(self) -> str:
        """Its class's name."""
        return self.make.__name__

    @property
    def target(self) -> str:
        """As ``bgspec check`` takes it, from the project's root."""
        return f"{self.make.__module__}:{self.make.__qualname__}"


@dataclass(frozen=True, slots=True)
class Gallery:
    """The members of one profile.

    Attributes:
        members: the faulty ones, by name.
        odd_ones: the odd but legal ones, by name.
    """

    members: dict[str, Member] = field(default_factory=dict[str, Member])
    odd_ones: dict[str, Member] = field(default_factory=dict[str, Member])

    def breaks(self, clause: str, *, backends: tuple[str, ...] = BOTH) -> Callable[[Cls], Cls]:
        """Put a class into the gallery, as one that breaks this clause and nothing else."""

        def put(cls: Cls) -> Cls:
            self._see_that_it_is_new(cls)
            self.members[cls.__name__] = Member(cls, clause, backends)
            return cls

        return put

    def odd(self, cls: Cls) -> Cls:
        """Put a class into the gallery, as one that is odd but legal."""
        self._see_that_it_is_new(cls)
        self.odd_ones[cls.__name__] = Member(cls, None)
        return cls

    def _see_that_it_is_new(self, cls: type[Any]) -> None:
        if cls.__name__ in {*self.members, *self.odd_ones}:
            raise ValueError(f"two members are called {cls.__name__}")


_CONTAINERS = Gallery()
MEMBERS = _CONTAINERS.members
"""The faulty containers, by name."""
ODD = _CONTAINERS.odd_ones
"""The odd but legal ones, by name."""
breaks = _CONTAINERS.breaks
odd = _CONTAINERS.odd
