"""The type checkers that read ``tests/typing``, and how to learn which lines one of them refuses.

A line that must be refused ends in ``# E``, as in the conformance tests of the typing
specification; every other line must be accepted. ``# E: pyright`` marks a line that only the
checkers named are known to refuse.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "typing"
FILES = sorted(FOLDER.glob("*.py"))

MARK = re.compile(r"# E(?:: (?P<names>\w+(?:, \w+)*))?$")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One complaint of a checker."""

    file: Path
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Checker:
    """A checker, as its name, how it is started, and how its output is read."""

    name: str
    command: tuple[str, ...]
    read: Callable[[str], Iterable[Refusal]]

    def refusals(self, files: Sequence[Path]) -> Mapping[Path, Mapping[int, str]]:
        """What is refused: for each file, the message at each line.

        Raises:
            AssertionError: the checker did not get as far as a judgement.
        """
        settings = {
            # mypy 2.4 repeats the errors of another folder's file of the same name from its cache
            "MYPY_CACHE_DIR": str(files[0].parent / ".mypy_cache"),
            "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
        }
        ended = subprocess.run(
            [sys.executable, "-m", *self.command, *map(str, files)],
            cwd=ROOT,
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode in (0, 1), ended.stdout + ended.stderr
        found: defaultdict[Path, dict[int, str]] = defaultdict(dict)
        for refusal in self.read(ended.stdout):
            found[refusal.file][refusal.line] = refusal.message
        return found


def read_mypy(output: str) -> Iterator[Refusal]:
    """The errors in ``--output json``, a line each; notes are no refusals."""
    for row in map(json.loads, filter(None, output.splitlines())):
        if row["severity"] == "error":
            yield Refusal(ROOT / row["file"], row["line"], row["message"])


def read_pyright(output: str) -> Iterator[Refusal]:
    """The errors in ``--outputjson``; lines count from 0 there."""
    rows: list[dict[str, Any]] = json.loads(output)["generalDiagnostics"]
    for row in rows:
        if row["severity"] == "error":
            line = row["range"]["start"]["line"] + 1
            yield Refusal(Path(row["file"]), line, row["message"])


MYPY = ("mypy", "--config-file=", "--strict", "--output=json", "--show-absolute-path")
PYRIGHT = ("pyright", f"--project={FOLDER}", f"--pythonpath={sys.executable}", "--outputjson")
CHECKERS = (Checker("mypy", MYPY, read_mypy), Checker("pyright", PYRIGHT, read_pyright))


def marked_lines(source: str, checker: str) -> set[int]:
    """The lines of `source` that the checker must refuse."""
    return {
        number
        for number, line in enumerate(source.splitlines(), 1)
        if (mark := MARK.search(line))
        and (mark["names"] is None or checker in mark["names"].split(", "))
    }


def differences(marked: set[int], refused: Mapping[int, str]) -> list[str]:
    """A sentence for each line that is refused and should not be, or should be and is not."""
    return [
        f"line {line}: refused, though not marked: {refused[line]}"
        for line in sorted(refused.keys() - marked)
    ] + [f"line {line}: accepted, though marked" for line in sorted(marked - refused.keys())]
