"""What kind of callable is this, and what did calling it leave to await.

`is_async` is asked once for each add, so it goes by the code's flags, which say the same as
`inspect` for a fifth of the time, and leaves the long road to whatever is not a plain function. It
asks an object for its type before anything else: a mock answers any attribute, and claims any class
to `isinstance`.

Where flags cannot tell (a lambda around a coroutine function, `functools.lru_cache`, a wrapper from
an extension module), the callable counts as sync, and `rest_of` finds the awaitable that it
returned, so that nothing which looked sync is dropped unawaited.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Generator
from functools import partial, partialmethod
from types import CoroutineType, FunctionType, MethodType, WrapperDescriptorType
from typing import Any, TypeAlias, cast

from bgspec.errors import TaskRefused

__all__ = ["COROUTINE", "LAZY", "Rest", "is_async", "name_of", "out_of_a_call", "rest_of"]

Rest: TypeAlias = Generator[Any, Any, object]
"""What is left to await of a task: the iterator that its awaitable's ``__await__`` gave."""

# The second is what `types.coroutine` sets: calling such a function runs none of its code either,
# and what it returns is awaited.
COROUTINE = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE
LAZY = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def is_async(func: object) -> bool:
    """Whether calling `func` gives a coroutine that belongs on the loop (CALL-5).

    A class is sync, for calling it constructs an instance, whatever the instance can do.

    Raises:
        TaskRefused: `func` cannot be called (ADD-7), or is a generator function, of which a call
            would run nothing (CALL-7).
    """
    if type(func) is FunctionType:
        flags = func.__code__.co_flags
        if flags & COROUTINE:
            return True
        if flags & LAZY:
            raise TaskRefused(
                f"{name_of(func)} is a generator function, and calling one runs none of its code; "
                "add a function that iterates over it"
            )
        return bool(func.__dict__) and _is_marked_async(func)
    kind: type[object] = type(func)
    if issubclass(kind, type):
        return False
    if issubclass(kind, partial):
        return is_async(cast("partial[object]", func).func)
    if issubclass(kind, (MethodType, staticmethod)):
        return is_async(cast("MethodType", func).__func__)
    if not callable(func):
        raise TaskRefused(_why_not_callable(func))
    return _is_async_instance(kind)


def _is_marked_async(func: FunctionType) -> bool:
    """Whether a plain function says by an attribute that it stands for a coroutine function.

    One is what a `partialmethod` looked up on its class comes as; the attribute lost its single
    underscore in Python 3.13. The other is `inspect.markcoroutinefunction`.
    """
    attributes = func.__dict__
    method = attributes.get("__partialmethod__") or attributes.get("_partialmethod")
    if type(method) is partialmethod:
        return is_async(method.func)
    return inspect.iscoroutinefunction(func)


def _is_async_instance(kind: type[object]) -> bool:
    """The answer for an instance of `kind`, by its ``__call__``, which may in turn be one."""
    method: object = kind.__call__
    if type(method) is WrapperDescriptorType:  # written in C, as of every builtin callable
        return False
    return callable(method) and is_async(method)


def _why_not_callable(given: object) -> str:
    """The message for something that is not callable, with a hint at the likely slip."""
    if given is None or inspect.isawaitable(given) or inspect.isgenerator(given):
        hint = "; pass the function, not its result: add_task(f, 1), not add_task(f(1))"
    else:
        hint = ""
    what = "None" if given is None else f"a {type(given).__qualname__} object"
    return f"a task needs something to call, and {what} cannot be called{hint}"


def name_of(func: object) -> str:
    """A name to print for a callable, without asking its `repr`, which may be long or secret."""
    while isinstance(func, partial):
        func = cast("partial[object]", func).func
    name = getattr(func, "__qualname__", None)
    return name if isinstance(name, str) else f"a {type(func).__qualname__} object"


def rest_of(result: object) -> Rest | None:
    """What is left to await of a call that returned this, if anything is (CALL-6).

    Whatever else a call returned is dropped, a generator too (RUN-4).
    """
    if type(result) is CoroutineType:
        # No cast, which would cost more than the test: the check tells no type parameters.
        return result.__await__()  # pyright: ignore[reportUnknownVariableType]
    if result is not None and inspect.isawaitable(result):
        # An awaitable of another kind may lack the `throw` that a coroutine has.
        return _awaiting(result).__await__()
    return None


def out_of_a_call(error: BaseException) -> BaseException:
    """An error as a run may raise it: StopIteration becomes the cause of a RuntimeError.

    In a coroutine Python does that by itself (PEP 479).
    """
    if isinstance(error, StopIteration):
        wrapped = RuntimeError("the task raised StopIteration")
        wrapped.__cause__ = error
        return wrapped
    return error


async def _awaiting(awaitable: Awaitable[object]) -> None:
    await awaitable
