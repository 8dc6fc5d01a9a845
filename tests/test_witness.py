"""Witnesses, as programs of their own: what they need is in them, and how they end says it."""

from __future__ import annotations

import ast
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import pytest

from bgspec_conformance.checks import CHECKS
from bgspec_conformance.implementations.starlette import IMPLEMENTATIONS
from bgspec_conformance.small import cases
from bgspec_conformance.trial import Trial
from bgspec_conformance.verdict import Evidence, Kind, Verdict, conclude
from bgspec_conformance.witness import quoted, write
from bgspec_conformance.witness.quoting import bare

STARLETTE = IMPLEMENTATIONS[0]
BROKEN = ("ADD-6", "ADD-7", "RUN-10", "CALL-6", "CALL-7", "CTX-3", "CAN-6")


@cache
def verdicts() -> dict[str, Verdict]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = Trial(STARLETTE, "asyncio", list(CHECKS))
        trial.run([case for case in cases() if case.focus in BROKEN])
        for clause in BROKEN:
            trial.smallest(clause)
    return {verdict.clause: verdict for verdict in conclude(STARLETTE.traits, trial.tallies)}


def run(program: str, path: Path) -> tuple[int, str]:
    """How a program ends, and the last line of what it says."""
    path.write_text(program)
    done = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=False)
    return done.returncode, (done.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize("clause", BROKEN)
def test_it_fails_on_starlette_and_passes_on_the_reference(clause: str, tmp_path: Path) -> None:
    verdict = verdicts()[clause]
    assert verdict.kind is Kind.DEVIATES  # it is declared
    program = write(verdict, STARLETTE.traits)
    assert "bgspec" not in program
    assert run(program, tmp_path / "one.py") == (1, f"AssertionError: {clause} is broken")
    for_reference = program.replace("from starlette.background import", "from bgspec import")
    assert run(for_reference, tmp_path / "two.py")[0] == 0


def test_there_is_none_where_no_plan_shows_the_failure() -> None:
    evidence = Evidence("it ends", "it ended the interpreter")
    assert write(Verdict("RUN-2", Kind.FAILED, evidence=evidence), STARLETTE.traits) == ""
    assert write(Verdict("RUN-2", Kind.PASSED), STARLETTE.traits) == ""


def test_annotations_are_cut_and_nothing_else() -> None:
    source = (
        "async def f(a: Callable[[], int], *b: Any, c: dict[str, int] = {}) -> dict[str, int]:\n"
        '    kept: list[str] = ["x: int = 3"]  # a: comment -> stays\n'
        '    stage["post"](functools.partial[Any](a))\n'
    )
    assert bare(source) == (
        "async def f(a, *b, c={}):\n"
        '    kept = ["x: int = 3"]  # a: comment -> stays\n'
        '    stage["post"](functools.partial(a))\n'
    )
    text = Path(quoted.__file__).read_text()
    whole = ast.parse(bare(text))
    assert not any(isinstance(node, ast.AnnAssign) for node in ast.walk(whole))
    assert not any(node.annotation for node in ast.walk(whole) if isinstance(node, ast.arg))
