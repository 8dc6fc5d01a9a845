"""A plan: what will be added and done, as plain data.

A plan is a table of tasks and a script. The script is carried out from top to bottom by the
driver; a task's body is carried out when the implementation calls the task. Both refer to tasks
and containers by number, so a plan reads as ``t0``, ``t1``, ... and ``c0``, ``c1``, ...: adding
``t0`` twice is two equal adds. Nothing here knows how a shape is built, what a value is, or which
framework will be asked; a plan goes to JSON and back.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bgspec_conformance.vocabulary import Means, Problem, Shape, Suspension, Value

__all__ = [
    "Action",
    "Add",
    "Await",
    "CallBack",
    "Cancel",
    "Linger",
    "Outcome",
    "Plan",
    "Race",
    "Raise",
    "Record",
    "Return",
    "Run",
    "SetVar",
    "Step",
    "Suspend",
    "Task",
    "Together",
    "Write",
    "dump",
    "load",
]


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The root of all that plans are made of."""


class Suspend(Record, frozen=True, tag="suspend"):
    """An async task gives the loop its turn, several times over."""

    by: Suspension = Suspension.CHECKPOINT
    times: int = 1


class Linger(Record, frozen=True, tag="linger"):
    """A sync task stays in its thread until the loop has turned so many times."""

    turns: int = 1


class Await(Record, frozen=True, tag="await"):
    """The task waits, bounded, until another task has started."""

    task: int


class SetVar(Record, frozen=True, tag="set"):
    """The context variable is set."""

    value: str


class Write(Record, frozen=True, tag="write"):
    """The task appends its name to the list that all tasks share."""


class CallBack(Record, frozen=True, tag="call-back"):
    """A sync task calls into the loop with ``anyio.from_thread``."""


class Cancel(Record, frozen=True, tag="cancel"):
    """The run in progress is cancelled from outside, while the task waits.

    An async task then stays suspended until the cancellation reaches it; a sync one stays in its
    thread while the loop turns; one that is ``shielded`` is suspended where a cancellation
    cannot reach it, and goes on.
    """

    by: Means = Means.SCOPE
    shielded: bool = False


class Add(Record, frozen=True, tag="add"):
    """A task is added: by the main program, by a thread of that number, or by a task's body."""

    task: int
    container: int = 0
    thread: int = 0


class Run(Record, frozen=True, tag="run"):
    """A container is awaited; with ``cancelled``, within a scope or task already cancelled."""

    container: int = 0
    cancelled: Means | None = None


Step = Suspend | Linger | Await | SetVar | Write | CallBack | Cancel | Add | Run


class Return(Record, frozen=True, tag="return"):
    """The body ends by giving a value back."""

    value: Value = Value.NONE


class Raise(Record, frozen=True, tag="raise"):
    """The body ends by raising."""

    problem: Problem = Problem.VALUE_ERROR


Outcome = Return | Raise


class Task(Record, frozen=True):
    """What is added: a callable of a shape, its arguments, and what it does when called.

    Attributes:
        shape: what kind of callable.
        args: positional arguments.
        kwargs: keyword arguments, by name, in order.
        body: what it does, in order; on its first call only.
        outcome: how it ends.
    """

    shape: Shape = Shape.FUNCTION
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    body: tuple[Step, ...] = ()
    outcome: Outcome = Return()


class Together(Record, frozen=True, tag="together"):
    """Containers are awaited at the same time, each in a task of its own."""

    containers: tuple[int, ...]


class Race(Record, frozen=True, tag="race"):
    """Two threads add at once, one paused in the middle of its ``add_task``.

    For each pair of tasks: the first thread adds the first; where it has carried out ``pause``
    instructions of ``add_task`` it is held, the second thread adds the second, and the first goes
    on. The next pair pauses one instruction later.
    """

    pairs: tuple[tuple[int, int], ...]
    pause: int = 0
    container: int = 0


Action = Add | SetVar | Run | Together | Race


class Plan(Record, frozen=True, tag_field="profile", tag="collector"):
    """The tasks, and the script that adds and runs them."""

    tasks: tuple[Task, ...] = ()
    script: tuple[Action, ...] = ()

    @property
    def containers(self) -> int:
        """How many containers it takes."""
        return 1 + max((number for number in self._containers()), default=0)

    def _containers(self) -> Iterator[int]:
        steps = (step for task in self.tasks for step in task.body)
        for part in (*self.script, *steps):
            match part:
                case (
                    Add(container=container) | Run(container=container) | Race(container=container)
                ):
                    yield container
                case Together(containers=containers):
                    yield from containers
                case _:
                    pass

    def adds(self) -> Iterator[Add]:
        """Every add that the script makes, in order, those of races included."""
        for action in self.script:
            match action:
                case Add():
                    yield action
                case Race(pairs=pairs, container=container):
                    for first, second in pairs:
                        yield Add(first, container, thread=1)
                        yield Add(second, container, thread=2)
                case _:
                    pass


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Plan)


def dump(plan: Plan) -> bytes:
    """The plan as one line of JSON."""
    return _encoder.encode(plan)


def load(text: bytes | str) -> Plan:
    """The plan that `dump` wrote.

    Raises:
        msgspec.ValidationError: the text is no plan.
    """
    return _decoder.decode(text)
