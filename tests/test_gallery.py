"""The suite can fail: every member of the gallery is caught at its clause, and there alone.

And what it shows can be believed: the program that it writes fails on that member, and passes on
the reference.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bgspec_conformance.checks import CHECKS
from bgspec_conformance.implementations import reference
from bgspec_conformance.witness import write
from bgspec_conformance.witness.program import MOST_ATTEMPTS
from tests.gallery.matrix import MATRIX, failures, implementation_of
from tests.gallery.member import MEMBERS, ODD
from tests.programs import outcome

COMMITTED: dict[str, list[str]] = json.loads(MATRIX.read_text())
"""The kill matrix as it is committed."""
REFERENCE = reference.IMPLEMENTATIONS[0].traits.recipe


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_faulty_member_is_caught_at_its_clause_and_there_alone(name: str) -> None:
    member = MEMBERS[name]
    found = failures(member)
    assert [verdict.clause for verdict in found] == [member.clause] == COMMITTED[name]
    traits = implementation_of(member).traits
    assert isinstance(outcome(write(found[0], traits)), AssertionError)
    right = write(found[0], replace(traits, recipe=REFERENCE))
    assert outcome(right.replace(f"times < {MOST_ATTEMPTS}", "times < 50")) is None


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_but_legal_member_fails_nothing(name: str) -> None:
    assert failures(ODD[name]) == [] == COMMITTED[name]


def test_the_matrix_holds_every_member() -> None:
    assert set(COMMITTED) == {*MEMBERS, *ODD}


def test_every_check_has_a_member_that_it_catches() -> None:
    assert {member.clause for member in MEMBERS.values()} == set(CHECKS)
