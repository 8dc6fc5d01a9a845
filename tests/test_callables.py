"""What kind of callable is this: every shape is told apart at the add."""

from __future__ import annotations

import functools
import gc
import inspect
import sys
import types
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest
from starlette.background import BackgroundTask

from bgspec import BackgroundTasks, BgspecError, TaskRefused
from bgspec.callables import is_async, name_of, out_of_a_call, rest_of


async def coroutine_function(*_: object) -> None: ...


def function(*_: object) -> None: ...


def generator_function(*_: object) -> Iterator[int]:
    yield 1


async def async_generator_function(*_: object) -> AsyncIterator[int]:
    yield 1


@types.coroutine
def generator_based() -> Generator[None, None, None]:
    yield


@functools.wraps(coroutine_function)
async def async_wrapper() -> None:
    await coroutine_function()


@functools.wraps(coroutine_function)
def sync_wrapper() -> Awaitable[None]:
    return coroutine_function()


class Shapes:
    """Methods of every kind."""

    async def method(self) -> None: ...

    @classmethod
    async def class_method(cls) -> None: ...

    @staticmethod
    async def static_method() -> None: ...

    async def with_argument(self, number: int) -> None: ...

    bound = functools.partialmethod(with_argument, 1)
    nested: functools.partialmethod[object] = functools.partialmethod(bound)

    def sync_method(self) -> None: ...

    sync_bound = functools.partialmethod(sync_method)

    def generator_method(self) -> Iterator[int]:
        yield 1


class AsyncInstance:
    async def __call__(self) -> None: ...


class SyncInstance:
    def __call__(self) -> None: ...


class GeneratorInstance:
    def __call__(self) -> Iterator[int]:
        yield 1


class AsyncGeneratorInstance:
    async def __call__(self) -> AsyncIterator[int]:
        yield 1


class InstanceOfInstance:
    __call__ = AsyncInstance()


class StaticInstance:
    @staticmethod
    async def __call__() -> None: ...


class ClassInstance:
    @classmethod
    async def __call__(cls) -> None: ...


class BuiltinInstance:
    __call__ = len


class PropertyInstance:
    @property
    def __call__(self) -> Callable[[], None]:
        return lambda: None


ASYNC: dict[str, object] = {
    "an async function": coroutine_function,
    "a bound method": Shapes().method,
    "a class method": Shapes.class_method,
    "a class method of an instance": Shapes().class_method,
    "a static method": Shapes.static_method,
    "a function looked up on its class": Shapes.method,
    "a partial": functools.partial(coroutine_function),
    "a partial of a partial": functools.partial(functools.partial(coroutine_function, 1), 2),
    "a partial of a bound method": functools.partial(Shapes().method),
    "a partial of an instance": functools.partial(AsyncInstance()),
    "a partialmethod": Shapes().bound,
    "a partialmethod of a partialmethod": Shapes().nested,
    "a partialmethod looked up on its class": Shapes.bound,
    "an instance with an async call": AsyncInstance(),
    "a bound method of an instance as a function": types.MethodType(AsyncInstance(), 1),
    "an async wrapper": async_wrapper,
    "another container": BackgroundTasks(),
    "Starlette's task": BackgroundTask(function),
    "a raw staticmethod": staticmethod(coroutine_function),
    "an instance whose call is such an instance": InstanceOfInstance(),
    "an instance whose call is a static method": StaticInstance(),
    "an instance whose call is a class method": ClassInstance(),
    "a generator-based coroutine function": generator_based,
}
SYNC: dict[str, object] = {
    "a function": function,
    "a lambda": lambda: None,
    "a lambda around an async function": lambda: coroutine_function(),
    "a sync wrapper around an async function": sync_wrapper,
    "a cached async function": functools.lru_cache(coroutine_function),
    "a bound method": Shapes().sync_method,
    "a partialmethod": Shapes().sync_bound,
    "a partialmethod looked up on its class": Shapes.sync_bound,
    "a partial": functools.partial(function),
    "an instance": SyncInstance(),
    "a class": Shapes,
    "a class whose instances have an async call": AsyncInstance,
    "a class whose instances have a generator call": GeneratorInstance,
    "a builtin": print,
    "a method of a builtin type": "".join,
    "a method looked up on a builtin type": str.upper,
    "an instance whose call is a builtin": BuiltinInstance(),
    "an instance whose call is a property": PropertyInstance(),
    "a mock": Mock(),
    "a mock with magic": MagicMock(),
    "a mock that claims to be a partial": Mock(spec=functools.partial),
    "a mock that claims to be an async function": Mock(spec=coroutine_function),
}
GENERATORS: dict[str, object] = {
    "a generator function": generator_function,
    "an async generator function": async_generator_function,
    "a partial": functools.partial(generator_function),
    "a partial of a partial": functools.partial(functools.partial(async_generator_function)),
    "a bound method": Shapes().generator_method,
    "a static method": staticmethod(generator_function),
    "an instance": GeneratorInstance(),
    "a partial of an instance": functools.partial(AsyncGeneratorInstance()),
}


