"""The pytest plugin: ``pytest --bgspec TARGET`` makes each clause a test item.

pytest loads this in every session, so nothing heavy is imported until an item is about to run. A
target is tried once, when the first of its items comes up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from bgspec_conformance.report.model import Entry, Report

__all__ = [
    "BrokenClause",
    "ClauseItem",
    "TargetNode",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_runtest_protocol",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("bgspec", "conformance of background tasks")
    group.addoption(
        "--bgspec",
        action="append",
        default=[],
        metavar="TARGET",
        help="check an implementation, each clause a test: a registered name or module:attr; may "
        "be given several times",
    )
    group.addoption(
        "--bgspec-strict",
        action="store_true",
        help="let every SHOULD count, and known deviations",
    )
    group.addoption(
        "--bgspec-examples",
        type=int,
        metavar="N",
        help="plans drawn by luck on each event loop, as for bgspec check",
    )
    group.addoption("--bgspec-seed", type=int, metavar="N", help="their seed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Collect the clauses of each target after all other tests, and before any is left out."""
    for target in cast("list[str]", session.config.getoption("bgspec")):
        node = TargetNode.from_parent(  # pyright: ignore[reportUnknownMemberType]  untyped in pytest
            session, name=target, nodeid=f"bgspec::{target}", target=target
        )
        report = node.ihook.pytest_make_collect_report(collector=node)
        node.ihook.pytest_collectreport(report=report)
        items.extend(report.result)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Try the target of a clause, if that was not done yet, and skip what is only to be told.

    Raises:
        pytest.UsageError: it cannot be loaded. Raised here, it ends the session; raised while an
            item runs, it would be that item's failure.
    """
    if isinstance(item, ClauseItem) and (why := item.why_skipped()):
        item.add_marker(pytest.mark.skip(reason=why))


class TargetNode(pytest.Collector):
    """A target, and its clauses."""

    def __init__(self, *, target: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target = target
        self._reports: list[Report] | None = None

    def collect(self) -> Iterator[ClauseItem]:
        """An item for each clause that has a check."""
        from bgspec_conformance.engine import checkable

        for clause in checkable():
            yield ClauseItem.from_parent(  # pyright: ignore[reportUnknownMemberType]  untyped in pytest
                self, name=clause, node=self
            )

    def reports(self) -> list[Report]:
        """What was found out of each implementation that the target stands for."""
        if self._reports is None:
            self._reports = self._tried()
        return self._reports

    def _tried(self) -> list[Report]:
        """Try the target, and judge the clauses that were chosen."""
        import anyio

        from bgspec_conformance.engine import EXAMPLES, SEED, Options, check, checkable, unwatched
        from bgspec_conformance.errors import SuiteError
        from bgspec_conformance.report.model import report_of

        examples, seed = (self.config.getoption(f"bgspec_{name}") for name in ("examples", "seed"))
        chosen = {item.name for item in self.session.items if item.parent is self}
        options = Options(
            clauses=tuple(clause for clause in checkable() if clause in chosen),
            examples=EXAMPLES if examples is None else examples,
            seed=SEED if seed is None else seed,
        )

        async def gather() -> list[Report]:
            return [report_of(result) async for result in check(self.target, options, unwatched)]

        try:
            return anyio.run(gather)
        except SuiteError as exc:
            raise pytest.UsageError(f"--bgspec: {exc}") from None


class BrokenClause(Exception):
    """A clause that counts is broken, or could not be tried; the message says it all."""


class ClauseItem(pytest.Item):
    """A clause of the contract, as a test of every implementation that its target stands for."""

    def __init__(self, *, node: TargetNode, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # pyright: ignore[reportUnknownMemberType]  untyped in pytest
        self.node = node

    def runtest(self) -> None:
        """Fail where a verdict counts.

        Raises:
            BrokenClause: the clause does not hold for one of the implementations.
        """
        strict = self._strict()
        if broken := [_told(*found) for found in self._found() if _fails(found[1], strict)]:
            raise BrokenClause("\n\n".join(broken))

    def why_skipped(self) -> str:
        """What is to be told where the clause neither passed nor failed; else empty."""
        from bgspec_conformance.verdict import Kind

        strict = self._strict()
        entries = [entry for _, entry in self._found()]
        if any(_fails(entry, strict) or entry.verdict is Kind.PASSED for entry in entries):
            return ""
        return "; ".join(dict.fromkeys(map(_why, entries)))

    def _found(self) -> list[tuple[str, Entry]]:
        """The clause's entry in the report on each implementation, and that one's name."""
        return [
            (report.implementation.name, entry)
            for report in self.node.reports()
            for entry in report.clauses
            if entry.id == self.name
        ]

    def _strict(self) -> bool:
        return bool(self.config.getoption("bgspec_strict"))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """What was found, in place of a traceback."""
        if isinstance(excinfo.value, BrokenClause):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[str, int, str]:
        """How pytest names it in headings."""
        from bgspec.spec import CLAUSES

        return "bgspec", 0, f"{self.node.target}: {self.name} {CLAUSES[self.name].title}"


def _fails(entry: Entry, strict: bool) -> bool:
    """Whether a verdict fails its item: where ``bgspec check`` would give a status other than 0."""
    from bgspec_conformance.verdict import Kind

    if entry.verdict in {Kind.FAILED, Kind.INCONCLUSIVE}:
        return strict or entry.counts
    return entry.verdict is Kind.DEVIATES and strict


def _told(name: str, entry: Entry) -> str:
    """A failure in words: the clause, what was expected and seen, and the witness."""
    from bgspec.spec import CLAUSES
    from bgspec_conformance.report.text import visible

    lines = [f"{name}: {entry.id} ({entry.level}) {entry.verdict}", CLAUSES[entry.id].sentence]
    if entry.seen:
        lines += [f"expected: {entry.expected}", f"seen:     {entry.seen}"]
        lines += [f"also:     {also}" for also in entry.also]
    if entry.reason:
        lines.append(entry.reason)
    if entry.witness:
        lines += ["", entry.witness]
    return visible("\n".join(lines)).rstrip()


def _why(entry: Entry) -> str:
    """Why a clause that did not pass is skipped."""
    from bgspec_conformance.report.text import visible

    told = entry.seen or entry.reason or f"rests on {entry.blocked_by}"
    return visible(f"{entry.id} ({entry.level}) {entry.verdict}: {told}")
