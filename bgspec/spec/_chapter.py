"""What a chapter is: clauses about one subject, and the theory that they share."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc

from bgspec.spec._clause import Clause

__all__ = ["Chapter", "theory_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter of the contract.

    Attributes:
        id: what the ids of its clauses begin with (``"ORD"``).
        title: its subject, for headings.
        theory: the ideas and terms that its clauses share, as paragraphs; empty where Python
            runs without docstrings (``-OO``).
        clauses: its clauses, by number.
    """

    id: str
    title: str
    theory: str
    clauses: tuple[Clause, ...]


def theory_of(docstring: str | None) -> str:
    """The docstring of a chapter's module without its first line, which names the chapter."""
    return cleandoc(docstring or "").partition("\n")[2].strip()
