"""The vocabulary of plans: what is added, passed, raised, and how tasks suspend and runs end.

These are words alone. How a shape is built is in `shapes`, and what a value or a problem is, in
`values`.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "ASYNC",
    "ASYNC_GENERATORS",
    "AWAITABLE",
    "GENERATORS",
    "MISFIT",
    "ON_THE_LOOP",
    "PLAIN",
    "SYNC",
    "UNCALLABLE",
    "Means",
    "Problem",
    "Shape",
    "Suspension",
    "Value",
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


PLAIN = (Shape.FUNCTION, Shape.ASYNC_FUNCTION)
"""The shapes that go without saying: a function of either kind, which nothing stumbles over."""
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
