"""The kill matrix: which clauses each member of the gallery fails.

``python -m tests.gallery.matrix NAME ...`` prints the rows of the named members with what was seen,
of either gallery; any ``module:attr`` of a container serves as a name as well. There every plan is
carried out, on every backend, and with ``--whole 0 1 2`` so it is for every member, with those
seeds (minutes for each). The tests are content with fewer. ``--write`` makes the committed files
anew, from those.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import sys
import warnings
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bgspec.spec import Profile
from bgspec_conformance.checks import CHECKS
from bgspec_conformance.implementation import Implementation, Recipe, Subject
from bgspec_conformance.kit import KITS
from bgspec_conformance.small import Case, cases
from bgspec_conformance.strategies import plans
from bgspec_conformance.tally import Tallies, Tally
from bgspec_conformance.trial import Trial
from bgspec_conformance.verdict import Kind, Verdict, conclude
from tests.gallery.member import MEMBERS, ODD, Member
from tests.gallery.requests import matrix as requests

__all__ = ["MATRIX", "failures", "implementation_of", "row", "tried"]

MATRIX = Path(__file__).parent / "kill_matrix.json"
"""The committed file."""
LARGE = 44
"""Plans drawn by luck for each member by the tests."""
LARGEST = 300
"""And where every case is carried out: as many as ``bgspec check`` draws."""
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


@cache
def _cases() -> list[Case]:
    made = [*cases(), *map(Case, plans(LARGE, SEED))]
    gc.collect()
    gc.freeze()  # as a child process does: the driver collects often
    return made


def failures(member: Member) -> list[Verdict]:
    """What a member fails on one backend, by all cases but most of those for other clauses.

    The failure at its own clause comes with the smallest plan found.
    """
    implementation = implementation_of(member)
    todo = [
        case
        for number, case in enumerate(_cases())
        if case.focus in {"", member.clause} or number % PART == 0
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = Trial(implementation, member.backends[0], list(CHECKS))
        trial.run(todo)
        if member.clause is not None:
            trial.smallest(member.clause)
    verdicts = conclude(implementation.traits, trial.tallies)
    return [verdict for verdict in verdicts if verdict.kind is Kind.FAILED]


def tried(subject: Subject, seed: int = SEED, large: int = LARGEST) -> list[Verdict]:
    """The verdicts on an implementation, by every case and on every backend."""
    kit = KITS[subject.profile]
    total: Tallies = {clause: Tally() for clause in kit.checks}
    todo = [*kit.cases(), *map(Case, kit.plans(large, seed))]
    if subject.profile is Profile.REQUEST:
        todo = [case for case in todo if requests.is_in_process(case)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for backend in subject.backends:
            trial = Trial(subject, backend, list(kit.checks))
            trial.run(todo)
            for clause, tally in trial.tallies.items():
                total[clause].merge(tally)
    return conclude(subject.traits, total)


def row(verdicts: list[Verdict]) -> dict[str, str]:
    """The clauses that are not passed: failed, or blocked by which."""
    return {
        verdict.clause: (verdict.blocked_by and f"blocked by {verdict.blocked_by}") or verdict.kind
        for verdict in verdicts
        if verdict.kind not in {Kind.PASSED, Kind.NOT_APPLICABLE}
    }


def remake() -> None:
    """Write the committed files."""
    found = {
        name: [verdict.clause for verdict in failures(member)]
        for name, member in sorted({**MEMBERS, **ODD}.items())
    }
    MATRIX.write_text(json.dumps(found, indent=2) + "\n")
    requests.remake()


def found_by(name: str) -> tuple[Member, Subject]:
    """A member of either gallery, by name."""
    if name in requests.EVERY:
        member = requests.EVERY[name]
        return member, requests.framework_of(member)
    member = MEMBERS.get(name) or ODD[name]
    return member, implementation_of(member)


def wrong(row_of: tuple[str, int]) -> tuple[str, int, dict[str, str]]:
    """What a member, by name, fails by every case with a seed, unless that is as it should be."""
    name, seed = row_of
    member, subject = found_by(name)
    found = row(tried(subject, seed))
    seen = [clause for clause, kind in found.items() if kind == Kind.FAILED]
    right = seen == ([] if member.clause is None else [member.clause])
    return name, seed, {} if right else found or {"": "nothing fails"}


def whole(seeds: list[int]) -> int:
    """Try every member by every case with each seed, a process for each core."""
    rows = [(name, seed) for seed in seeds for name in (*MEMBERS, *ODD, *requests.EVERY)]
    off = 0
    with get_context("spawn").Pool(maxtasksperchild=8) as pool:
        done = pool.imap_unordered(wrong, rows)
        for name, seed, found in track(done, "", len(rows), console=Console(stderr=True)):
            if found:
                off += 1
                print(name, seed, found, flush=True)
    print(f"{len(rows) - off} of {len(rows)} rows are as they should be")
    return off


def show(name: str) -> None:
    """Print a row with what was seen."""
    if ":" in name:
        module, _, attr = name.partition(":")
        member = Member(getattr(importlib.import_module(module), attr), None)
        subject: Subject = implementation_of(member)
    else:
        member, subject = found_by(name)
    verdicts = tried(subject)
    print(f"{name} ({member.clause or 'odd'}): {row(verdicts) or 'nothing fails'}")
    for verdict in verdicts:
        if verdict.evidence is not None:
            evidence = verdict.evidence
            print(f"  {verdict.clause}: {evidence.expected}\n    seen: {evidence.seen}")
            print(f"    proof: {evidence.proof} {evidence.other_proof}\n    plan: {evidence.plan}")
            print("    other:", evidence.other) if evidence.other else None
        elif verdict.kind is Kind.PASSED and verdict.answer:
            print(f"  {verdict.clause}: {verdict.answer} ({verdict.exercised})")
        else:
            print(f"  {verdict.clause}: {verdict.kind} ({verdict.exercised})")


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.gallery.matrix",
        description="Which clauses each member of the gallery fails.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a member, or any module:attr")
    parser.add_argument("--write", action="store_true", help="make the committed files anew")
    parser.add_argument(
        "--whole",
        nargs="+",
        type=int,
        metavar="SEED",
        help="try all members by every plan on every backend with these seeds; list what is wrong",
    )
    asked = parser.parse_args()
    sys.path.insert(0, "")
    if asked.write:
        remake()
    for name in asked.names:
        show(name)
    return min(whole(asked.whole), 1) if asked.whole else 0


if __name__ == "__main__":
    sys.exit(main())
