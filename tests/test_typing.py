"""The TYP clauses for the protocols: each checker refuses the marked lines, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.checkers import CHECKERS, FILES, Checker, differences, marked_lines

each_checker = pytest.mark.parametrize("checker", CHECKERS, ids=[it.name for it in CHECKERS])


@cache
def refusals(checker: Checker) -> Mapping[Path, Mapping[int, str]]:
    """What the checker says of all files, in one run of it."""
    return checker.refusals(FILES)


@each_checker
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_marked_lines_are_refused_and_no_others(checker: Checker, file: Path) -> None:
    marked = marked_lines(file.read_text(), checker.name)
    assert differences(marked, refusals(checker)[file]) == []


@each_checker
def test_a_line_too_many_and_one_too_few_are_both_noticed(checker: Checker, tmp_path: Path) -> None:
    file = tmp_path / "wrong_marks.py"
    file.write_text(
        "def double(number: int) -> int:\n"
        "    return 2 * number\n"
        "double('refused')\n"
        "double(2)  # E\n"
        "double('refused and marked')  # E\n"
    )
    refused = checker.refusals([file])[file]
    too_many, too_few = differences(marked_lines(file.read_text(), checker.name), refused)
    assert too_many.startswith("line 3: refused, though not marked: ")
    assert too_few == "line 4: accepted, though marked"


def test_a_mark_with_names_counts_for_the_checkers_named_alone() -> None:
    source = "a()  # E: pyright, ty\nb()  # E\nc()  # Explained\n"
    assert marked_lines(source, "pyright") == {1, 2}
    assert marked_lines(source, "mypy") == {2}


def test_a_checker_that_cannot_judge_is_an_error(tmp_path: Path) -> None:
    mypy, *_ = CHECKERS
    with pytest.raises(AssertionError, match="no_such_file"):
        mypy.refusals([tmp_path / "no_such_file.py"])
