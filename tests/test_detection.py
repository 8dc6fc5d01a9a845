"""How surely a fault that comes and goes is seen, and whether a seed makes the same plans."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import ClassVar

import pytest

from bgspec_conformance.checks import CHECKS
from bgspec_conformance.engine import EXAMPLES, SEED
from bgspec_conformance.history import History
from bgspec_conformance.kit import AnyPlan
from bgspec_conformance.small import Case, cases
from bgspec_conformance.strategies import plans
from bgspec_conformance.trial import BATCH, Trial
from tests.gallery.cancellation import Tells
from tests.gallery.matrix import implementation_of
from tests.gallery.member import Member

ONE_IN = 8
SURELY = 0.99
ENOUGH = 40
"""Plans that it takes for that: 7/8 to the 40th is 0.005."""
ATTEMPTS = 5
"""How often they are carried out, each time with other draws."""


class Chancy(Tells):
    """Draws, when it is made, whether it would show a fault."""

    drawn: ClassVar[list[bool]] = []

    def __init__(self) -> None:
        super().__init__()
        self.drawn.append(random.random() < 1 / ONE_IN)


@pytest.fixture(scope="module")
def exercising() -> dict[str, list[AnyPlan]]:
    """For each clause, the plans of a check at the default number of examples that exercise it."""
    found: dict[str, list[AnyPlan]] = {clause: [] for clause in CHECKS}
    trial = Trial(implementation_of(Member(Tells, None)), "asyncio", list(CHECKS))

    def note(case: Case, history: History) -> None:
        for clause, judgements in trial.judge(case.plan, history).items():
            if judgements:
                found[clause].append(case.plan)

    for batch in batched([*cases(), *map(Case, plans(EXAMPLES, SEED))]):
        trial.carry_out(batch, note)
    return found


def batched(everything: list[Case]) -> Iterator[list[Case]]:
    return (everything[start : start + BATCH] for start in range(0, len(everything), BATCH))


def test_each_clause_is_exercised_often_enough(exercising: dict[str, list[AnyPlan]]) -> None:
    """As many plans as it takes, each of which shows the fault one time in eight."""
    missed = {clause: (1 - 1 / ONE_IN) ** len(found) for clause, found in exercising.items()}
    assert {clause: share for clause, share in missed.items() if share > 1 - SURELY} == {}


def test_a_fault_that_shows_one_time_in_eight_is_seen(exercising: dict[str, list[AnyPlan]]) -> None:
    """Measured, and not computed alone: the draws that the driver seeds could be too much alike."""
    showed: dict[AnyPlan, bool] = {}

    def note(case: Case, history: History) -> None:
        showed[case.plan] = Chancy.drawn[0]

    trial = Trial(
        implementation_of(Member(Chancy, None)),
        "asyncio",
        [],
        before=lambda case: Chancy.drawn.clear(),
    )
    some = {clause: found[:ENOUGH] for clause, found in exercising.items()}
    everything = [Case(plan) for plan in dict.fromkeys(chain.from_iterable(some.values()))]
    seen: list[bool] = []
    for attempt in range(ATTEMPTS):
        for batch in batched(everything):
            trial.carry_out(batch, note, attempt)
        seen += [any(showed[plan] for plan in found) for found in some.values()]
    assert sum(seen) / len(seen) >= SURELY


DECOY = "NAMES = ('decoy_one', 'decoy_two')\nNUMBERS = (424242, 0.125, 77777)\nBYTES = b'decoy'\n"
PRINT_PLANS = """
import sys
{decoy}
from bgspec_conformance.strategies import plans
sys.stdout.write(repr(plans(66, 3)))
"""


def test_plans_do_not_hang_on_what_else_is_imported(tmp_path: Path) -> None:
    """Hypothesis gathers constants from the modules around, for the strategies that are open."""
    (tmp_path / "decoy.py").write_text(DECOY)
    alone, beside = (
        subprocess.run(
            [sys.executable, "-c", PRINT_PLANS.format(decoy=decoy)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for decoy in ("", "import decoy")
    )
    assert alone == beside != ""
