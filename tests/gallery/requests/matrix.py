"""The kill matrix of the request profile: which clauses each little framework fails.

It is printed and remade by ``python -m tests.gallery.matrix``, as that of the containers. The tests
carry out the cases made for the member's own clause until one shows the fault, and some others.
"""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from bgspec.spec import Profile
from bgspec_conformance.implementation import Framework
from bgspec_conformance.kit import KITS
from bgspec_conformance.request.dialects.fastapi import FastAPIDialect
from bgspec_conformance.request.plan import Server
from bgspec_conformance.small.case import Case
from bgspec_conformance.tally import Tally
from bgspec_conformance.trial import Trial
from bgspec_conformance.verdict import Kind, Verdict, conclude
from tests.gallery.member import Member
from tests.gallery.requests import FRAMEWORKS
from tests.gallery.requests.little import Little

__all__ = [
    "EVERY",
    "KIT",
    "MATRIX",
    "RIGHT",
    "failures",
    "framework_of",
    "import_of",
    "is_in_process",
    "remake",
]

MATRIX = Path(__file__).parent / "kill_matrix.json"
"""The committed file."""
KIT = KITS[Profile.REQUEST]
EVERY = {**FRAMEWORKS.members, **FRAMEWORKS.odd_ones}
"""All members, by name."""
RIGHT = Member(Little, None)
"""What they are variants of."""
LARGE = 26
"""Plans drawn by luck for the tests."""
PART = 40
"""Of the cases made for other clauses every so many is tried by the tests."""
AT_ONCE = 6
"""Cases for the own clause that are tried before anybody looks whether they show the fault."""
SEED = 1


def import_of(member: Member, name: str = "") -> str:
    """The line that imports a member, under a name."""
    name = name or member.name
    renamed = f" as {name}" if name != member.name else ""
    return f"from {member.make.__module__} import {member.name}{renamed}"


def framework_of(member: Member) -> Framework:
    """The member as a framework."""
    return Framework(
        name=member.name,
        write=FastAPIDialect(
            container="from tests.gallery.requests.little import BackgroundTasks",
            around=(import_of(member), member.name),
        ),
        backends=member.backends,
    )


def is_in_process(case: Case) -> bool:
    """Whether a case takes no real server."""
    server: Server = case.plan.server  # type: ignore[union-attr] # it is one of this profile
    return server is Server.NONE


@cache
def _by_focus() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in KIT.cases():
        found.setdefault(case.focus, []).append(case)
    return found


@cache
def _some() -> list[Case]:
    """Some cases made for each clause, and some drawn by luck."""
    small = [case for case in KIT.cases() if is_in_process(case)]
    made = [*small[::PART], *filter(is_in_process, map(Case, KIT.plans(LARGE, SEED)))]
    gc.collect()
    gc.freeze()  # as a child process does
    return made


def _batches(cases: list[Case]) -> Iterator[list[Case]]:
    return (cases[start : start + AT_ONCE] for start in range(0, len(cases), AT_ONCE))


def _none(plan: Any) -> Iterator[Any]:
    """No smaller plan."""
    return iter(())


def _shows(tally: Tally) -> bool:
    situations = [seen.answer.situation for seen in tally.answers]
    return tally.violation is not None or len(situations) > len({*situations})


def failures(member: Member) -> list[Verdict]:
    """What a member fails on one backend; the failure at its own clause with how often it shows."""
    framework = framework_of(member)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = Trial(framework, member.backends[0], list(KIT.checks))
        trial.run(_some())
        if member.clause is not None:
            own = trial.tallies[member.clause]
            batches = _batches(_by_focus()[member.clause])
            while not _shows(own) and (batch := next(batches, None)):
                trial.run(batch)
            trial.kit = replace(KIT, smaller=_none)  # it would take too long here
            trial.smallest(member.clause)
        trial.tell_sources()
    verdicts = conclude(framework.traits, trial.tallies)
    return [verdict for verdict in verdicts if verdict.kind is Kind.FAILED]


def remake() -> None:
    """Write the committed file."""
    found = {
        name: [verdict.clause for verdict in failures(member)]
        for name, member in sorted(EVERY.items())
    }
    MATRIX.write_text(json.dumps(found, indent=2) + "\n")
