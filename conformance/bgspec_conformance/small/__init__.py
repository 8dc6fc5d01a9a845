"""Small scope: every plan up to a small size, chapter by chapter, tried before any drawn by luck.

Most faults show in a plan of one to three tasks, and a plan found here is its own smallest
example. Each case names the clause that it was made for; its history is judged by all checks alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.small import (
    adding,
    arguments,
    calling,
    cancellation,
    context,
    errors,
    order,
    running,
)
from bgspec_conformance.small.case import Case

__all__ = ["Case", "cases"]


def cases() -> Iterator[Case]:
    """Every small case; those that most others rest on come first."""
    yield from running.cases()
    yield from adding.cases()
    yield from arguments.cases()
    yield from order.cases()
    yield from calling.cases()
    yield from errors.cases()
    yield from context.cases()
    yield from cancellation.cases()
