"""The contract as data: complete, consistent, and light to import."""

from __future__ import annotations

import ast
import pickle
import re
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import bgspec.spec
from bgspec.errors import BgspecError
from bgspec.spec import (
    CHAPTERS,
    CLAUSES,
    SPEC_VERSION,
    Chapter,
    Clause,
    Level,
    Profile,
    UnknownClause,
    clause,
)

ALL = [clause for chapter in CHAPTERS for clause in chapter.clauses]
CHAPTER_SIZES = {
    "ADD": 10,
    "ARG": 3,
    "RUN": 10,
    "ORD": 3,
    "CALL": 9,
    "ERR": 9,
    "CTX": 3,
    "CAN": 7,
    "DSP": 8,
    "RSP": 14,
    "DEP": 8,
    "QUE": 11,
    "TYP": 5,
}
PROFILES = {
    "ADD": {Profile.COLLECTOR, Profile.DISPATCHER},
    "ARG": {Profile.COLLECTOR, Profile.DISPATCHER},
    "RUN": {Profile.COLLECTOR},
    "ORD": {Profile.COLLECTOR},
    "CALL": {Profile.COLLECTOR, Profile.DISPATCHER},
    "ERR": {Profile.COLLECTOR},
    "CTX": {Profile.COLLECTOR, Profile.DISPATCHER},
    "CAN": {Profile.COLLECTOR},
    "DSP": {Profile.DISPATCHER},
    "RSP": {Profile.REQUEST},
    "DEP": {Profile.REQUEST},
    "QUE": {Profile.QUEUE},
    "TYP": {Profile.TYPES},
}
SITUATIONS = {
    "RUN-9": ("within a task of its own", "twice at once"),
    "ERR-9": ("from a sync task", "from an async task"),
    "RSP-7": (
        "in the endpoint",
        "in a dependency",
        "in validation of the response",
        "in a middleware after the endpoint",
    ),
    "DEP-5": ("request scope", "function scope"),
    "DEP-6": ("request scope", "function scope"),
}

each_clause = pytest.mark.parametrize("a_clause", ALL, ids=lambda a_clause: a_clause.id)
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.id)


def modal_verbs(text: str) -> set[str]:
    return set(re.findall(r"\b(?:MUST|SHOULD|MAY)\b", text))


def test_the_chapters_and_their_sizes_are_the_catalogue_s() -> None:
    assert {chapter.id: len(chapter.clauses) for chapter in CHAPTERS} == CHAPTER_SIZES


def test_there_are_a_hundred_clauses_in_catalogue_order() -> None:
    assert list(CLAUSES) == [a_clause.id for a_clause in ALL]
    assert len(CLAUSES) == 100


def test_the_levels_are_counted() -> None:
    assert Counter(a_clause.level for a_clause in ALL) == {
        Level.MUST: 62,
        Level.SHOULD: 16,
        Level.CHOICE: 22,
    }


@each_chapter
def test_numbers_follow_each_other_without_a_gap(chapter: Chapter) -> None:
    expected = [f"{chapter.id}-{number}" for number in range(1, len(chapter.clauses) + 1)]
    assert [a_clause.id for a_clause in chapter.clauses] == expected
    assert {a_clause.chapter for a_clause in chapter.clauses} == {chapter.id}


@each_chapter
def test_a_chapter_has_a_title_and_a_theory(chapter: Chapter) -> None:
    assert chapter.title
    assert len(chapter.theory.splitlines()) >= 3


@each_clause
def test_a_clause_is_written_out_whole(a_clause: Clause) -> None:
    assert a_clause.title
    assert not a_clause.sentence[0].islower()
    assert a_clause.sentence.endswith(".")
    assert a_clause.reason.endswith(".")
    assert a_clause.source
    assert not a_clause.source.endswith(".")
    assert 1 <= a_clause.since <= SPEC_VERSION


@each_clause
def test_text_was_joined_with_single_spaces(a_clause: Clause) -> None:
    for text in (a_clause.title, a_clause.sentence, a_clause.reason, a_clause.source):
        assert text == " ".join(text.split())


@each_clause
def test_the_sentence_speaks_at_the_level(a_clause: Clause) -> None:
    verbs = modal_verbs(a_clause.sentence)
    match a_clause.level:
        case Level.MUST:
            assert "MUST" in verbs
            assert "SHOULD" not in verbs
        case Level.SHOULD:
            assert verbs == {"SHOULD"}
        case Level.CHOICE:
            assert "MAY" in verbs
            assert "SHOULD" not in verbs


@each_clause
def test_a_choice_has_answers_and_nothing_else_has(a_clause: Clause) -> None:
    if a_clause.level is Level.CHOICE:
        assert len(set(a_clause.answers)) == len(a_clause.answers) >= 2
        assert a_clause.situations == SITUATIONS.get(a_clause.id, ())
    else:
        assert a_clause.answers == ()
        assert a_clause.situations == ()


@each_clause
def test_a_clause_belongs_to_the_profiles_of_its_chapter(a_clause: Clause) -> None:
    expected = PROFILES[a_clause.chapter]
    if a_clause.id == "ADD-1":
        expected = {Profile.COLLECTOR}  # a dispatcher calls at the add
    assert set(a_clause.profiles) == expected


@each_clause
def test_every_clause_that_a_text_names_exists(a_clause: Clause) -> None:
    named = re.findall(
        r"\b[A-Z]{3,4}-\d+\b",
        " ".join((a_clause.sentence, a_clause.reason, a_clause.source, *a_clause.rests_on)),
    )
    assert set(named) - {a_clause.id} <= CLAUSES.keys()


def test_what_clauses_rest_on_has_no_cycle() -> None:
    order = TopologicalSorter({a_clause.id: a_clause.rests_on for a_clause in ALL}).static_order()
    assert set(order) == set(CLAUSES)


def test_can_5_is_by_an_optional_interface() -> None:
    assert "by an optional interface" in clause("CAN-5").sentence


def test_a_clause_is_found_by_its_id() -> None:
    assert clause("ORD-1") is CLAUSES["ORD-1"]


@pytest.mark.parametrize("unknown", ["ORD-11", "ord-1", "ORD1"])
def test_a_misspelt_id_is_answered_with_the_close_ones(unknown: str) -> None:
    with pytest.raises(UnknownClause, match=r"did you mean .*\bORD-1\b") as caught:
        clause(unknown)
    assert unknown in str(caught.value)


def test_an_id_unlike_any_is_answered_with_the_chapters() -> None:
    with pytest.raises(UnknownClause, match=r"ADD, ARG, .*, TYP"):
        clause("?")


def test_an_unknown_clause_is_a_lookup_error_of_bgspec() -> None:
    assert issubclass(UnknownClause, LookupError)
    assert issubclass(UnknownClause, BgspecError)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        CLAUSES["ORD-1"] = clause("ORD-2")  # type: ignore[index] # pyright: ignore[reportIndexIssue]


@each_clause
def test_a_clause_can_be_sent_to_a_child_process(a_clause: Clause) -> None:
    assert pickle.loads(pickle.dumps(a_clause)) == a_clause


@pytest.mark.parametrize(
    "module", sorted(Path(bgspec.spec.__file__).parent.glob("*.py")), ids=lambda path: path.name
)
def test_the_contract_imports_the_standard_library_alone(module: Path) -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported <= sys.stdlib_module_names | {"bgspec"}


def test_every_public_name_is_there() -> None:
    assert all(hasattr(bgspec.spec, name) for name in bgspec.spec.__all__)
