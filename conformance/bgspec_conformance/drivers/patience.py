"""Patience: bounded waits that end by a sign, or when nothing has happened for long.

A right implementation gives every sign that a plan waits for, however slow it is; only a fault
leaves one out. So no wait has a deadline. One thread per process looks at the number of events ten
times a second, and only where it saw the same number thirty times in a row, with the loop turning
between, does it release whoever waits; a machine that is busy or asleep takes its turns from that
thread too. A blocked loop does not turn; then it takes a hundred looks. Runs are released last,
the newest first: one that only lasts as long as a task that waits in vain has not hung.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

__all__ = ["LOOKS", "Patience"]

INTERVAL = 0.1
"""Seconds between two looks."""
LOOKS = 30
"""Looks without an event, and with the loop turning, after which a wait is over."""
LOOKS_AT_A_BLOCKED_LOOP = 100
"""The same, where the loop does not turn."""


class Patience:
    """Releases waits that nothing will end.

    Args:
        progress: gives a number that grows with every event.
        post: has a function called by the loop.
    """

    def __init__(
        self, progress: Callable[[], int], post: Callable[[Callable[[], object]], object]
    ) -> None:
        self._progress = progress
        self._post = post
        self._waiting: dict[int, Callable[[], object]] = {}
        self._last: set[int] = set()
        self._next = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._work = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="bgspec patience", daemon=True)
        self.releases = 0

    def __enter__(self) -> Patience:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._work.set()
        self._thread.join()

    @contextmanager
    def waiting(
        self, release: Callable[[], object], *, last: bool = False
    ) -> Generator[None, None, None]:
        """While inside, ``release`` is called (by the watching thread) when patience ends.

        With ``last``, that is only where nobody waits who is not last as well, or waits since
        later.
        """
        with self._lock:
            self._next += 1
            ticket = self._next
            self._waiting[ticket] = release
            if last:
                self._last.add(ticket)
            self._work.set()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(ticket, None)
                self._last.discard(ticket)

    def _watch(self) -> None:
        turned = threading.Event()
        while not self._stop.is_set():
            if not self._work.wait(1.0):
                continue
            looks = turns = 0
            seen = self._progress()
            turned.clear()
            self._ask(turned.set)
            while not self._stop.wait(INTERVAL):
                with self._lock:
                    if not self._waiting:
                        self._work.clear()
                        break
                if self._progress() != seen:
                    seen, looks, turns = self._progress(), 0, 0
                looks += 1
                if turned.is_set():
                    turns += 1
                    turned.clear()
                    self._ask(turned.set)
                if turns >= LOOKS or looks >= LOOKS_AT_A_BLOCKED_LOOP:
                    self._release()
                    looks = turns = 0

    def _ask(self, sign: Callable[[], object]) -> None:
        with suppress(Exception):  # the loop is gone, and so will be who waits for it
            self._post(sign)

    def _release(self) -> None:
        with self._lock:
            first = [ticket for ticket in self._waiting if ticket not in self._last]
            waiting = [self._waiting.pop(ticket) for ticket in first or [*self._waiting][-1:]]
            self.releases += 1
        for release in waiting:
            with suppress(Exception):  # as above
                release()
