"""The words of a witness: what it begins with, and what it ends with."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from bgspec.spec import CLAUSES
from bgspec_conformance.verdict import Verdict

__all__ = ["asserted", "docstring"]

WIDTH = 96


def asserted(proof: str, clause: str) -> Iterator[str]:
    """The statement that fails where the clause is broken."""
    line = f'assert {proof}, "{clause} is broken"'
    if len(line) <= WIDTH:
        yield line
    else:
        yield from ("assert (", f"    {proof}", f'), "{clause} is broken"')


def docstring(verdict: Verdict) -> Iterator[str]:
    """What a witness begins with: the clause, and what was expected and seen."""
    clause = CLAUSES[verdict.clause]
    assert verdict.evidence is not None
    yield f'"""{clause.id} ({clause.level}): {clause.title}.'
    yield ""
    for text in (
        clause.sentence,
        f"Expected: {verdict.evidence.expected}.",
        f"Seen:     {verdict.evidence.seen}.",
    ):
        yield from textwrap.wrap(
            _plain(text), WIDTH, subsequent_indent="" if text is clause.sentence else " " * 10
        )
    yield '"""'


def _plain(text: str) -> str:
    """A text as it may stand in a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''").replace("``", "`")
