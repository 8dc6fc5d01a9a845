"""A process that was started here, with all that it started in turn: its memory, and its end."""

from __future__ import annotations

import os
import signal
import sys
from collections import defaultdict
from contextlib import suppress
from typing import Final

import psutil

__all__ = ["Family"]

_LISTING: Final = 5  # calls of size() between two listings, which read the table of processes
_ROUNDS: Final = 20  # listings, at most, until a family that is being stopped has nobody new


class Family:
    """A child process that leads a session, and its descendants.

    Descendants that took a session of their own are known as well, if at some listing a chain of
    living parents led to them.

    Args:
        pid: the child's number. The child was started a moment ago, and may be gone already.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._known: set[psutil.Process] = set()
        self._calls = 0
        with suppress(psutil.NoSuchProcess):
            self._known.add(psutil.Process(pid))

    def size(self) -> int:
        """The bytes of memory that the family holds: the sum of its resident sets."""
        if self._calls % _LISTING == 0:
            self._list()
        self._calls += 1
        size = 0
        for process in self._known:
            with suppress(psutil.Error):
                size += process.memory_info().rss
        return size

    def kill(self) -> None:
        """Kill the family and its session, and nobody else, though numbers are used again.

        All are stopped before any is killed, or one that forks without end would outrun this.
        psutil compares times of creation; and as long as a group has members, the system gives
        its number to no new process.
        """
        stopped: set[psutil.Process] = set()
        for _ in range(_ROUNDS):
            self._list()
            if self._known == stopped:
                break
            for process in self._known - stopped:
                with suppress(psutil.Error):
                    process.suspend()
            stopped = set(self._known)
        ours = any(process.pid == self._pid and process.is_running() for process in self._known)
        if sys.platform != "win32" and (ours or not psutil.pid_exists(self._pid)):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
        for process in self._known:
            with suppress(psutil.Error):
                process.kill()

    def _list(self) -> None:
        """Find the descendants of all that are known, in one reading of the table of processes."""
        children: defaultdict[int, list[psutil.Process]] = defaultdict(list)
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                children[process.ppid()].append(process)
        queue = [process for process in self._known if process.is_running()]
        for parent in queue:
            born = [process for process in children[parent.pid] if process not in self._known]
            self._known.update(born)
            queue += born
