"""Members of the gallery: implementations that are wrong on purpose, or odd but legal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["MEMBERS", "ODD", "Member", "breaks", "odd"]

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


MEMBERS: dict[str, Member] = {}
"""The faulty ones, by name."""
ODD: dict[str, Member] = {}
"""The odd but legal ones, by name."""


def breaks(clause: str, *, backends: tuple[str, ...] = BOTH) -> Callable[[Cls], Cls]:
    """Put a class into the gallery, as one that breaks this clause and nothing else."""

    def put(cls: Cls) -> Cls:
        if cls.__name__ in MEMBERS or cls.__name__ in ODD:
            raise ValueError(f"two members are called {cls.__name__}")
        MEMBERS[cls.__name__] = Member(cls, clause, backends)
        return cls

    return put


def odd(cls: Cls) -> Cls:
    """Put a class into the gallery, as one that is odd but legal."""
    if cls.__name__ in MEMBERS or cls.__name__ in ODD:
        raise ValueError(f"two members are called {cls.__name__}")
    ODD[cls.__name__] = Member(cls, None)
    return cls
