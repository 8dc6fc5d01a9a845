"""The kill matrix: which clauses each member of the gallery fails.

``python -m tests.gallery.matrix [NAME ...]`` prints it, or the rows of the named members with what
was seen; any ``module:attr`` serves as a name as well.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from functools import cache

from bgspec_conformance.checks import CHECKS
from bgspec_conformance.implementation import Implementation, Recipe
from bgspec_conformance.small import Case, cases
from bgspec_conformance.strategies import plans
from bgspec_conformance.tally import Tallies, Tally
from bgspec_conformance.trial import Trial
from bgspec_conformance.verdict import Kind, Verdict, conclude
from tests.gallery.member import MEMBERS, ODD, Member

__all__ = ["implementation_of", "killed", "row", "tried"]

LARGE = 44
"""Plans drawn by luck for each member."""
PART = 30
"""Of the cases made for other clauses every so many is tried."""
SEED = 1


def implementation_of(member: Member) -> Implementation:
    """The member as an implementation."""
    return Implementation(
        name=member.name,
        make=member.make,
        recipe=Recipe(
            imports=f"from {member.make.__module__} import {member.name}",
            make=f"{member.name}()",
            pending=f"{member.name}.pending({{container}})",
        ),
        backends=member.backends,
        pending=getattr(member.make, "pending", None),
    )


def tried(implementation: Implementation, seed: int = SEED, large: int = LARGE) -> list[Verdict]:
    """The verdicts on an implementation, found in this process."""
    total: Tallies = {clause: Tally() for clause in CHECKS}
    todo = [*cases(), *(Case(plan) for plan in plans(large, seed))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for backend in implementation.backends:
            trial = Trial(implementation, backend, list(CHECKS))
            trial.run(todo)
            for clause, tally in trial.tallies.items():
                total[clause].merge(tally)
    return conclude(implementation.traits, total)


@cache
def _small() -> list[Case]:
    return list(cases())


def killed(member: Member) -> list[str]:
    """The clauses that a member fails, by the cases made for its own clause and a part of all
    others, on one backend.
    """
    implementation = implementation_of(member)
    small = [c for n, c in enumerate(_small()) if c.focus == member.clause or n % PART == 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = Trial(implementation, member.backends[0], list(CHECKS))
        trial.run([*small, *map(Case, plans(LARGE, SEED))])
    verdicts = conclude(implementation.traits, trial.tallies)
    return [verdict.clause for verdict in verdicts if verdict.kind is Kind.FAILED]


def row(verdicts: list[Verdict]) -> dict[str, str]:
    """The clauses that are not passed: failed, or blocked by which."""
    return {
        verdict.clause: (verdict.blocked_by and f"blocked by {verdict.blocked_by}") or verdict.kind
        for verdict in verdicts
        if verdict.kind not in {Kind.PASSED, Kind.NOT_APPLICABLE}
    }


def main(names: list[str]) -> None:
    """Print rows."""
    sys.path.insert(0, "")
    for name in names or [*MEMBERS, *ODD]:
        if ":" in name:
            module, _, attr = name.partition(":")
            member = Member(getattr(importlib.import_module(module), attr), None)
        else:
            member = MEMBERS.get(name) or ODD[name]
        verdicts = tried(implementation_of(member))
        print(f"{name} ({member.clause or 'odd'}): {row(verdicts) or 'nothing fails'}")
        for verdict in verdicts if names else ():
            if verdict.evidence is not None:
                evidence = verdict.evidence
                print(f"  {verdict.clause}: {evidence.expected}\n    seen: {evidence.seen}")
                print(
                    f"    proof: {evidence.proof} {evidence.other_proof}\n    plan: {evidence.plan}"
                )
                print("    other:", evidence.other) if evidence.other else None
            elif verdict.kind is Kind.PASSED and verdict.answer:
                print(f"  {verdict.clause}: {verdict.answer} ({verdict.exercised})")
            else:
                print(f"  {verdict.clause}: {verdict.kind} ({verdict.exercised})")


if __name__ == "__main__":
    main(sys.argv[1:])
