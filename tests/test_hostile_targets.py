"""Targets that fail, hang, flood or die: each gets a clear word, and the suite ends by itself."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from bgspec_conformance import engine
from bgspec_conformance.cli import cli

CONTAINER = """
import os, sys, threading, time
import anyio


class Tasks:
    def __init__(self):
        self.tasks = []

    def add_task(self, func, *args, **kwargs):
        self.tasks.append((func, args, kwargs))

    async def __call__(self):
{run}
        for func, args, kwargs in self.tasks:
            if func.__class__ is threading.Thread.start.__class__ and func.__code__.co_flags & 0x80:
                await func(*args, **kwargs)
            else:
                await anyio.to_thread.run_sync(lambda: func(*args, **kwargs))
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty directory, with little patience."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine, "SILENCE", 4.0)
    monkeypatch.setattr(engine, "MEMORY", 400 << 20)
    monkeypatch.setattr(engine, "MOST_ENDS", 1)


def check(program: str, *options: str) -> Result:
    """Check the class that a module of this source has."""
    Path("target.py").write_text(program)
    before = psutil.Process().children(recursive=True)
    done = CliRunner().invoke(cli, ["check", "target:Tasks", "--examples", "0", *options])
    assert [p for p in psutil.Process().children(recursive=True) if p not in before] == []
    assert "Traceback" not in done.output
    return done


def verdicts(run: str, *clauses: str) -> dict[str, tuple[str, str]]:
    """Each clause's verdict and what was seen, of a container whose run begins so."""
    named = [option for clause in clauses for option in ("--clause", clause)]
    program = CONTAINER.format(run=f"        {run}")
    done = check(program, *named, "--no-witness", "--json", "out.json")
    assert done.exit_code in {0, 1, 3}, done.output
    report = json.loads(Path("out.json").read_text())
    return {
        clause["id"]: (clause["verdict"], clause.get("seen", "")) for clause in report["clauses"]
    }


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import os; print('so long'); os._exit(3)", "exit status 3; it printed:\nso long"),
        ("import time; time.sleep(600)", "it hung, and the process had to be killed"),
        ("bytearray(b'x' * (1 << 30)); import time; time.sleep(600)", "more than 400 MiB"),
        ("def Tasks(): raise OSError('\\x1b[31mno')", "OSError: \\x1b[31mno"),
    ],
)
def test_a_target_that_cannot_be_loaded_is_told(program: str, told: str) -> None:
    done = check(program)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("run", "seen"),
    [
        ("time.sleep(600)", "it hung, and the process had to be killed"),
        ("while True: pass", "it hung, and the process had to be killed"),
        ("os._exit(3)", "it ended the interpreter, with exit status 3"),
        ("os.kill(os.getpid(), 9)", "it killed the process with SIGKILL"),
        ("self.hoard = bytes(1 << 30).swapcase(); time.sleep(600)", "it took more than 400 MiB"),
        ("while True: os.fork() or os.setsid() or time.sleep(600)", "it took more than 400 MiB"),
    ],
)
def test_a_run_that_hangs_dies_or_hoards_is_filed_at_its_clause(run: str, seen: str) -> None:
    verdict, told = verdicts(run, "RUN-2")["RUN-2"]
    assert verdict == "failed"
    assert told.startswith(seen)


def test_a_run_that_closes_every_descriptor_is_judged_all_the_same() -> None:
    """Its loop ends, and where no other starts in that process another process has to go on."""
    assert verdicts("os.closerange(0, 64)", "RUN-1")["RUN-1"][0] == "failed"


@pytest.mark.parametrize("run", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_run_that_raises_what_ends_a_program_fails_its_clause(run: str) -> None:
    assert verdicts(run, "RUN-3")["RUN-3"][0] == "failed"


@pytest.mark.parametrize(
    "run",
    [
        "print('x' * 10_000); print('y', file=sys.stderr)",
        "threading.active_count() < 9 and threading.Thread(target=time.sleep, args=(600,)).start()",
        "sys.stdout.close(); sys.stderr.close()",
    ],
)
def test_what_prints_or_leaves_threads_behind_is_judged_all_the_same(run: str) -> None:
    assert verdicts(run, "RUN-3") == {"RUN-3": ("passed", "")}


@pytest.mark.slow
def test_a_run_that_never_ends_fails_and_what_rests_on_it_is_left() -> None:
    found = verdicts("await anyio.sleep_forever()", "RUN-2", "ORD-1")
    assert found["RUN-2"] == ("failed", "run 0 hung, and had to be cancelled (on asyncio)")
    assert found["ORD-1"] == ("blocked", "")
