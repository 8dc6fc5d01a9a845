"""What a clause is: one numbered promise of the contract, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Clause", "Level", "Profile"]


class Level(StrEnum):
    """How binding a clause is; MUST and SHOULD as in RFC 2119."""

    MUST = "MUST"
    """Starlette's ``BackgroundTasks``, the contract's origin, keeps it."""
    SHOULD = "SHOULD"
    """What users wish that every implementation kept; the reference does."""
    CHOICE = "CHOICE"
    """Open among named answers; an implementation gives one of them, and always the same."""


class Profile(StrEnum):
    """How added work gets its turn."""

    COLLECTOR = "collector"
    """``add_task`` gathers, and awaiting the object runs."""
    DISPATCHER = "dispatcher"
    """``add_task`` starts the work, or hands it over, at once."""
    REQUEST = "request"
    """A framework's whole way from endpoint and dependencies to the end of the response."""
    QUEUE = "queue"
    """Another process does the work."""
    TYPES = "types"
    """What a static checker accepts and refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One promise.

    Attributes:
        id: chapter and number, never reused (``"ORD-1"``).
        level: how binding it is.
        profiles: the profiles it belongs to.
        title: a few words, for tables.
        sentence: the promise, whole and normative.
        reason: why anyone should care.
        source: where it comes from: the tutorial page, a framework's documentation, or an
            observation with the version it was made at.
        since: the version of the spec that brought it.
        rests_on: ids of the clauses without which this one cannot be judged; when one of them
            fails, a failure here is reported as blocked by it.
        answers: for a CHOICE, the answers that an implementation may give.
        situations: for a CHOICE that is asked in several situations, their names; an
            implementation has one answer for each.
    """

    id: str
    level: Level
    profiles: tuple[Profile, ...]
    title: str
    sentence: str
    reason: str
    source: str
    since: int = 1
    rests_on: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    situations: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """The part of the id before the number: ``"ORD"`` of ``"ORD-1"``."""
        return self.id.partition("-")[0]
