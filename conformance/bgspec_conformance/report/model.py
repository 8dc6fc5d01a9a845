"""The report as data: what the JSON file holds, and what every other form shows."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import msgspec

from bgspec.spec import CLAUSES, SPEC_VERSION, Level, Profile
from bgspec_conformance.engine import Result
from bgspec_conformance.kit import KITS
from bgspec_conformance.plan import Plan
from bgspec_conformance.report.text import visible
from bgspec_conformance.request.plan import Application
from bgspec_conformance.verdict import Kind, Verdict

__all__ = [
    "SCHEMA_VERSION",
    "About",
    "Entry",
    "Report",
    "Reports",
    "counted",
    "report_of",
]

SCHEMA_VERSION = 1
"""The version of the report's form; it grows when a field changes its meaning or goes."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The implementation that was tried.

    Attributes:
        name: its name.
        target: how it was named on the command line.
        versions: those of the distributions that it names.
    """

    name: str
    target: str
    versions: dict[str, str]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One clause.

    Attributes:
        id, level, profile, title: the clause.
        verdict: what was found.
        examples: histories that were judged.
        exercised: those that exercised the clause.
        answer: of a CHOICE.
        expected, seen: of a failure; ``also`` holds what further examples showed.
        backend: the event loop on which it was seen.
        shown, tries: how often the plan showed it when it was carried out again.
        plan: the smallest plan found, and ``other`` the second of two that got two answers.
        witness: a program that shows it.
        blocked_by: the clause that failed and that this one rests on.
        reason: why it is not applicable, inconclusive or a known deviation, and where the last is
            discussed (``link``).
    """

    id: str
    level: Level
    profile: Profile
    title: str
    verdict: Kind
    examples: Count
    exercised: Count
    answer: str = ""
    expected: str = ""
    seen: str = ""
    also: tuple[str, ...] = ()
    backend: str = ""
    shown: Count = 0
    tries: Count = 0
    plan: Plan | Application | None = None
    other: Plan | Application | None = None
    witness: str = ""
    blocked_by: str = ""
    reason: str = ""
    link: str = ""

    @property
    def counts(self) -> bool:
        """Whether it counts without ``--strict``: a SHOULD does not."""
        return self.level is not Level.SHOULD


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out of one implementation; the same seed gives the same report.

    Attributes:
        schema: the version of this form.
        spec: the version of the contract.
        suite: the version of the suite.
        seed: of the plans drawn by luck.
        examples: how many of them, on each backend.
        implementation: what was tried.
        summary: how many clauses got each verdict.
        clauses: one by one, in the order of the contract.
    """

    schema: int
    spec: int
    suite: str
    seed: int
    examples: Count
    implementation: About
    summary: dict[Kind, Count]
    clauses: tuple[Entry, ...]


class Reports(msgspec.Struct, frozen=True):
    """Several reports, where a command line names or stands for several implementations."""

    reports: tuple[Report, ...]


def report_of(result: Result) -> Report:
    """The report on what the engine found."""
    entries = tuple(_entry(verdict, result) for verdict in result.verdicts)
    return Report(
        schema=SCHEMA_VERSION,
        spec=SPEC_VERSION,
        suite=_own_version(),
        seed=result.seed,
        examples=result.examples,
        implementation=About(
            name=result.traits.name, target=result.target, versions=result.traits.versions
        ),
        summary={kind: sum(entry.verdict is kind for entry in entries) for kind in Kind},
        clauses=entries,
    )


def _entry(verdict: Verdict, result: Result) -> Entry:
    clause = CLAUSES[verdict.clause]
    evidence = verdict.evidence
    about: dict[str, Any] = {}
    if evidence is not None:
        about = {
            "expected": evidence.expected,
            "seen": evidence.seen,
            "also": evidence.also,
            "backend": evidence.backend,
            "shown": evidence.shown if evidence.plan else 0,
            "tries": evidence.tries if evidence.plan else 0,
            "plan": evidence.plan,
            "other": evidence.other,
            "witness": visible(KITS[result.traits.profile].write(verdict, result.traits)),
        }
    return Entry(
        id=clause.id,
        level=clause.level,
        profile=result.traits.profile,
        title=clause.title,
        verdict=verdict.kind,
        examples=verdict.examples,
        exercised=verdict.exercised,
        answer=verdict.answer,
        blocked_by=verdict.blocked_by,
        reason=verdict.reason,
        link=verdict.link,
        **about,
    )


def _own_version() -> str:
    try:
        return version("bgspec")
    except PackageNotFoundError:
        return "unknown"


def counted(report: Report, *, strict: bool) -> tuple[Entry, ...]:
    """The failures that count: MUST and CHOICE, and with ``strict`` SHOULD and known deviations."""
    return tuple(
        entry
        for entry in report.clauses
        if (entry.verdict is Kind.FAILED and (strict or entry.counts))
        or (entry.verdict is Kind.DEVIATES and strict)
    )
