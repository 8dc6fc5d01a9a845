"""Programs of the tutorial's kind, in each of its spellings: the import is all that changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgspec.adapters.asgi import BackgroundTasksMiddleware
from tests.checkers import CHECKERS, Checker
from tests.tutorial.swapped import Wrap, as_it_is, outcome, swapped

FOLDER = Path(__file__).parent / "tutorial"
HELPERS = ("__init__", "__main__", "swapped")
PROGRAMS = [path for path in sorted(FOLDER.glob("*.py")) if path.stem not in HELPERS]
BOOK = "someone@example.org"

each_program = pytest.mark.parametrize("program", PROGRAMS, ids=[path.stem for path in PROGRAMS])


def test_there_is_one_for_each_spelling() -> None:
    assert len(PROGRAMS) == 6


@each_program
@pytest.mark.parametrize("wrap", [as_it_is, BackgroundTasksMiddleware])
def test_with_the_import_changed_it_does_the_same(program: Path, wrap: Wrap) -> None:
    source = program.read_text()
    own, ours = outcome(source), outcome(swapped(source), wrap)
    assert own == ours
    assert {status for status, _ in own.answers} == {200}
    if program.stem == "one_task":
        assert own.files == {"labels.txt": f"{BOOK} goes to new arrivals"}
    else:
        assert own.files == {"ledger.txt": f"lent: {BOOK}\nasked for by what\nlent: {BOOK}\n"}


@pytest.mark.parametrize("checker", CHECKERS, ids=[checker.name for checker in CHECKERS])
def test_with_the_import_changed_they_type_check_and_a_wrong_argument_does_not(
    checker: Checker, tmp_path: Path
) -> None:
    files = [tmp_path / program.name for program in PROGRAMS]
    for file, program in zip(files, PROGRAMS, strict=True):
        file.write_text(swapped(program.read_text()))
    wrong = tmp_path / "wrong.py"
    source = (tmp_path / "one_task.py").read_text()
    wrong.write_text(source.replace('shelf="new arrivals"', "shelf=1"))
    refused = checker.refusals([*files, wrong])
    assert list(refused) == [wrong]
    [line] = refused[wrong]
    assert "shelf=1" in wrong.read_text().splitlines()[line - 1]
