"""The report as JUnit XML, for continuous integration servers: a suite an implementation.

Each clause is a test case. One whose failure counts has failed, with its witness as the details;
one that passed has passed; all others are skipped, with what is to say of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from bgspec.spec import CLAUSES
from bgspec_conformance.report.model import Entry, Report, counted
from bgspec_conformance.report.text import visible
from bgspec_conformance.verdict import Kind

__all__ = ["to_junit"]


def to_junit(reports: Sequence[Report], *, strict: bool) -> bytes:
    """The reports; ``strict`` lets every SHOULD and every known deviation count."""
    xml = JUnitXml("bgspec")
    for report in reports:
        suite = TestSuite(visible(report.implementation.name))
        for package, number in sorted(report.implementation.versions.items()):
            suite.add_property(visible(package), visible(number))
        failing = counted(report, strict=strict)
        suite.add_testcases([_case(report, entry, entry in failing) for entry in report.clauses])
        xml.add_testsuite(suite)
    return bytes(xml.tostring())  # type: ignore[no-untyped-call]  # it has no annotation


def _case(report: Report, entry: Entry, failing: bool) -> TestCase:
    name = visible(report.implementation.name)
    case = TestCase(f"{entry.id} {entry.title}", f"bgspec.{name}", 0)
    if failing:
        failure = Failure(visible(entry.seen), entry.level)
        failure.text = visible(
            f"{CLAUSES[entry.id].sentence}\nexpected: {entry.expected}\nseen: {entry.seen}\n\n"
            + entry.witness
        )
        case.result = [failure]
    elif entry.verdict is not Kind.PASSED:
        blocker = f"rests on {entry.blocked_by}" if entry.blocked_by else ""
        told = entry.seen or entry.reason or blocker
        case.result = [Skipped(visible(f"{entry.level} {entry.verdict}: {told}"))]
    return case
