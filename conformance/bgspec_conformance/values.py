"""Values and problems: what a plan's arguments, results and exceptions are, as expressions.

The driver evaluates these expressions and a witness prints them, so that both speak of the same
objects. A problem's expression is a template with the name of its task, which tells its exceptions
apart wherever they turn up.
"""

from __future__ import annotations

import functools
from typing import Any, NoReturn

from bgspec_conformance.vocabulary import Problem, Value

__all__ = [
    "ALIKE",
    "HASHABLE",
    "KEYWORDS",
    "NAMESPACE",
    "ORDINARY",
    "PROBLEMS",
    "VALUES",
    "make_problem",
    "make_value",
]


class Referable:
    """Something that can be referred to weakly."""


class HostileValue:
    """Whatever asks it whether it is true or equal fails."""

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise RuntimeError("nobody may ask whether this is true")

    def __eq__(self, other: object) -> NoReturn:
        raise RuntimeError("nobody may compare this")


class UncopyableValue:
    """Whatever copies or pickles it fails."""

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise RuntimeError("nobody may copy this")


class FalsyError(Exception):
    """An exception that is false."""

    def __bool__(self) -> bool:
        return False


class UncopyableError(Exception):
    """An exception that cannot be made anew from its ``args``."""

    def __init__(self, first: str, *, second: str) -> None:
        super().__init__(first)
        self.second = second


class CustomBaseException(BaseException):
    """An exception that ``except Exception`` does not catch."""


VALUES: dict[Value, str] = {
    Value.NONE: "None",
    Value.TRUE: "True",
    Value.FALSE: "False",
    Value.ZERO: "0",
    Value.STRING: "'text'",
    Value.TUPLE: "(1, [2])",
    Value.LIST: "[1, 2]",
    Value.DICT: "{'key': [1]}",
    Value.SET: "{1, 2}",
    Value.OBJECT: "object()",
    Value.FUNCTION: "(lambda: None)",
    Value.TYPE: "dict",
    Value.EXCEPTION: "ValueError('a value, not raised')",
    Value.HOSTILE: "HostileValue()",
    Value.UNCOPYABLE: "UncopyableValue()",
    Value.WEAK: "Referable()",
}
"""An expression for each value but `Value.SHARED`, which the plan's tasks have in common."""

ALIKE = frozenset({Value.NONE, Value.TRUE, Value.FALSE, Value.ZERO, Value.STRING, Value.TYPE})
"""The values that are one object wherever they are made, so that nobody can tell whose it is."""

HASHABLE = frozenset(Value) - {Value.LIST, Value.DICT, Value.SET, Value.TUPLE, Value.SHARED}
"""The values that can be hashed."""

PROBLEMS: dict[Problem, str] = {
    Problem.VALUE_ERROR: "ValueError('{name} failed')",
    Problem.LOOKUP_ERROR: "KeyError('{name} failed')",
    Problem.OS_ERROR: "OSError(5, '{name} failed')",
    Problem.TIMEOUT_ERROR: "TimeoutError('{name} failed')",
    Problem.RUNTIME_ERROR: "RuntimeError('{name} failed')",
    Problem.TYPE_ERROR: "TypeError('{name} failed')",
    Problem.FALSY: "FalsyError('{name} failed')",
    Problem.UNCOPYABLE: "UncopyableError('{name} failed', second='part')",
    Problem.GROUP: "ExceptionGroup('{name} failed', [ValueError('a part of it')])",
    Problem.BASE_GROUP: (
        "BaseExceptionGroup('{name} failed', [CustomBaseException('a part of it')])"
    ),
    Problem.BASE: "CustomBaseException('{name} failed')",
    Problem.STOP_ITERATION: "StopIteration('{name} failed')",
    Problem.STOP_ASYNC_ITERATION: "StopAsyncIteration('{name} failed')",
    Problem.GENERATOR_EXIT: "GeneratorExit('{name} failed')",
    Problem.KEYBOARD_INTERRUPT: "KeyboardInterrupt('{name} failed')",
    Problem.SYSTEM_EXIT: "SystemExit('{name} failed')",
    Problem.CANCELLED: "asyncio.CancelledError('{name} failed')",
}
"""An expression for each exception, of the task called ``{name}``; trio's cancellation error
cannot be made by hand, so that one is asyncio's."""

ORDINARY = (
    Problem.VALUE_ERROR, Problem.LOOKUP_ERROR, Problem.OS_ERROR, Problem.TIMEOUT_ERROR,
    Problem.RUNTIME_ERROR, Problem.TYPE_ERROR, Problem.FALSY, Problem.UNCOPYABLE, Problem.GROUP,
)  # fmt: skip
"""What an application's tasks raise."""

KEYWORDS = (
    "a", "b", "value", "func", "self", "fn", "function", "args", "kwargs", "timeout", "task",
    "tasks", "name", "key", "delay", "countdown", "callback", "context", "loop", "priority",
    "queue", "retry", "target", "coro", "limiter", "cls", "id", "on_error", "eta", "expires",
    "background", "job", "cancellable", "abandon_on_cancel", "f", "cb", "options", "executor",
    "task_id", "tags", "max_retries", "interval", "thread", "wait", "block",
)  # fmt: skip
"""Names of keyword arguments, those that implementations are known to eat among them."""

NAMESPACE: dict[str, type] = {
    made.__name__: made
    for made in (
        Referable,
        HostileValue,
        UncopyableValue,
        FalsyError,
        UncopyableError,
        CustomBaseException,
    )
}
"""The classes of this module that the expressions use, by name."""


@functools.cache
def _compiled(expression: str) -> Any:
    import asyncio

    return eval(f"lambda: {expression}", {"asyncio": asyncio, **NAMESPACE})  # noqa: S307  our own


def make_value(value: Value) -> object:
    """A fresh object of this kind; `Value.SHARED` is the driver's to give."""
    return _compiled(VALUES[value])()


def make_problem(problem: Problem, name: str) -> BaseException:
    """A fresh exception of this kind, of the task called ``name``."""
    made: BaseException = _compiled(PROBLEMS[problem].format(name=name))()
    return made
