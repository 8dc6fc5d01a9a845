"""What a request has: a holder, and the container in it once somebody has asked for one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NoReturn

from bgspec.callables import name_of
from bgspec.errors import BgspecError
from bgspec.runner import BY_KEYWORD, BackgroundTasks
from bgspec.task import Task

__all__ = ["Holder", "OutsideRequest", "RequestTasks", "described"]

logger = logging.getLogger("bgspec.adapters.asgi")

# Taken where a container is made, for threads of one request may ask for it at once.
MAKING: Final = Lock()


class OutsideRequest(BgspecError, RuntimeError):
    """There is no request to add to: none is being served here, or its tasks have been run."""


class RequestTasks(BackgroundTasks):
    """The container of one request: it refuses what comes too late, and tells what is left unrun.

    Whether it is closed is seen where ``add_task`` is looked up: a wrapper around that would stand
    in each record as the place of the add. An ``add_task`` that was looked up before still adds;
    that is told when the container is let go, as is whatever else in it was never run.

    Args:
        late: the `add_task` of whoever takes what is added when it is closed; None to refuse it.
        options: as for `BackgroundTasks`.

    Attributes:
        at_end: is called when the application has returned or raised, and may add.
    """

    __slots__ = ("_is_closed", "_late", "_told_unrun", "at_end")

    def __init__(self, *, late: Callable[..., None] | None = None, **options: Any) -> None:
        self._late = late or _refuse
        self._is_closed = False
        self._told_unrun = 0
        self.at_end: Callable[[], None] | None = None
        super().__init__(**options)

    if not TYPE_CHECKING:

        @property
        def add_task(self) -> Callable[..., None]:
            """Add a call, as of `BackgroundTasks`; once this is closed, to `late`, or nowhere."""
            return self._late if self._is_closed else super().add_task

    def close(self) -> None:
        """Take nothing more."""
        self._is_closed = True

    def tell_unrun(self, why: str) -> None:
        """Log each task that is pending and will not be run, unless it was told before."""
        unrun = self.tasks
        for task in unrun[self._told_unrun :]:
            logger.warning("the background task %s was never run: %s", described(task), why)
        self._told_unrun = len(unrun)

    def __del__(self) -> None:
        if len(self) > self._told_unrun:
            self.tell_unrun("nothing ran its request's container any more")


class Holder:
    """What a request has from its start: the place for a container, and how to make one.

    Args:
        make: makes the container.

    Attributes:
        made: the container, if anybody has asked for it.
        is_over: whether the application has returned or raised; a container that is made later is
            closed.
    """

    __slots__ = ("_make", "is_over", "made")

    def __init__(self, make: Callable[[], RequestTasks]) -> None:
        self._make = make
        self.made: RequestTasks | None = None
        self.is_over = False

    @property
    def tasks(self) -> RequestTasks:
        """The request's container, made when it is first asked for."""
        if self.made is None:
            with MAKING:
                if self.made is None:
                    self.made = self._make()
                    # The end sets this first and looks for a container then: one of us sees.
                    if self.is_over:
                        self.made.close()
        return self.made


def described(task: Task) -> str:
    """A task's name, and where it was added."""
    return f"{task.name}, added at {task.where}," if task.where else task.name


def _refuse(func: Any = BY_KEYWORD, /, *_: Any, **kwargs: Any) -> NoReturn:
    """Refuse an add that comes after the run."""
    name = name_of(kwargs.get("func") if func is BY_KEYWORD else func)
    raise OutsideRequest(
        f"this request is over and its tasks have been run; {name} was not taken. A supervisor "
        "takes what must outlive a request"
    )
