"""The contract: a hundred numbered clauses on what a sink of background tasks promises.

The words that all chapters share:

* A *container* is an object with ``add_task``; an *add* is one call of that.
* A *task* is what one add brought: a callable with its arguments. It is *async* where calling it
  gives something to await (``CALL-5`` says when that must be noticed), and else *sync*.
* The *run* is one awaiting of a container. Its *adder* and *awaiter* are the code that adds and
  the code that awaits.
* A task *starts* when its callable is called, and *ends* when that has returned or raised; an async
  one ends when what is awaited does.
* Something is *refused* when an exception says so to whoever asked for it.

Clauses are data and do nothing. The suite tests them, the documentation prints them, and nothing
here imports more than the standard library.

>>> clause("ORD-1").sentence
'Tasks MUST start in the order of their adds.'
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from bgspec.errors import UnknownClause
from bgspec.spec import (
    adding,
    arguments,
    calling,
    cancellation,
    context,
    dependencies,
    dispatching,
    errors,
    order,
    queues,
    response,
    running,
    static,
)
from bgspec.spec._chapter import Chapter, theory_of
from bgspec.spec._clause import Clause, Level, Profile

__all__ = [
    "CHAPTERS",
    "CLAUSES",
    "SPEC_VERSION",
    "Chapter",
    "Clause",
    "Level",
    "Profile",
    "UnknownClause",
    "clause",
]

SPEC_VERSION: Final = 1
"""The version of the contract; a clause's ``since`` is one of its versions."""

CHAPTERS: Final[tuple[Chapter, ...]] = tuple(
    Chapter(id=chapter_id, title=title, theory=theory_of(docstring), clauses=clauses)
    for chapter_id, title, docstring, clauses in (
        ("ADD", "Adding", adding.__doc__, adding.CLAUSES),
        ("ARG", "Arguments", arguments.__doc__, arguments.CLAUSES),
        ("RUN", "Running", running.__doc__, running.CLAUSES),
        ("ORD", "Order", order.__doc__, order.CLAUSES),
        ("CALL", "Sync and async", calling.__doc__, calling.CLAUSES),
        ("ERR", "Errors", errors.__doc__, errors.CLAUSES),
        ("CTX", "Context variables", context.__doc__, context.CLAUSES),
        ("CAN", "Cancellation", cancellation.__doc__, cancellation.CLAUSES),
        ("DSP", "Dispatching", dispatching.__doc__, dispatching.CLAUSES),
        ("RSP", "The response", response.__doc__, response.CLAUSES),
        ("DEP", "Reuse across dependencies", dependencies.__doc__, dependencies.CLAUSES),
        ("QUE", "Another process", queues.__doc__, queues.CLAUSES),
        ("TYP", "Static types", static.__doc__, static.CLAUSES),
    )
)
"""The chapters, in the order in which the contract is read."""

CLAUSES: Final[Mapping[str, Clause]] = MappingProxyType(
    {clause.id: clause for chapter in CHAPTERS for clause in chapter.clauses}
)
"""Every clause by its id, chapter after chapter."""


def clause(clause_id: str) -> Clause:
    """The clause of that id.

    Args:
        clause_id: chapter and number, as in ``"ORD-1"``.

    Raises:
        UnknownClause: no clause has it; the message names those that look like it.
    """
    try:
        return CLAUSES[clause_id]
    except KeyError:
        close = sorted(get_close_matches(clause_id.upper(), CLAUSES, cutoff=0.75))
        hint = (
            f"did you mean {' or '.join(close)}?"
            if close
            else f"an id is one of {', '.join(chapter.id for chapter in CHAPTERS)}, and a number"
        )
        raise UnknownClause(f"no clause {clause_id!r}: {hint}") from None
