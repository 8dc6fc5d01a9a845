"""What a check says of one history, and which check speaks for which clause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from bgspec_conformance.checks.reading import Reading

__all__ = [
    "CHECKS",
    "HELD",
    "Answer",
    "Check",
    "Held",
    "Judgement",
    "Violation",
    "check",
    "registrar",
]

F = TypeVar("F", bound=Callable[..., Any])


class Held(msgspec.Struct, frozen=True, tag="held"):
    """The plan exercised the clause, and it was kept."""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The plan asked a CHOICE, and this was the answer.

    Attributes:
        answer: one of the answers that the clause names.
        proof: a Python expression over ``log``, the transcript, that is true of this answer alone.
        situation: one of the situations that the clause names; empty where it names none.
    """

    answer: str
    proof: str
    situation: str = ""


class Violation(msgspec.Struct, frozen=True, tag="violation"):
    """The plan exercised the clause, and it was broken.

    Attributes:
        expected: what should have been seen, of this plan.
        seen: what was seen instead. Tasks are named by their place in the plan.
        proof: a Python expression over ``log``, the transcript, that is true where the clause is
            kept and false of this history.
    """

    expected: str
    seen: str
    proof: str


HELD = Held()
Judgement = Held | Answer | Violation
Check = Callable[["Reading"], Iterator[Judgement]]

CHECKS: dict[str, Check] = {}
"""The check of each clause of a container that has one, by the clause's id."""


def registrar(checks: dict[str, F]) -> Callable[[str], Callable[[F], F]]:
    """A decorator that registers a check in `checks`, under the id of its clause.

    A check is a pure generator over one reading of a history: it yields nothing where the plan did
    not exercise the clause, and otherwise a judgement for every time it did.
    """

    def named(clause: str) -> Callable[[F], F]:
        def register(function: F) -> F:
            if clause in checks:
                raise ValueError(f"{clause} has a check already: {checks[clause].__qualname__}")
            checks[clause] = function
            return function

        return register

    return named


check = registrar(CHECKS)
