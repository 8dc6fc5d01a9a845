"""Verdicts: from the tallies of every backend to one verdict a clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from bgspec.spec import CLAUSES, Clause, Level
from bgspec_conformance.implementation import Traits
from bgspec_conformance.plan import Plan
from bgspec_conformance.request.plan import Application
from bgspec_conformance.tally import AnswerSeen, Tallies, Tally, ViolationSeen, without_numbers

__all__ = ["Evidence", "Kind", "Verdict", "conclude"]


class Kind(StrEnum):
    """What the suite has to say of a clause."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not-applicable"
    DEVIATES = "deviates"


class Evidence(msgspec.Struct, frozen=True):
    """What a failure shows.

    Attributes:
        expected: what should have been seen.
        seen: what was seen, and on which backend.
        plan: the smallest plan found; None where the failure is not one plan's.
        proof: an expression over the plan's transcript that is true where the clause is kept; where
            two plans got two answers, one that is true of this plan's answer alone.
        other: where two plans got two answers, the second plan; else None.
        other_proof: the same for the second plan's answer.
        backend: on which event loop.
        other_backend: the same for the second plan.
        shown: how many of ``tries`` times the plan showed it when carried out again.
        tries: how often it was carried out again; not at all where that takes too long.
        also: what other plans showed that broke the clause in another way.
        source, other_source: the programs that the plans are carried out as, where they are any.
    """

    expected: str
    seen: str
    plan: Plan | Application | None = None
    proof: str = ""
    other: Plan | Application | None = None
    other_proof: str = ""
    backend: str = ""
    other_backend: str = ""
    shown: int = 0
    tries: int = 0
    also: tuple[str, ...] = ()
    source: str = ""
    other_source: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """One clause's verdict.

    Attributes:
        clause: its id. kind: the verdict. answer: for a CHOICE with one answer in each situation:
        the answer, or ``situation: answer`` for
            each.
        examples: histories judged.
        exercised: those that exercised the clause.
        evidence: of a failure.
        blocked_by: the clause that failed and that this one rests on.
        reason: why it is not applicable, inconclusive, or a known deviation.
        link: where a known deviation is discussed.
    """

    clause: str
    kind: Kind
    answer: str = ""
    examples: int = 0
    exercised: int = 0
    evidence: Evidence | None = None
    blocked_by: str = ""
    reason: str = ""
    link: str = ""

    @property
    def counts(self) -> bool:
        """Whether it counts without ``--strict``: all but a SHOULD do."""
        return CLAUSES[self.clause].level is not Level.SHOULD


def conclude(
    traits: Traits,
    tallies: Tallies,
    reasons: Mapping[str, str] | None = None,
) -> list[Verdict]:
    """The verdicts, in the order of the contract.

    Args:
        traits: of what was tried.
        tallies: of every backend, merged.
        reasons: why a clause could not be exercised, by id.
    """
    first = [
        _first(traits, CLAUSES[clause], tallies[clause], (reasons or {}).get(clause, ""))
        for clause in CLAUSES
        if clause in tallies
    ]
    failed = {verdict.clause for verdict in first if verdict.kind is Kind.FAILED}
    return [_last(traits, _blocked(verdict, failed)) for verdict in first]


def _first(traits: Traits, clause: Clause, tally: Tally, reason: str) -> Verdict:
    """The verdict on a clause alone."""

    def verdict(
        kind: Kind, answer: str = "", why: str = "", evidence: Evidence | None = None
    ) -> Verdict:
        return Verdict(
            clause.id, kind, answer, tally.examples, tally.exercised, evidence, reason=why
        )

    if tally.violation is not None:
        return verdict(Kind.FAILED, evidence=_broken(tally.violation, tally.also))
    disagreement = _disagreement(tally.answers)
    if disagreement is not None:
        return verdict(Kind.FAILED, evidence=disagreement)
    if clause.id == "CAN-5" and not traits.tells_pending:
        return verdict(Kind.NOT_APPLICABLE, why="it does not say what is pending (optional)")
    if not tally.exercised:
        if tally.beyond and not reason:
            return verdict(Kind.NOT_APPLICABLE, why=tally.beyond)
        return verdict(Kind.INCONCLUSIVE, why=reason or "no example exercised it")
    return verdict(Kind.PASSED, _answer(tally.answers))


def _broken(found: ViolationSeen, also: tuple[str, ...]) -> Evidence:
    violation = found.violation
    sentence = without_numbers(violation.seen)
    return Evidence(
        violation.expected,
        f"{violation.seen} (on {found.backend})",
        found.plan,
        violation.proof,
        backend=found.backend,
        shown=found.shown,
        tries=found.tries,
        also=tuple(other for other in also if without_numbers(other) != sentence),
        source=found.source,
    )


def _answer(answers: Iterable[AnswerSeen]) -> str:
    """The answers in words."""
    by_situation = {seen.answer.situation: seen.answer.answer for seen in answers}
    if set(by_situation.values()) and len(set(by_situation.values())) == 1:
        return next(iter(by_situation.values()))
    return "; ".join(
        f"{situation}: {by_situation[situation]}" for situation in sorted(by_situation)
    )


def _disagreement(answers: tuple[AnswerSeen, ...]) -> Evidence | None:
    """Two answers to one situation, as evidence."""
    for place, one in enumerate(answers):
        for other in answers[place + 1 :]:
            if one.answer.situation == other.answer.situation:
                where = f" {one.answer.situation}" if one.answer.situation else ""
                return Evidence(
                    f"one answer{where}, always the same",
                    f"{one.answer.answer!r} (on {one.backend}), "
                    f"and {other.answer.answer!r} (on {other.backend})",
                    one.plan,
                    one.answer.proof,
                    other.plan,
                    other.answer.proof,
                    one.backend,
                    other.backend,
                    source=one.source,
                    other_source=other.source,
                )
    return None


def _blocked(verdict: Verdict, failed: set[str]) -> Verdict:
    """The verdict, given up where a clause that it rests on has failed."""
    if verdict.kind not in {Kind.FAILED, Kind.INCONCLUSIVE}:
        return verdict
    queue = list(CLAUSES[verdict.clause].rests_on)
    visited: set[str] = set()
    while queue:
        rest = queue.pop(0)
        if rest in failed:
            return msgspec.structs.replace(
                verdict, kind=Kind.BLOCKED, blocked_by=rest, evidence=None, reason=""
            )
        if rest not in visited:
            visited.add(rest)
            queue += CLAUSES[rest].rests_on
    return verdict


def _last(traits: Traits, verdict: Verdict) -> Verdict:
    """The verdict, in the light of the deviations that the implementation declares."""
    deviation = traits.deviations.get(verdict.clause)
    if deviation is None:
        return verdict
    if verdict.kind is Kind.FAILED:
        return msgspec.structs.replace(
            verdict, kind=Kind.DEVIATES, reason=deviation.reason, link=deviation.link
        )
    if verdict.kind is Kind.PASSED:
        stale = Evidence(
            f"the declared deviation: {deviation.reason}",
            "the clause holds: the declaration is out of date, and has to go",
        )
        return msgspec.structs.replace(verdict, kind=Kind.FAILED, evidence=stale)
    return verdict
