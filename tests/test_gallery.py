"""The suite can fail: every member of the gallery is caught at its clause, and there alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bgspec_conformance.checks import CHECKS
from tests.gallery.matrix import killed
from tests.gallery.member import MEMBERS, ODD

MATRIX: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "gallery" / "kill_matrix.json").read_text()
)
"""The kill matrix as it is committed."""


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_a_faulty_member_is_caught_at_its_clause_and_there_alone(name: str) -> None:
    assert killed(MEMBERS[name]) == [MEMBERS[name].clause] == MATRIX[name]


@pytest.mark.parametrize("name", sorted(ODD))
def test_an_odd_but_legal_member_fails_nothing(name: str) -> None:
    assert killed(ODD[name]) == [] == MATRIX[name]


def test_the_matrix_holds_every_member() -> None:
    assert set(MATRIX) == {*MEMBERS, *ODD}


def test_members_break_clauses_that_have_a_check() -> None:
    assert {member.clause for member in MEMBERS.values()} <= set(CHECKS)
