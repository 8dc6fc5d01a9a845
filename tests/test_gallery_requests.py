"""The suite can fail in the request profile too: every little framework is caught at its clause.

And what it shows can be believed: the program that it writes fails on that framework, and passes on
the right one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from bgspec_conformance.engine import EXAMPLES, SEED
from bgspec_conformance.request.witness import MOST, TIMES, write
from bgspec_conformance.small.case import Case
from bgspec_conformance.trial import Trial
from tests.gallery.member import MEMBERS, ODD
from tests.gallery.requests import FRAMEWORKS
from tests.gallery.requests.matrix import (
    EVERY,
    KIT,
    MATRIX,
    RIGHT,
    failures,
    framework_of,
    import_of,
    is_in_process,
)
from tests.programs import outcome

COMMITTED: dict[str, list[str]] = json.loads(MATRIX.read_text())
"""The kill matrix as it is committed."""
OVER_SOCKETS = {"RSP-3", "RSP-4", "RSP-9", "RSP-11", "RSP-12"}
"""Clauses that a real server is needed for."""


def some_are_slow(names: list[str]) -> list[Any]:
    """Every third name as it is, and the others marked: together they take a minute."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if number % 3 else [])
        for number, name in enumerate(names)
    ]


@pytest.mark.parametrize("name", some_are_slow(sorted(FRAMEWORKS.members)))
def test_a_faulty_framework_is_caught_at_its_clause_and_there_alone(name: str) -> None:
    member = FRAMEWORKS.members[name]
    found = failures(member)
    assert [verdict.clause for verdict in found] == [member.clause] == COMMITTED[name]
    program = write(found[0], framework_of(member).traits)
    program = program.replace(f"most={MOST}", "most=2")
    assert isinstance(outcome(program), AssertionError)
    right = program.replace(import_of(member), import_of(RIGHT, name))
    assert right != program
    assert outcome(right.replace(f"range({TIMES})", "range(10)")) is None


@pytest.mark.parametrize("name", sorted(FRAMEWORKS.odd_ones))
def test_an_odd_but_legal_framework_fails_nothing(name: str) -> None:
    assert failures(FRAMEWORKS.odd_ones[name]) == [] == COMMITTED[name]


def test_the_right_framework_fails_nothing() -> None:
    assert failures(RIGHT) == []


def test_the_matrix_holds_every_framework() -> None:
    assert set(COMMITTED) == {*EVERY}


def test_no_framework_is_called_as_a_container_is() -> None:
    assert not {*EVERY} & {*MEMBERS, *ODD}


@pytest.mark.slow
def test_each_clause_is_exercised_often_enough() -> None:
    """As many plans as it takes to see a fault that shows one time in eight."""
    trial = Trial(framework_of(RIGHT), "asyncio", list(KIT.checks))
    trial.run(
        [c for c in [*KIT.cases(), *map(Case, KIT.plans(EXAMPLES, SEED))] if is_in_process(c)]
    )
    missed = {clause: (1 - 1 / 8) ** tally.exercised for clause, tally in trial.tallies.items()}
    rarely = {clause for clause, share in missed.items() if share > 1 - 0.99}
    assert rarely == OVER_SOCKETS


def test_every_check_has_a_framework_that_it_catches() -> None:
    caught = {member.clause for member in FRAMEWORKS.members.values()}
    assert caught == set(KIT.checks) - {"RSP-9"}  # no server lets an application see it
