"""The report as JUnit XML, as continuous integration servers read it: a suite an implementation, a
case a clause.
"""

from __future__ import annotations

from collections.abc import Sequence

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from bgspec_conformance.report.model import Entry, Report, counted
from bgspec_conformance.report.text import visible
from bgspec_conformance.verdict import Kind

__all__ = ["to_junit"]


def to_junit(reports: Sequence[Report], *, strict: bool) -> bytes:
    """The reports; what does not count is skipped, with what was seen."""
    xml = JUnitXml("bgspec")
    for report in reports:
        suite = TestSuite(report.implementation.name)
        failing = {entry.id for entry in counted(report, strict=strict)}
        for entry in report.clauses:
            suite.add_testcase(_case(report, entry, failing))
        xml.add_testsuite(suite)
    made: bytes = xml.tostring()
    return made


def _case(report: Report, entry: Entry, failing: set[str]) -> TestCase:
    case = TestCase(f"{entry.id} {entry.title}", f"bgspec.{report.implementation.name}", 0)
    if entry.id in failing:
        failure = Failure(visible(f"expected {entry.expected}; seen: {entry.seen}"), entry.level)
        failure.text = visible(entry.witness)
        case.result = [failure]
    elif entry.verdict is not Kind.PASSED:
        told = entry.seen or entry.reason or (f"rests on {entry.blocked_by}" if entry.blocked_by else "")
        case.result = [Skipped(visible(f"{entry.level} {entry.verdict}: {told}"))]
    return case
