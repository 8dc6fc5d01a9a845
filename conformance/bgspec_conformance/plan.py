"""A plan: what will be added and done, as plain data.

A plan is a table of tasks and a script. The script is carried out from top to bottom by the
driver; a task's body is carried out when the implementation calls the task. Both refer to tasks
and containers by number, so a plan reads as ``t0``, ``t1``, ... and ``c0``, ``c1``, ...: adding
``t0`` twice is two equal adds. Nothing here knows how a shape is built, what a value is, or which
framework will be asked; a plan goes to JSON and back.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

__all__ = [
    "ASYNC",
    "ASYNC_GENERATORS",
    "AWAITABLE",
    "GENERATORS",
    "MISFIT",
    "ON_THE_LOOP",
    "SYNC",
    "UNCALLABLE",
    "Action",
    "Add",
    "Await",
    "CallBack",
    "Cancel",
    "Linger",
    "Means",
    "Outcome",
    "Plan",
    "Problem",
    "Race",
    "Raise",
    "Return",
    "Run",
    "SetVar",
    "Shape",
    "Step",
    "Suspend",
    "Suspension",
    "Task",
    "Together",
    "Value",
    "Write",
    "dump",
    "load",
]


class Shape(StrEnum):
    """What kind of object is handed to ``add_task`` as its ``func``."""

    # Called in a worker thread (ADD-2).
    FUNCTION = "function"
    LAMBDA = "lambda"
    METHOD = "method"
    CLASS_METHOD = "class method"
    STATIC_METHOD = "static method"
    PARTIAL = "partial"
    NESTED_PARTIAL = "nested partial"
    PARTIAL_METHOD = "partial method"
    INSTANCE = "instance with __call__"
    WRAPPER = "sync wrapper around async function"
    BUILTIN = "builtin"
    CLASS = "class"

    # Called and awaited on the loop (CALL-5).
    ASYNC_FUNCTION = "async function"
    ASYNC_METHOD = "async method"
    ASYNC_CLASS_METHOD = "async class method"
    ASYNC_STATIC_METHOD = "async static method"
    ASYNC_PARTIAL = "partial of async function"
    ASYNC_NESTED_PARTIAL = "nested partial of async function"
    ASYNC_PARTIAL_OF_METHOD = "partial of async method"
    ASYNC_PARTIAL_METHOD = "async partial method"
    ASYNC_NESTED_PARTIAL_METHOD = "nested async partial method"
    ASYNC_INSTANCE = "instance with async __call__"
    ASYNC_PARTIAL_OF_INSTANCE = "partial of instance with async __call__"
    ASYNC_WRAPPER = "async wrapper around sync function"
    CONTAINER = "another container"

    # Called, and what it gives back is awaited (CALL-6).
    LAMBDA_AROUND_ASYNC = "lambda around async function"
    SYNC_DECORATOR = "sync decorator around async function"
    LRU_CACHE = "lru_cache around async function"
    RAW_STATIC_METHOD = "raw staticmethod of async function"
    PARTIAL_METHOD_OF_PARTIAL = "partial method of partial of async function"
    INSTANCE_OF_INSTANCE = "instance whose __call__ is an async instance"
    TYPES_COROUTINE = "types.coroutine"
    AWAITABLE_OBJECT = "function that returns an awaitable object"

    # Refused (CALL-7).
    GENERATOR = "generator function"
    ASYNC_GENERATOR = "async generator function"
    GENERATOR_METHOD = "generator method"
    ASYNC_GENERATOR_METHOD = "async generator method"
    PARTIAL_OF_GENERATOR = "partial of generator function"
    PARTIAL_OF_ASYNC_GENERATOR = "partial of async generator function"
    GENERATOR_INSTANCE = "instance with generator __call__"
    ASYNC_GENERATOR_INSTANCE = "instance with async generator __call__"

    # Cannot be called (ADD-7).
    NONE = "None"
    INTEGER = "int"
    STRING = "str"
    OBJECT = "object without __call__"
    COROUTINE = "coroutine object"

    # Can be called, but not with what is given (ADD-9): one required parameter.
    STRICT = "function of one parameter"
    ASYNC_STRICT = "async function of one parameter"


SYNC = frozenset(
    {
        Shape.FUNCTION,
        Shape.LAMBDA,
        Shape.METHOD,
        Shape.CLASS_METHOD,
        Shape.STATIC_METHOD,
        Shape.PARTIAL,
        Shape.NESTED_PARTIAL,
        Shape.PARTIAL_METHOD,
        Shape.INSTANCE,
        Shape.WRAPPER,
        Shape.BUILTIN,
        Shape.CLASS,
    }
)
ASYNC = frozenset(
    {
        Shape.ASYNC_FUNCTION,
        Shape.ASYNC_METHOD,
        Shape.ASYNC_CLASS_METHOD,
        Shape.ASYNC_STATIC_METHOD,
        Shape.ASYNC_PARTIAL,
        Shape.ASYNC_NESTED_PARTIAL,
        Shape.ASYNC_PARTIAL_OF_METHOD,
        Shape.ASYNC_PARTIAL_METHOD,
        Shape.ASYNC_NESTED_PARTIAL_METHOD,
        Shape.ASYNC_INSTANCE,
        Shape.ASYNC_PARTIAL_OF_INSTANCE,
        Shape.ASYNC_WRAPPER,
        Shape.CONTAINER,
    }
)
AWAITABLE = frozenset(
    {
        Shape.LAMBDA_AROUND_ASYNC,
        Shape.SYNC_DECORATOR,
        Shape.LRU_CACHE,
        Shape.RAW_STATIC_METHOD,
        Shape.PARTIAL_METHOD_OF_PARTIAL,
        Shape.INSTANCE_OF_INSTANCE,
        Shape.TYPES_COROUTINE,
        Shape.AWAITABLE_OBJECT,
    }
)
GENERATORS = frozenset(
    {
        Shape.GENERATOR,
        Shape.GENERATOR_METHOD,
        Shape.PARTIAL_OF_GENERATOR,
        Shape.GENERATOR_INSTANCE,
    }
)
ASYNC_GENERATORS = frozenset(
    {
        Shape.ASYNC_GENERATOR,
        Shape.ASYNC_GENERATOR_METHOD,
        Shape.PARTIAL_OF_ASYNC_GENERATOR,
        Shape.ASYNC_GENERATOR_INSTANCE,
    }
)
UNCALLABLE = frozenset({Shape.NONE, Shape.INTEGER, Shape.STRING, Shape.OBJECT, Shape.COROUTINE})
MISFIT = frozenset({Shape.STRICT, Shape.ASYNC_STRICT})
ON_THE_LOOP = ASYNC | AWAITABLE | ASYNC_GENERATORS | {Shape.ASYNC_STRICT}
"""The shapes whose body, where it is carried out, is carried out by the loop."""


class Value(StrEnum):
    """What is passed to a task, or given back by it."""

    NONE = "None"
    TRUE = "True"
    FALSE = "False"
    ZERO = "0"
    STRING = "str"
    TUPLE = "tuple"
    LIST = "list"
    DICT = "dict"
    SET = "set"
    OBJECT = "object"
    FUNCTION = "function"
    TYPE = "type"
    EXCEPTION = "exception"
    HOSTILE = "object whose __eq__ and __bool__ raise"
    UNCOPYABLE = "object that cannot be copied"
    WEAK = "object that nobody else holds"
    SHARED = "list that all tasks of the plan share"


class Problem(StrEnum):
    """What a task raises."""

    VALUE_ERROR = "ValueError"
    LOOKUP_ERROR = "LookupError"
    OS_ERROR = "OSError"
    TIMEOUT_ERROR = "TimeoutError"
    RUNTIME_ERROR = "RuntimeError"
    TYPE_ERROR = "TypeError"
    FALSY = "exception that is false"
    UNCOPYABLE = "exception that cannot be copied"
    GROUP = "ExceptionGroup"
    BASE_GROUP = "BaseExceptionGroup"
    BASE = "custom BaseException"
    STOP_ITERATION = "StopIteration"
    STOP_ASYNC_ITERATION = "StopAsyncIteration"
    GENERATOR_EXIT = "GeneratorExit"
    KEYBOARD_INTERRUPT = "KeyboardInterrupt"
    SYSTEM_EXIT = "SystemExit"
    CANCELLED = "the backend's cancellation error"


class Suspension(StrEnum):
    """How an async task gives the loop its turn."""

    CHECKPOINT = "checkpoint"
    EVENT = "event"
    THREAD = "thread"
    SCOPE = "cancel scope of its own"
    GROUP = "task group of its own"


class Means(StrEnum):
    """How a run is cancelled."""

    SCOPE = "cancel scope"
    TASK = "task.cancel()"


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


class Plan(Record, frozen=True):
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
