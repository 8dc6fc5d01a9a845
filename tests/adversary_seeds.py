"""The adversary before the suite: what it breaks with a seed, and whether it answers as it says.

``python -m tests.adversary_seeds FIRST LAST`` tries the seeds from the first to the last, a process
for each core, by every plan, on both event loops.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from multiprocessing import get_context

from rich.console import Console
from rich.progress import track

from bgspec.adversary import Adversary, drawn
from bgspec.spec import CLAUSES, Level
from bgspec_conformance.verdict import Kind, Verdict
from tests.gallery.matrix import implementation_of, tried
from tests.gallery.member import Member

__all__ = ["broken_by", "member_of", "off"]

ALWAYS_BROKEN = frozenset({"ADD-6", "ADD-7", "RUN-10", "CALL-6", "CALL-7"})
"""The SHOULDs that no seed keeps."""


def member_of(seed: int, *backends: str) -> Member:
    """The adversary of a seed, as a member of the gallery."""

    class Seeded(Adversary):
        def __init__(self) -> None:
            super().__init__(seed)

    return Member(Seeded, None, backends or ("asyncio", "trio"))


def broken_by(seed: int) -> set[str]:
    """The SHOULDs that a seed breaks, as its answers say."""
    answers = drawn(seed)
    return {
        *ALWAYS_BROKEN,
        *({"CTX-3"} if answers["CTX-2"] == "the run" else ()),
        *({"CAN-6"} if answers["CAN-6"] == "broken" else ()),
    }


def off(seed: int, verdicts: list[Verdict]) -> dict[str, str]:
    """The verdicts of the whole suite that are not as the seed's answers say, by clause."""
    expected: dict[str, str] = {
        "CAN-5": Kind.NOT_APPLICABLE,
        **dict.fromkeys(broken_by(seed), Kind.FAILED),
        **_answers(drawn(seed)),
    }
    wrong: dict[str, str] = {}
    for verdict in verdicts:
        due = expected.get(verdict.clause, Kind.PASSED)
        found = (verdict.kind is Kind.PASSED and verdict.answer) or verdict.kind
        if found != due:
            wrong[verdict.clause] = f"{found}, where {due} was expected"
    return wrong


def _answers(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers to each CHOICE, in the words of a verdict."""
    by_clause: dict[str, dict[str, str]] = {"CALL-9": {"": "asyncio and trio"}}
    for name, answer in answers.items():
        clause, _, situation = name.partition(", ")
        if clause in CLAUSES and CLAUSES[clause].level is Level.CHOICE:
            by_clause.setdefault(clause, {})[situation] = answer
    return {clause: _in_words(told) for clause, told in by_clause.items()}


def _in_words(told: dict[str, str]) -> str:
    """One answer where all situations have the same, else each."""
    if len({*told.values()}) == 1:
        return next(iter(told.values()))
    return "; ".join(f"{situation}: {told[situation]}" for situation in sorted(told))


def tried_seed(seed: int) -> tuple[int, dict[str, str]]:
    """A seed, and what is off when the whole suite has tried it."""
    return seed, off(seed, tried(implementation_of(member_of(seed)), seed))


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary_seeds", description=__doc__)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.last + 1)
    wrong = 0
    with get_context("spawn").Pool(maxtasksperchild=8) as pool:
        done = pool.imap_unordered(tried_seed, seeds)
        for seed, found in track(done, "", len(seeds), console=Console(stderr=True)):
            if found:
                wrong += 1
                print(seed, found, flush=True)
    print(f"{len(seeds) - wrong} of {len(seeds)} seeds are as they say")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
