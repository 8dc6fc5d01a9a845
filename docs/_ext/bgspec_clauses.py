"""The directive ``clauses``: the contract's chapters and clauses, made from the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sphinx.util.docutils import SphinxDirective

from bgspec.spec import CHAPTERS, Clause
from bgspec_conformance.checks import CHECKS

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


def link(clause_id: str) -> str:
    """A clause's id as a link to its place on the page."""
    return f"[{clause_id}](#{clause_id.lower()})"


def clause_lines(clause: Clause) -> Iterator[str]:
    """One clause in Markdown."""
    yield f"({clause.id.lower()})="
    yield f"### {clause.id}: {clause.title}"
    yield ""
    yield f"**{clause.level}** · {', '.join(clause.profiles)}"
    yield ""
    yield f"> {clause.sentence}"
    yield ""
    if clause.answers:
        yield f"* Answers: {' / '.join(clause.answers)}"
    if clause.situations:
        yield f"* Asked for each of: {', '.join(clause.situations)}"
    yield f"* Why: {clause.reason}"
    yield f"* Source: {clause.source}"
    if clause.rests_on:
        yield f"* Rests on: {', '.join(map(link, clause.rests_on))}"
    if check := CHECKS.get(clause.id):
        yield f"* Tested by: `{check.__module__}.{check.__qualname__}`"
    else:
        yield "* Not tested yet"
    yield ""


def page() -> str:
    """All chapters in Markdown, in the order of the data."""
    lines: list[str] = []
    for chapter in CHAPTERS:
        lines += [f"## {chapter.id}: {chapter.title}", "", chapter.theory, ""]
        for clause in chapter.clauses:
            lines += clause_lines(clause)
    return "\n".join(lines)


class Clauses(SphinxDirective):
    """Puts every clause where it stands."""

    def run(self) -> list[nodes.Node]:
        """The page's sections, made anew in every build: Sphinx does not see the data change."""
        self.env.note_reread()
        return self.parse_text_to_nodes(page(), allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make the directive known to Sphinx."""
    app.add_directive("clauses", Clauses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
