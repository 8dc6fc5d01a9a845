"""The parent's side of isolation: run a program that may hang or die, and say how it ended.

The child shares a directory with its parent: a job, a file of messages, a file that takes all it
prints, and a board of signs of life (:mod:`bgspec_conformance.lifeline`). The parent looks at them
every :data:`POLL` seconds::

    signs of life ── none for `silence` ──> killed: Silent
    memory ───────── over `memory` ───────> killed: TooLarge
    exit ─────────── without a goodbye ───> Exited
    goodbye ──────── exit, or `grace` over, then killed ──> Finished
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import anyio
import anyio.abc

from bgspec_conformance.lifeline import BOARD, ENVIRONMENT, JOB, MESSAGES, OUTPUT, Board
from bgspec_conformance.processes import Family

__all__ = ["POLL", "Ending", "Exited", "Finished", "Silent", "TooLarge", "supervise"]

POLL: Final = 0.1
"""Seconds between two looks at a child."""

_BOOT = 60.0  # seconds for an interpreter to start and open its lifeline, on the slowest machine
_TAIL = 8 << 10  # bytes of the child's output that an ending carries
_FLOOD = 1 << 20  # bytes of output from which on the file is cut back to its tail


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remains:
    """What a child leaves behind.

    Attributes:
        note: what it was about, as it wrote down last.
        output: the end of what it printed.
    """

    note: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(_Remains):
    """The child said goodbye.

    ``code`` is its exit status as :mod:`subprocess` gives it, or None where something that the
    target left behind kept it from leaving, and it was killed.
    """

    code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exited(_Remains):
    """The child was gone before it said goodbye.

    ``code`` is its exit status as :mod:`subprocess` gives it: ``-9`` for the signal 9.
    """

    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent(_Remains):
    """The child gave no sign of life for so many ``seconds``, and was killed."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLarge(_Remains):
    """The child and its descendants held ``size`` bytes of memory, and were killed."""

    size: int


Ending: TypeAlias = Finished | Silent | Exited | TooLarge


async def supervise(
    argv: Sequence[str],
    job: bytes,
    *,
    silence: float,
    memory: int,
    on_message: Callable[[bytes], Awaitable[None] | None],
    grace: float = 2.0,
) -> Ending:
    """Run a program in a child process until it ends, or has to be ended.

    The program opens its side with :meth:`.Lifeline.open`; its standard input is empty. Whatever
    the ending, cancellation included, no process of its session is left, and no file.

    Args:
        argv: the program and its arguments.
        job: what the child finds as :attr:`.Lifeline.job`.
        silence: seconds without a beat, note or message after which the child counts as hung. They
            are polls that this process got to make: while the machine, or the parent, is
            suspended or held up, nobody's time runs.
        memory: bytes that the child and its descendants may take, as the sum of their resident
            sets. It is measured at each poll, so a fast eater gets past it for a moment.
        on_message: called with each line that the child sends, in order, and awaited.
        grace: seconds that a child has to leave once it has said goodbye.

    Raises:
        OSError: the program cannot be started.
    """
    with TemporaryDirectory(prefix="bgspec-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        (home / JOB).write_bytes(job)
        (home / MESSAGES).touch()
        (home / OUTPUT).touch()
        (home / BOARD).write_bytes(bytes(Board.SIZE))
        bounds = _Bounds(silence, memory, grace)
        mail, output = _Mail(home / MESSAGES, on_message), _Output(home / OUTPUT)
        with closing(Board(home / BOARD)) as board:
            async with _started(argv, home) as (process, family):
                ending: Ending = await _watch(process, family, board, mail, output, bounds)
            await mail.deliver()  # no process is left: what is read from here on is final
            if board.parted:
                ending = Finished(code=ending.code if isinstance(ending, Exited) else None)
            return replace(ending, note=board.note, output=output.tail())


@dataclass(frozen=True, slots=True)
class _Bounds:
    silence: float
    memory: int
    grace: float

    def quiet(self, board: Board) -> float:
        """The seconds that a child at this stage may be quiet."""
        if board.parted:
            return self.grace
        return self.silence if board.beats else max(self.silence, _BOOT)


@asynccontextmanager
async def _started(
    argv: Sequence[str], home: Path
) -> AsyncGenerator[tuple[anyio.abc.Process, Family], None]:
    """The child, in a session of its own; at the end everything in it is killed."""
    # Opened to append, so that what is printed after a cut starts at the file's new end.
    with (home / OUTPUT).open("ab") as output:
        process = await anyio.open_process(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, ENVIRONMENT: str(home)},
            start_new_session=True,
        )
    family = Family(process.pid)
    try:
        yield process, family
    finally:
        family.kill()
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def _watch(
    process: anyio.abc.Process,
    family: Family,
    board: Board,
    mail: _Mail,
    output: _Output,
    bounds: _Bounds,
) -> Exited | Silent | TooLarge:
    """Look at the child until it ends, or a bound is passed, and say which."""
    quiet = 0
    last: tuple[int, int] | None = None
    while (code := await _exit_code(process)) is None:
        await mail.deliver()
        output.cut()
        if (size := family.size()) > bounds.memory:
            return TooLarge(size=size)
        # Once goodbye is said nothing counts as a sign, for threads left behind may beat for ever.
        sign = None if board.parted else (board.beats, mail.read)
        quiet = quiet + 1 if sign == last else 0
        last = sign
        if quiet * POLL >= bounds.quiet(board):
            return Silent(seconds=round(quiet * POLL, 1))
    return Exited(code=code)


async def _exit_code(process: anyio.abc.Process) -> int | None:
    """The exit status, if it comes within one poll."""
    with anyio.move_on_after(POLL):
        return await process.wait()
    return None


class _Mail:
    """The messages of a child, handed on as they come."""

    def __init__(self, path: Path, receive: Callable[[bytes], Awaitable[None] | None]) -> None:
        self._path = path
        self._receive = receive
        self.read = 0
        """The bytes read so far."""

    async def deliver(self) -> None:
        """Hand on what is new; a line that is not whole yet waits."""
        with self._path.open("rb") as file:
            file.seek(self.read)
            lines = file.readlines()
        for line in lines:
            if line.endswith(b"\n"):
                self.read += len(line)
                if (pending := self._receive(line[:-1])) is not None:
                    await pending


class _Output:
    """What a child prints, of which only the end is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = b""

    def cut(self) -> None:
        """Keep a flood from filling the disk."""
        if self._path.stat().st_size > _FLOOD:
            self._before = self._end()
            os.truncate(self._path, 0)

    def tail(self) -> str:
        """The end of the output, as text."""
        return self._end().decode("utf-8", "replace")

    def _end(self) -> bytes:
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - _TAIL))
            return (self._before + file.read(_TAIL))[-_TAIL:]
