"""The pytest plugin: each clause of the contract as a test of a target."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bgspec_conformance import engine
from tests import few

HEAVY = ("hypothesis", "rich", "msgspec", "bgspec_conformance.engine", "bgspec_conformance.checks")
LOSES = """
from bgspec_conformance import Implementation, Recipe

class Tasks:
    def add_task(self, func, *args, **kwargs):
        open("added", "a").close()

    async def __call__(self):
        pass

FEW = Implementation(
    name="mine",
    make=Tasks,
    capacity=1,
    backends=("asyncio",),
    recipe=Recipe(imports="from mine import Tasks", make="Tasks()"),
)
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    """A session of pytest by itself, of few examples."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--bgspec-examples", "0", *args],
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_clause_is_an_item_and_nothing_is_tried_to_collect_them() -> None:
    Path("mine.py").write_text(LOSES)
    done = run("--bgspec", "mine:Tasks", "--bgspec", "reference", "--collect-only", "-q")
    items = [line for line in done.stdout.splitlines() if line.startswith("bgspec::")]
    assert items == [
        f"bgspec::{target}::{clause}"
        for target in ("mine:Tasks", "reference")
        for clause in engine.checkable()
    ]
    assert not Path("added").exists()


def test_items_stand_beside_other_tests_and_can_be_chosen_by_name() -> None:
    Path("test_mine.py").write_text("def test_mine(): pass\ndef test_other(): pass\n")
    done = run("--bgspec", few.TARGET, "-k", "ADD-1 or test_other", "-v")
    assert done.returncode == 0, done.stdout
    assert f"collected {len(engine.checkable()) + 2} items / " in done.stdout
    assert f"bgspec::{few.TARGET}::ADD-1 PASSED" in done.stdout
    assert "3 passed" in done.stdout


def test_a_failure_that_counts_shows_what_was_seen_and_a_program() -> None:
    Path("mine.py").write_text(LOSES)
    done = run("--bgspec", "mine:FEW", "-k", "RUN-1 or ADD-2", "-rs")
    assert done.returncode == 1
    assert "mine: RUN-1 (MUST) failed" in done.stdout
    assert "seen:     t0 was never called" in done.stdout
    assert "from mine import Tasks" in done.stdout
    assert "pytest_plugin" not in done.stdout
    assert "SKIPPED [1] bgspec: ADD-2 (MUST) blocked: rests on RUN-1" in done.stdout


@pytest.mark.parametrize(("strict", "status"), [((), 0), (("--bgspec-strict",), 1)])
def test_a_should_counts_under_strict_alone(strict: tuple[str, ...], status: int) -> None:
    done = run("--bgspec", few.TARGET, "-k", "ADD-7", "-rs", *strict)
    assert done.returncode == status
    assert "ADD-7 (SHOULD) failed" in done.stdout
    assert "None was taken" in done.stdout


def test_a_target_of_several_implementations_is_tried_as_one() -> None:
    Path("mine.py").write_text("from tests.few import FEW\nBOTH = (FEW, FEW)\n")
    done = run("--bgspec", "mine:BOTH", "-k", "RUN-1 or ARG", "-q", "--bgspec-strict")
    assert done.returncode == 1, done.stdout
    assert "few: RUN-10 (SHOULD) failed" in done.stdout
    assert "1 failed, 4 passed" in done.stdout


def test_a_wrong_target_is_bad_usage() -> None:
    done = run("--bgspec", "nowhere:Tasks")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --bgspec: nowhere:Tasks: there is no module 'nowhere'" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_plugin_is_loaded_by_its_entry_point_and_imports_nothing_heavy() -> None:
    Path("test_mine.py").write_text(
        "import sys\n"
        "def test_mine():\n"
        "    assert 'bgspec_conformance.pytest_plugin' in sys.modules\n"
        f"    assert not set(sys.modules) & set({HEAVY})\n"
    )
    # Other plugins import what they like.
    done = run("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:anyio")
    assert done.returncode == 0, done.stdout


def test_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, bgspec_conformance; print(set(sys.modules) & set({HEAVY}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
