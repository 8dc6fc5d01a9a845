"""Witnesses: each fails on the implementation that it came from, and passes on the reference."""

from __future__ import annotations

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
from bgspec_conformance.verdict import Kind, Verdict, conclude
from bgspec_conformance.witness import write

STARLETTE = IMPLEMENTATIONS[0]
BROKEN = ("ADD-6", "ADD-7", "RUN-10", "CALL-6", "CALL-7", "CTX-3")


@cache
def verdicts() -> dict[str, Verdict]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = Trial(STARLETTE, "asyncio", list(CHECKS))
        trial.run([case for case in cases() if case.focus in BROKEN])
        for clause in BROKEN:
            trial.smallest(clause)
    return {verdict.clause: verdict for verdict in conclude(STARLETTE.traits, trial.tallies)}


def status(program: str, path: Path) -> int:
    path.write_text(program)
    return subprocess.run([sys.executable, path], capture_output=True, check=False).returncode


@pytest.mark.parametrize("clause", BROKEN)
def test_it_fails_on_starlette_and_passes_on_the_reference(clause: str, tmp_path: Path) -> None:
    verdict = verdicts()[clause]
    assert verdict.kind is Kind.FAILED
    program = write(verdict, STARLETTE.traits)
    assert status(program, tmp_path / "witness.py") == 1
    for_reference = program.replace("from starlette.background import", "from bgspec import")
    assert status(for_reference, tmp_path / "reference.py") == 0
