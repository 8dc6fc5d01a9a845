"""A history: what was seen to happen while a plan was carried out, as plain data.

Events stand in one total order, whichever thread they happened in. They name tasks, containers and
runs by their number in the plan, never by identity, so that a history can be saved, compared and
judged again. An object is named by where it came from: ``t0.args[1]``, ``copy of t0.args[1]``, or
``a stranger``; out of its place, one that is the same everywhere by what it is: ``None``,
``shared``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from bgspec_conformance.plan import Record
from bgspec_conformance.vocabulary import Means

__all__ = [
    "UNSET",
    "Added",
    "CalledBack",
    "CancelRequested",
    "Cancelled",
    "Ended",
    "Event",
    "Expired",
    "History",
    "Logged",
    "Paused",
    "Pending",
    "Place",
    "Raised",
    "Refused",
    "Released",
    "Resumed",
    "RunBegan",
    "RunEnded",
    "Settled",
    "Started",
    "Surfaced",
    "Suspended",
    "Turned",
    "VarSeen",
    "Way",
    "Written",
]


UNSET = "unset"
"""The value of the context variable where nothing has set it."""


class Place(StrEnum):
    """Where a task was called."""

    LOOP = "the loop's thread"
    WORKER = "another thread"
    OTHER_LOOP = "another loop"


class Way(StrEnum):
    """How a run ended."""

    RETURNED = "returned"
    RAISED = "raised"
    CANCELLED = "cancelled"


class Added(Record, frozen=True, tag="added"):
    """``add_task`` returned; ``by`` is the task whose body added, -1 for the script."""

    task: int
    container: int
    thread: int = 0
    by: int = -1
    returned: str = "None"


class Refused(Record, frozen=True, tag="refused"):
    """``add_task`` raised an error of this kind."""

    task: int
    container: int
    error: str
    type_error: bool
    thread: int = 0
    by: int = -1


class Paused(Record, frozen=True, tag="paused"):
    """The first thread of a race was held within its ``add_task``."""

    task: int


class RunBegan(Record, frozen=True, tag="run-began"):
    """A container is about to be awaited; ``by`` is the task whose body does, -1 for the script."""

    run: int
    container: int
    by: int = -1


class Surfaced(Record, frozen=True):
    """A task's exception, found in what a run raised.

    Attributes:
        task: whose.
        same: the very object that the task raised, not one like it.
        path: how it was reached: ``member``, ``cause`` and ``context``, outermost first.
        through: what was passed on the way, outermost first: the names of exception types, or
            ``t3`` for the exception of a task.
        into_task: its traceback reaches into the task.
        kind: the name of its type.
        call: in which call the task raised it, -1 where it is only like one.
    """

    task: int
    same: bool
    path: tuple[str, ...]
    through: tuple[str, ...]
    into_task: bool
    kind: str = ""
    call: int = 0


class RunEnded(Record, frozen=True, tag="run-ended"):
    """The await of a container came to its end.

    Attributes:
        run: which.
        container: whose.
        way: how.
        value: the name of the type of what it returned.
        error: the name of the type of what it raised; empty where it returned.
        surfaced: the tasks' exceptions that are reached from that.
        by: the task whose body awaits, -1 for the script.
        type_error: a TypeError that no task raised is reached from it too.
    """

    run: int
    container: int
    way: Way
    value: str = "None"
    error: str = ""
    surfaced: tuple[Surfaced, ...] = ()
    by: int = -1
    type_error: bool = False


class Started(Record, frozen=True, tag="started"):
    """The implementation called the task.

    Attributes:
        task: which.
        call: how many times it was called before.
        place: where.
        args: the positional arguments that arrived, named by where they came from.
        kwargs: the keyword arguments likewise.
        changed: names of arguments whose content is not what was added.
        var: the context variable.
        made: ``"the add"`` or ``"the run"``: when the function was called, that is, when a
            coroutine of it was made.
        shared: the names written so far to the list that all tasks share, as this task reads it.
    """

    task: int
    call: int
    place: Place
    args: tuple[str, ...] = ()
    kwargs: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] = ()
    var: str = ""
    made: str = "the run"
    shared: tuple[str, ...] = ()


class Suspended(Record, frozen=True, tag="suspended"):
    """The async task is about to give the loop its turn."""

    task: int
    call: int


class Resumed(Record, frozen=True, tag="resumed"):
    """It has come back."""

    task: int
    call: int
    place: Place = Place.LOOP


class Turned(Record, frozen=True, tag="turned"):
    """The loop turned while the sync task stayed in its thread."""

    task: int
    call: int


class CalledBack(Record, frozen=True, tag="called-back"):
    """A sync task tried ``anyio.from_thread``; ``error`` is empty where it worked."""

    task: int
    call: int
    error: str = ""


class Written(Record, frozen=True, tag="written"):
    """The task wrote its name to the shared list."""

    task: int
    call: int


class Expired(Record, frozen=True, tag="expired"):
    """A bounded wait came to its bound; ``what`` says for what it waited."""

    task: int
    call: int
    what: str


class Cancelled(Record, frozen=True, tag="cancelled"):
    """A cancellation was raised within the task, which lets it pass."""

    task: int
    call: int


class Ended(Record, frozen=True, tag="ended"):
    """The task's body returned."""

    task: int
    call: int


class Raised(Record, frozen=True, tag="raised"):
    """The task's body raised what its plan says."""

    task: int
    call: int


class CancelRequested(Record, frozen=True, tag="cancel-requested"):
    """The run's scope or task was cancelled."""

    run: int
    by: Means


class VarSeen(Record, frozen=True, tag="var-seen"):
    """The context variable as the script sees it after a run."""

    run: int
    value: str


class Logged(Record, frozen=True, tag="logged"):
    """A task's exception was told through `logging`."""

    task: int


class Released(Record, frozen=True, tag="released"):
    """Whether a task's argument that nobody else holds is gone.

    Seen at the start of a later task (``at``), or after the run (-1).
    """

    task: int
    at: int
    gone: bool


class Pending(Record, frozen=True, tag="pending"):
    """What the optional interface says is held and has not started, after a run; in order."""

    run: int
    tasks: tuple[int, ...]


class Settled(Record, frozen=True, tag="settled"):
    """Nothing can happen any more.

    Attributes:
        shared: the names written to the shared list, as they stand at the end.
        held: worker-thread tokens that are still taken.
        unfinished: calls of tasks whose end was waited for in vain.
    """

    shared: tuple[str, ...] = ()
    held: int = 0
    unfinished: int = 0


Event = (
    Added
    | Refused
    | Paused
    | RunBegan
    | RunEnded
    | Started
    | Suspended
    | Resumed
    | Turned
    | CalledBack
    | Written
    | Expired
    | Cancelled
    | Ended
    | Raised
    | CancelRequested
    | VarSeen
    | Logged
    | Released
    | Pending
    | Settled
)


class History(msgspec.Struct, frozen=True):
    """What happened, in order, on which backend."""

    backend: str
    events: tuple[Event, ...]

    @property
    def lasting(self) -> bool:
        """A wait had to be ended, so that carrying it out again takes as long."""
        return any(
            isinstance(event, Expired) or (isinstance(event, Settled) and event.unfinished > 0)
            for event in self.events
        )
