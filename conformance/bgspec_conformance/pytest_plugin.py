"""The pytest plugin: ``pytest --bgspec TARGET`` makes each clause a test item.

pytest loads this in every session, so nothing heavy is imported until the option is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bgspec_conformance.report.model import Entry, Report

__all__ = ["ClauseItem", "TargetCollector", "pytest_addoption", "pytest_collection_modifyitems"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("bgspec", "conformance of background tasks")
    group.addoption(
        "--bgspec",
        action="append",
        default=[],
        metavar="TARGET",
        help="check an implementation, each clause a test: a registered name or module:attr",
    )
    group.addoption("--bgspec-strict", action="store_true", help="let every SHOULD count")
    group.addoption(
        "--bgspec-examples", type=int, default=300, metavar="N", help="plans drawn by luck (300)"
    )
    group.addoption("--bgspec-seed", type=int, default=0, metavar="N", help="their seed (0)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Put the clauses of each target after the tests that were collected."""
    for target in session.config.getoption("--bgspec"):
        collector: TargetCollector = TargetCollector.from_parent(session, name=f"bgspec::{target}")
        items.extend(collector.collect())


class TargetCollector(pytest.Collector):
    """A target, and its clauses."""

    def collect(self) -> Iterator[ClauseItem]:
        """An item for each clause that has a check, for each implementation of the target."""
        for report in self._reports():
            for entry in report.clauses:
                yield ClauseItem.from_parent(
                    self, name=f"{report.implementation.name}::{entry.id}", entry=entry
                )

    def _reports(self) -> list[Report]:
        """Try the target."""
        import anyio

        from bgspec_conformance.engine import Options, check
        from bgspec_conformance.errors import SuiteError
        from bgspec_conformance.report.model import report_of

        option = self.config.getoption
        options = Options(examples=option("--bgspec-examples"), seed=option("--bgspec-seed"))
        target = self.name.removeprefix("bgspec::")

        async def gather() -> list[Report]:
            found = check(target, options, lambda *_: None)
            return [report_of(result) async for result in found]

        try:
            return anyio.run(gather)
        except SuiteError as exc:
            raise pytest.UsageError(f"--bgspec: {exc}") from None


class BrokenClause(Exception):
    """A clause that counts is broken, or could not be tried."""


class ClauseItem(pytest.Item):
    """A clause, as a test."""

    def __init__(self, *, entry: Entry, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.entry = entry

    def runtest(self) -> None:
        """Say what was found."""
        from bgspec_conformance.verdict import Kind

        entry = self.entry
        counts = entry.counts or self.config.getoption("--bgspec-strict")
        if entry.verdict is Kind.PASSED:
            return
        if counts and entry.verdict in {Kind.FAILED, Kind.INCONCLUSIVE}:
            raise BrokenClause
        if entry.verdict is Kind.DEVIATES and self.config.getoption("--bgspec-strict"):
            raise BrokenClause
        told = entry.seen or entry.reason or f"rests on {entry.blocked_by}"
        pytest.skip(f"{entry.id} {entry.level} {entry.verdict}: {told}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """The clause, what was expected and seen, and the witness, in place of a traceback."""
        from bgspec.spec import CLAUSES
        from bgspec_conformance.report.text import visible

        entry = self.entry
        return visible(
            f"{CLAUSES[entry.id].sentence}\n\n"
            f"expected: {entry.expected}\nseen:     {entry.seen or entry.reason}\n\n{entry.witness}"
        )

    def reportinfo(self) -> tuple[str, None, str]:
        """How pytest names it."""
        return "bgspec", None, f"{self.entry.id} {self.entry.title}"
