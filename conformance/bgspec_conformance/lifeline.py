"""The child's side of isolation: its job, a private channel to the parent, and signs of life.

A target may print, close or exhaust descriptors, and end the process between two instructions. So
nothing here keeps a descriptor that matters: messages go to a file that is opened by its path each
time, and signs of life are plain stores into mapped memory, which the parent can still read when
the process is gone. :mod:`bgspec_conformance.isolation` is the parent's side.
"""

from __future__ import annotations

import io
import mmap
import os
import signal
import sys
from pathlib import Path
from typing import Final

__all__ = [
    "BOARD",
    "ENVIRONMENT",
    "JOB",
    "MESSAGES",
    "NOTE_CAPACITY",
    "OUTPUT",
    "Board",
    "Lifeline",
]

ENVIRONMENT: Final = "BGSPEC_LIFELINE"
"""The environment variable that names the directory which parent and child share."""

JOB: Final = "job"
MESSAGES: Final = "messages"
OUTPUT: Final = "output"
BOARD: Final = "board"

NOTE_CAPACITY: Final = 1 << 20
"""The longest note, in bytes of UTF-8."""

_BEATS, _PARTED, _LENGTH = range(3)
_HEADER = 3 * 8
_PR_SET_PDEATHSIG = 1


class Board:
    """Signs of life in memory that parent and child share.

    Three 64-bit words (beats, whether goodbye was said, the note's length), then the note. The
    child writes, the parent reads.
    """

    __slots__ = ("_map", "_words")

    SIZE: Final = _HEADER + NOTE_CAPACITY
    """The size of the file, in bytes; the parent makes it, full of zeros."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), self.SIZE)
        self._words = memoryview(self._map)[:_HEADER].cast("Q")

    @property
    def beats(self) -> int:
        """How often :meth:`beat` was called; 0 as long as the child has not opened its lifeline."""
        return self._words[_BEATS]

    @property
    def parted(self) -> bool:
        """Whether the child has said goodbye."""
        return bool(self._words[_PARTED])

    @property
    def note(self) -> str:
        """The last note, whole; empty where there is none, or where the end came in mid-writing."""
        end = _HEADER + self._words[_LENGTH]
        return self._map[_HEADER:end].decode("utf-8", "surrogatepass")

    def beat(self) -> None:
        """Count a sign of life; two threads at once may count one, which is sign enough."""
        self._words[_BEATS] += 1

    def write(self, text: str) -> None:
        """Replace the note by ``text``."""
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > NOTE_CAPACITY:
            raise ValueError(f"a note holds {NOTE_CAPACITY} bytes, and this one has {len(data)}")
        self._words[_LENGTH] = 0
        self._map[_HEADER : _HEADER + len(data)] = data
        self._words[_LENGTH] = len(data)

    def part(self) -> None:
        """Write down that goodbye was said."""
        self._words[_PARTED] = 1

    def close(self) -> None:
        """Give the memory back. Only the parent does.

        A map holds a descriptor, whose number in the child may have become a file of the target's.
        """
        self._words.release()
        self._map.close()


class Lifeline:
    """What a child has of its parent. Opened once, before the target is imported.

    Args:
        home: the directory that the parent shares with this child.

    Attributes:
        job: what the parent asks for.
    """

    __slots__ = ("_board", "_messages", "_pid", "job")

    def __init__(self, home: Path) -> None:
        _die_with_parent()
        _show_prints_at_once()
        self.job = (home / JOB).read_bytes()
        self._messages = home / MESSAGES
        self._board = Board(home / BOARD)
        self._pid = os.getpid()
        self.beat()

    @classmethod
    def open(cls) -> Lifeline:
        """Take up the lifeline that :func:`~bgspec_conformance.isolation.supervise` has thrown.

        Raises:
            LookupError: this process was not started by it.
        """
        home = os.environ.pop(ENVIRONMENT, None)
        if home is None:
            raise LookupError(f"{ENVIRONMENT} is not set: this program is started by supervise()")
        return cls(Path(home))

    def beat(self) -> None:
        """Give a sign of life, from any thread, in a fraction of a microsecond."""
        self._board.beat()

    def send(self, message: bytes) -> None:
        """Send one line to the parent; in a process that the target forked off, do nothing.

        Raises:
            ValueError: the message has a line break within.
        """
        if b"\n" in message:
            raise ValueError("a message is one line")
        if os.getpid() == self._pid:
            with self._messages.open("ab") as file:
                file.write(message + b"\n")

    def note(self, text: str) -> None:
        """Write down what is about to be carried out, so that it can be told should it never end.

        Raises:
            ValueError: the note is longer than :data:`NOTE_CAPACITY`.
        """
        self._board.write(text)
        self.beat()

    def goodbye(self) -> None:
        """Say that the work is done: an end from here on, whatever its status, is no failure.

        In a process that the target forked off, do nothing.
        """
        if os.getpid() == self._pid:
            self._board.part()


def _die_with_parent() -> None:
    """Where the system can, have this process killed if the parent is: nobody else would."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


def _show_prints_at_once() -> None:
    """Hand on each printed line when it is printed: a process that is killed flushes nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
