"""The recorder: a container for tests of applications, which keeps what was added for assertions.

Calls are compared as the function takes them: an argument by position equals the same by name, and
one that was left out equals its default. A `functools.partial` counts as the call it stands for.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from inspect import BoundArguments, Parameter, Signature
from types import CodeType
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from bgspec.callables import is_async, name_of
from bgspec.errors import ArgumentsRefused
from bgspec.runner import BY_KEYWORD, BackgroundTasks
from bgspec.task import where

if sys.version_info >= (3, 14):
    from annotationlib import Format

    # Their values may be names that only type checkers import.
    ANNOTATIONS: dict[str, Any] = {"annotation_format": Format.STRING}
else:
    ANNOTATIONS: dict[str, Any] = {}

__all__ = ["Call", "Recorder"]

P = ParamSpec("P")

# How many calls a message shows before it only counts.
SHOWN = 5

# The signature of what tells none.
ANYTHING = Signature(
    [Parameter("args", Parameter.VAR_POSITIONAL), Parameter("kwargs", Parameter.VAR_KEYWORD)]
)

# What a partial of Python 3.14 may have in the place of an argument that is still to come.
PLACEHOLDER: object = getattr(functools, "Placeholder", object())

# Stands for an argument that one of two calls does not have.
LEFT_OUT = object()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call:
    """A call that was added, or that an assertion speaks of.

    Attributes:
        func: what is called; of a partial, the function that it is of.
        bound: its arguments as `func` takes them, with defaults in place of what was left out.
        where: the file and the line in which it was added; empty where no Python code did.
    """

    func: Callable[..., object]
    bound: BoundArguments
    where: str = ""

    @property
    def arguments(self) -> Mapping[str, object]:
        """The arguments by the names of the parameters."""
        return self.bound.arguments

    def __repr__(self) -> str:
        given = ", ".join(f"{label}={value!r}" for label, value in _labelled(self).items())
        return f"{name_of(self.func)}({given})"


class Recorder(BackgroundTasks):
    """A container that keeps what is added to it, and runs it when told to.

    It is a `BackgroundTasks`, so awaiting it runs what was added since the last run, each task
    once; `tasks` and ``len()`` tell of what has not been run. What was added stays for assertions,
    and so do the arguments: the same objects, which show what was done to them since.

    Example:
        ::

            recorder = Recorder()
            sign_up("someone@example.org", recorder)
            recorder.assert_added_once(send_mail, "someone@example.org", subject="Welcome")
    """

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[Call] = []

    if not TYPE_CHECKING:

        def add_task(self, func: Any = BY_KEYWORD, /, *args: Any, **kwargs: Any) -> None:
            """Record a call of ``func(*args, **kwargs)``, to be made when the recorder is run.

            Args:
                func: any callable, sync or async; also by keyword, ``add_task(func=f)``.
                args: its positional arguments.
                kwargs: its keyword arguments, whatever their names.

            Raises:
                TaskRefused: `func` cannot be called, or is a generator function.
                ArgumentsRefused: `func` has a signature that the arguments do not fit. A
                    decorator's wrapper counts with the parameters that it has itself.
            """
            if func is BY_KEYWORD:
                func = kwargs.pop("func", None)
            adder = sys._getframe().f_back
            self._record(
                func, args, kwargs, *((adder.f_code, adder.f_lasti) if adder else (None, 0))
            )

    def _record(
        self,
        func: Callable[..., object],
        args: tuple[object, ...],
        kwargs: dict[str, object],
        code: CodeType | None,
        instruction: int,
    ) -> None:
        self._calls.append(_call(func, args, kwargs, where(code, instruction)))
        kind = int(is_async(func))
        self._pending.append((func, args, kwargs or None, kind, copy_context(), code, instruction))

    async def run(self) -> None:
        """Run what was added and not yet run: the same as awaiting the recorder itself.

        Raises:
            RunInProgress: it is running already.
            BaseException: what tasks raised, as of `BackgroundTasks`.
        """
        await self()

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls that were added, in the order of the adds, whether they were run or not."""
        return tuple(self._calls)

    def added(self, func: Callable[..., object]) -> tuple[Call, ...]:
        """The calls of a function that were added, with whatever arguments, in order.

        Args:
            func: the function.

        Raises:
            TaskRefused: `func` is nothing that can have been added.
        """
        sought, _, _ = _plain(func, (), {})
        return tuple(call for call in self._calls if _is_same(call.func, sought))

    def assert_added(self, func: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Assert that ``func(*args, **kwargs)`` was added, once or more.

        Args:
            func: the function; whatever the arguments, it is ``assert recorder.added(func)``.
            args: its positional arguments; each is compared by ``==``, so `unittest.mock.ANY` fits.
            kwargs: its keyword arguments, likewise.

        Raises:
            AssertionError: it was not; the message shows what was, the nearest first, and by
                parameter where it differs.
            TaskRefused: `func` is nothing that can have been added.
            ArgumentsRefused: `func` cannot be called so, and such a call cannot have been added.
        """
        __tracebackhide__ = True
        self._assert_some(_call(func, args, kwargs))

    def assert_added_once(
        self, func: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Assert that ``func(*args, **kwargs)`` was added exactly once.

        Calls of `func` with other arguments do not count.

        Args:
            func: the function.
            args: its positional arguments, compared as by `assert_added`.
            kwargs: its keyword arguments, likewise.

        Raises:
            AssertionError: it was not, or several times; the message shows where.
            TaskRefused: `func` is nothing that can have been added.
            ArgumentsRefused: `func` cannot be called so, and such a call cannot have been added.
        """
        __tracebackhide__ = True
        expected = _call(func, args, kwargs)
        found = self._assert_some(expected)
        if len(found) > 1:
            raise AssertionError(_shown(f"{expected} was added {_times(found)}, not once", found))

    def assert_not_added(self, func: Callable[..., object]) -> None:
        """Assert that `func` was not added, with whatever arguments.

        Args:
            func: the function.

        Raises:
            AssertionError: it was; the message shows the calls.
            TaskRefused: `func` is nothing that can be added, so the assertion would always hold.
        """
        __tracebackhide__ = True
        if found := self.added(func):
            raise AssertionError(
                _shown(f"{name_of(found[0].func)} was added {_times(found)}", found)
            )

    def assert_nothing_added(self) -> None:
        """Assert that nothing was added at all.

        Raises:
            AssertionError: something was; the message shows the calls.
        """
        __tracebackhide__ = True
        if self._calls:
            raise AssertionError(_shown("something was added", self._calls))

    def _assert_some(self, expected: Call) -> list[Call]:
        """The calls that are as expected.

        Raises:
            AssertionError: there are none.
        """
        __tracebackhide__ = True
        if found := [call for call in self._calls if _is_like(call, expected)]:
            return found
        if not self._calls:
            raise AssertionError(f"{expected} was not added, and nothing else was")
        nearest = sorted(self._calls, key=lambda call: _distance(call, expected))
        why = f"{expected} was not added; what was, the nearest first"
        raise AssertionError(_shown(why, nearest, expected))


def _call(
    func: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    at: str = "",
) -> Call:
    """The call as an assertion sees it.

    Raises:
        TaskRefused: `func` is nothing that can be added.
        ArgumentsRefused: it has a signature that the arguments do not fit.
    """
    func, args, kwargs = _plain(func, args, kwargs)
    own = _signature(func, follow_wrapped=False)
    try:
        bound = own.bind(*args, **kwargs)
    except TypeError as error:
        plain = [it.replace(annotation=Parameter.empty) for it in own.parameters.values()]
        raise ArgumentsRefused(
            f"{name_of(func)}{Signature(plain)} cannot be called with these arguments: {error}"
        ) from None
    # Most wrappers hand on what they get. One that adds an argument of its own is taken as it is.
    with suppress(TypeError):
        bound = _signature(func, follow_wrapped=True).bind(*args, **kwargs)
    bound.apply_defaults()
    return Call(func, bound, at)


def _plain(
    func: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
    """A call of a partial as the call that it makes; any other as it is.

    Raises:
        TaskRefused: `func` is nothing that can be added.
    """
    is_async(func)
    while type(func) is partial:
        inner = cast("partial[object]", func)
        if any(value is PLACEHOLDER for value in inner.args):
            break
        func, args, kwargs = inner.func, inner.args + args, inner.keywords | kwargs
    return func, args, kwargs


def _signature(func: Callable[..., object], *, follow_wrapped: bool) -> Signature:
    """The signature of a callable, or one that takes anything where it tells none."""
    try:
        return inspect.signature(func, follow_wrapped=follow_wrapped, **ANNOTATIONS)
    except (TypeError, ValueError):
        return ANYTHING


def _labelled(call: Call) -> dict[str, object]:
    """The arguments of a call, each by a name; those of ``*args`` and ``**kwargs`` one by one."""
    labelled: dict[str, object] = {}
    for name, value in call.bound.arguments.items():
        match call.bound.signature.parameters[name].kind:
            case Parameter.VAR_POSITIONAL:
                labelled |= {f"{name}[{place}]": each for place, each in enumerate(value)}
            case Parameter.VAR_KEYWORD:
                labelled |= {f"{name}[{key!r}]": each for key, each in value.items()}
            case _:
                labelled[name] = value
    return labelled


def _is_same(one: object, other: object) -> bool:
    """Whether two functions or arguments count as the same."""
    return one is other or bool(one == other)


def _differences(call: Call, expected: Call) -> Iterator[str]:
    """A line for each argument in which a call is not as expected."""
    found, sought = _labelled(call), _labelled(expected)
    for label in sought | found:
        was, wanted = found.get(label, LEFT_OUT), sought.get(label, LEFT_OUT)
        if wanted is LEFT_OUT or was is LEFT_OUT or not _is_same(wanted, was):
            yield f"{label}: expected {_told(wanted)}, was {_told(was)}"


def _told(value: object) -> str:
    return "left out" if value is LEFT_OUT else repr(value)


def _is_like(call: Call, expected: Call) -> bool:
    """Whether a call is the expected one."""
    return _is_same(call.func, expected.func) and not any(_differences(call, expected))


def _distance(call: Call, expected: Call) -> tuple[int, int]:
    """How far a call is from the expected one: by its function, then by its arguments."""
    if name_of(call.func) != name_of(expected.func):
        return 2, 0
    return int(not _is_same(call.func, expected.func)), len([*_differences(call, expected)])


def _shown(why: str, calls: Sequence[Call], expected: Call | None = None) -> str:
    """A message with the first of the calls, and how each differs from the expected one."""
    lines = [f"{why}:"]
    for call in calls[:SHOWN]:
        lines.append(f"  {call}" + (f", added at {call.where}" if call.where else ""))
        if expected is not None and name_of(call.func) == name_of(expected.func):
            if not _is_same(call.func, expected.func):
                lines.append("    another object of the same name")
            lines += [f"    {line}" for line in _differences(call, expected)]
    if len(calls) > SHOWN:
        lines.append(f"  and {len(calls) - SHOWN} more")
    return "\n".join(lines)


def _times(calls: Sequence[Call]) -> str:
    return "once" if len(calls) == 1 else f"{len(calls)} times"