@pytest.mark.parametrize("func", ASYNC.values(), ids=ASYNC)
def test_what_belongs_on_the_loop_is_told(func: object) -> None:
    assert is_async(func)


@pytest.mark.parametrize("func", SYNC.values(), ids=SYNC)
def test_what_belongs_in_a_thread_is_told(func: object) -> None:
    assert not is_async(func)


@pytest.mark.parametrize("func", GENERATORS.values(), ids=GENERATORS)
def test_a_generator_function_is_refused_whatever_it_hides_behind(func: object) -> None:
    with pytest.raises(TaskRefused, match=r"is a generator function.*add a function that iterates"):
        is_async(func)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the mark came with Python 3.12")
def test_a_function_that_is_marked_as_a_coroutine_function_is_one() -> None:
    def marked() -> Awaitable[None]:
        return coroutine_function()

    mark: Callable[[object], object] = vars(inspect)["markcoroutinefunction"]
    mark(marked)
    assert is_async(marked)


def test_an_attribute_of_ones_own_makes_no_function_async() -> None:
    def labelled() -> None: ...

    vars(labelled)["label"] = "nightly"
    assert not is_async(labelled)


def test_an_async_mock_is_called_and_awaited() -> None:
    rest = rest_of(AsyncMock()())
    assert rest is not None
    assert next(rest, "ended") == "ended"


@pytest.mark.parametrize("given", [42, "text", object(), [function]])
def test_what_cannot_be_called_is_refused_by_its_type(given: object) -> None:
    with pytest.raises(TaskRefused, match=f"a {type(given).__name__} object cannot be called$"):
        is_async(given)


def test_none_is_refused_with_a_hint() -> None:
    with pytest.raises(TaskRefused, match=r"None cannot be called; pass the function, not its"):
        is_async(None)


def test_a_coroutine_is_refused_with_a_hint_and_left_alone() -> None:
    coroutine = coroutine_function()
    with pytest.raises(TaskRefused, match=r"a coroutine object.*add_task\(f, 1\), not"):
        is_async(coroutine)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
    coroutine.close()


def test_a_refusal_is_a_type_error_and_of_the_one_root() -> None:
    assert issubclass(TaskRefused, TypeError)
    assert issubclass(TaskRefused, BgspecError)


@pytest.mark.parametrize(
    ("func", "name"),
    [
        (function, "function"),
        (functools.partial(functools.partial(function, 1), 2), "function"),
        (Shapes().method, "Shapes.method"),
        (Shapes, "Shapes"),
        (print, "print"),
        (SyncInstance(), "a SyncInstance object"),
        (Mock(), "a Mock object"),
    ],
)
def test_a_name_is_short_and_takes_no_repr(func: object, name: str) -> None:
    assert name_of(func) == name


@pytest.mark.parametrize("value", [None, 0, True, ValueError(), generator_function(), object()])
def test_a_value_leaves_nothing_to_await(value: object) -> None:
    assert rest_of(value) is None


def test_an_awaitable_of_any_kind_is_left_to_await() -> None:
    class Awaited:
        def __await__(self) -> Generator[str, None, None]:
            yield "suspended"

    rest = rest_of(Awaited())
    assert rest is not None
    assert (next(rest), next(rest, "ended")) == ("suspended", "ended")


def test_a_generator_based_coroutine_is_left_to_await() -> None:
    rest = rest_of(generator_based())
    assert rest is not None
    assert (next(rest), next(rest, "ended")) == (None, "ended")


def test_a_stop_iteration_becomes_the_cause_of_a_runtime_error() -> None:
    stop = StopIteration(3)
    error = out_of_a_call(stop)
    assert (type(error), error.__cause__) == (RuntimeError, stop)
    assert "raised StopIteration" in str(error)


def test_any_other_error_stays_as_it_is() -> None:
    error = StopAsyncIteration()
    assert out_of_a_call(error) is error


def test_a_coroutine_that_is_never_stepped_is_told_by_python_itself() -> None:
    rest = rest_of(coroutine_function())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del rest
        gc.collect()
    assert "never awaited" in str(seen[0].message)
