"""Small programs under supervision, for the tests of isolation."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import psutil
import pytest

from bgspec_conformance.isolation import Ending, supervise

__all__ = ["MIB", "OPEN", "SLEEPER", "assert_gone", "nothing_left", "posix", "run"]

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX sessions and signals")

MIB = 1 << 20
OPEN = """
import asyncio, atexit, os, signal, subprocess, sys, threading, time
from pathlib import Path
from bgspec_conformance.lifeline import ENVIRONMENT, NOTE_CAPACITY, Lifeline
home = Path(os.environ[ENVIRONMENT])
lifeline = Lifeline.open()
"""
SLEEPER = "import time; time.sleep(600)"


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After each test: no file in the directory for temporary ones, and no child process."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # it would do a part of the lifeline's
    before = psutil.Process().children(recursive=True)
    yield
    assert list(directory.iterdir()) == []
    assert [p for p in psutil.Process().children(recursive=True) if p not in before] == []


async def run(
    program: str,
    *,
    job: bytes = b"",
    silence: float = 1.0,
    memory: int = 1 << 30,
    on_message: Callable[[bytes], Awaitable[None] | None] = lambda _: None,
    grace: float = 10.0,
) -> Ending:
    """Supervise a program in Python; fail should that not end."""
    with anyio.fail_after(120):
        return await supervise(
            [sys.executable, "-c", program],
            job,
            silence=silence,
            memory=memory,
            on_message=on_message,
            grace=grace,
        )


def assert_gone(pid: int) -> None:
    """Wait for the system to do away with a process that was killed; fail if it lives."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return  # where nobody collects orphans, this is all that is left of one
        except psutil.NoSuchProcess:
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is alive")
