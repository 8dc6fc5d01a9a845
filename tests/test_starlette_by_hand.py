"""Starlette's own container, held to every MUST by hand: what is added, and what arrives.

The tests ask what Starlette 1.10.0 does, without the suite. Where it does not keep a clause, the
docstring says so, and the test pins what was seen instead.
"""

from __future__ import annotations

import ast
import copy
import functools
import gc
import operator
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import anyio
import pytest
from anyio import to_thread
from starlette.background import BackgroundTasks

from bgspec.spec import CLAUSES, Level

pytestmark = pytest.mark.anyio

both = pytest.mark.parametrize("sync", [True, False])
CHAPTERS = ["ADD", "ARG", "RUN", "ORD", "CALL", "ERR", "CTX", "CAN"]

# How long a test waits for what a fault would keep from coming, in seconds.
PATIENCE = 30


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


def filled(*functions: Callable[[], object]) -> BackgroundTasks:
    tasks = BackgroundTasks()
    for function in functions:
        tasks.add_task(function)
    return tasks


def either(function: Callable[..., object], *, sync: bool) -> Callable[..., object]:
    """The function, or an async one that does the same between two suspensions."""

    async def suspending(*args: object, **kwargs: object) -> object:
        await anyio.lowlevel.checkpoint()
        result = function(*args, **kwargs)
        await anyio.lowlevel.checkpoint()
        return result

    return function if sync else suspending


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until the condition holds."""
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.lowlevel.checkpoint()


class Untouchable:
    """A value that nobody may compare, copy, hash or judge."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("a value was touched")

    __eq__ = __hash__ = __bool__ = __len__ = _refuse  # pyright: ignore[reportAssignmentType]  # the point
    __copy__ = __deepcopy__ = __reduce_ex__ = __iter__ = __await__ = _refuse


def shapes_of(function: Any) -> list[Any]:
    """Callables of many shapes, each of which calls this function, whatever it is given."""
    of_class: Any = classmethod(function)
    static: Any = staticmethod(function)
    bound: Any = functools.partialmethod(function, 1)
    attributes: dict[str, Any] = {
        "method": function,
        "of_class": of_class,
        "static": static,
        "bound": bound,
        "nested": functools.partialmethod(bound, 2),
        "bound_of_class": functools.partialmethod(of_class, 1),
        "bound_static": functools.partialmethod(static, 1),
        "__call__": function,
    }
    kind: Any = type("Shapes", (), attributes)
    odd: Any = type("Odd", (kind,), {"__hash__": None, "__len__": Mock(return_value=0)})
    meta: Any = type("Meta", (type,), {"__call__": function})
    it = odd()
    shapes: list[Any] = [
        *(function, it.method, it.of_class, it.static, it.bound, it.nested, it.bound_of_class),
        *(it.bound_static, kind.of_class, kind.static, kind.bound_of_class, kind.bound_static),
        *(it, kind(), it.__call__, type("Static", (), {"__call__": static})(), meta("", (), {})),
    ]
    partials: list[Any] = [functools.partial(shape) for shape in shapes]
    return [*shapes, *partials, *(functools.partial(functools.partial(p, 1), 2) for p in partials)]


# Adding: ADD.


@both
async def test_nothing_is_called_however_long_the_run_is_off(sync: bool, seen: list[Any]) -> None:
    """ADD-1: many shapes wait while the loop and its threads turn, and are dropped unrun."""

    class Made:
        def __init__(self) -> None:
            seen.append("made")

        __call__ = either(seen.append, sync=sync)

    note = either(seen.append, sync=sync)
    instance: Any = object.__new__(Made)
    mocks = [Mock(), AsyncMock(), Mock(spec=functools.partial)]
    tasks = filled(Made, instance, *mocks, filled(instance), lambda: seen.append("lambda"))
    tasks.add_task(note, 1)
    tasks.add_task(functools.partial(note, 2))
    for _ in range(50):
        await anyio.lowlevel.checkpoint()
        await to_thread.run_sync(gc.collect, 0)
    assert (seen, [mock.called for mock in mocks]) == ([], [False] * 3)
    del tasks
    gc.collect()  # a coroutine made at the add would complain here


@both
async def test_any_callable_is_called_in_its_turn(sync: bool, seen: list[Any]) -> None:
    """ADD-2: every shape that the clause names, and some that are falsy, unhashable or nameless."""

    class Class:
        def __init__(self, what: str) -> None:
            seen.append(what)

    class Called(Class):
        def __call__(self) -> None: ...

    def note(*_: object) -> None:
        seen.append("called")

    tasks, kind = BackgroundTasks(), type("Kind", (), {"__init__": note})
    shapes = shapes_of(either(note, sync=sync))
    shapes += [kind, functools.partial(kind), lambda: note(), staticmethod(note), Mock(wraps=note)]
    shapes.append(functools.lru_cache(note))
    for number, shape in enumerate(shapes):
        tasks.add_task(shape)
        tasks.add_task(seen.append, number)
    await tasks()
    assert seen == [each for number in range(len(shapes)) for each in ("called", number)]
    seen.clear()
    tasks = BackgroundTasks()
    tasks.add_task(Class, "a class")
    tasks.add_task(Called, "one whose instances can be called")
    tasks.add_task(list[str].append, seen, "a method of a builtin type")
    tasks.add_task(operator.methodcaller("append", "an object written in C"), seen)
    tasks.add_task(exec, "seen.append('a builtin')", {"seen": seen})
    await tasks()
    assert [what.split()[-1] for what in seen] == ["class", "called", "type", "C", "builtin"]


@pytest.mark.parametrize("error", [AttributeError, RuntimeError])
def test_an_instance_that_raises_where_asked_for_attributes_is_refused(
    error: type[Exception], seen: list[Any]
) -> None:
    """ADD-2: not kept for a proxy that refuses to be asked, its own error leaves the add."""

    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            raise error(name)

        def __call__(self) -> None:
            seen.append("called")

    proxy = Proxy()
    assert callable(proxy)
    proxy()
    with pytest.raises(error, match=r"__c(all|lass)__"):
        BackgroundTasks().add_task(proxy)
    assert seen == ["called"]


async def test_every_add_counts(seen: list[Any]) -> None:
    """ADD-3: thousands of adds of what is equal in every way, sync and async."""

    class Same:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

        def __call__(self, what: object) -> None:
            seen.append(what)

    tasks = BackgroundTasks()
    note = either(seen.append, sync=False)
    for _ in range(1_000):
        tasks.add_task(Same(), Same())
        tasks.add_task(note, Same())
        tasks.add_task(note, Same())
    await tasks()
    assert len(seen) == 3_000


async def test_adds_from_several_threads_are_kept_in_each_threads_order(seen: list[Any]) -> None:
    """ADD-4: threads of a pool, the loop's workers and its own add together at every switch."""
    tasks, barrier = BackgroundTasks(), threading.Barrier(5)

    async def note(*what: int) -> None:
        seen.append(what)

    def add(thread: int) -> None:
        barrier.wait(PATIENCE)
        for number in range(400):
            tasks.add_task(note, thread, number)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            async with anyio.create_task_group() as group:
                for thread in range(2):
                    pool.submit(add, thread)
                    group.start_soon(to_thread.run_sync, add, thread + 2)
                await until(lambda: barrier.n_waiting == 4)
                add(4)
    finally:
        sys.setswitchinterval(before)
    await tasks()
    for thread in range(5):
        assert [number for by, number in seen if by == thread] == list(range(400))


@both
async def test_no_keyword_is_swallowed(sync: bool, seen: list[Any]) -> None:
    """ADD-5: `func` and `self` are a TypeError of the add, and any other name arrives."""
    names = "args kwargs cls fn function task tasks is_async name timeout limiter cancellable"
    more = "abandon_on_cancel context executor loop key delay background return None a.b ünï"
    refused: list[str] = []
    for name in ["func", "self", "", *names.split(), *more.split()]:
        tasks: Any = BackgroundTasks()
        got: dict[str, object] = {}
        try:
            tasks.add_task(either(got.update, sync=sync), **{name: seen})
        except TypeError:
            refused.append(name)
        else:
            await tasks()
            assert list(got) == [name]
            assert got[name] is seen
    assert refused == ["func", "self"]
    tasks = BackgroundTasks()
    got = {}
    tasks.add_task(func=either(got.update, sync=sync), other=1)
    await tasks()
    assert got == {"other": 1}


@both
async def test_containers_share_nothing(sync: bool, seen: list[Any]) -> None:
    """ADD-8: not even those that were made of one list, of one another, or of a subclass."""

    class Mine(BackgroundTasks): ...

    one = filled(lambda: seen.append("common"))
    start = [*one.tasks]
    others = [
        *(BackgroundTasks(start), BackgroundTasks(start), BackgroundTasks(one.tasks)),
        *(copy.deepcopy(BackgroundTasks()), Mine(), Mine(), BackgroundTasks()),
    ]
    for number, other in enumerate(others):
        other.add_task(either(seen.append, sync=sync), number)
    await one()
    assert (seen, len(start)) == (["common"], 1)
    for number, other in enumerate(others):
        seen.clear()
        await other()
        assert seen == [*["common"] * (number < 3), number]


async def test_a_shallow_copy_of_a_container_adds_to_the_original(seen: list[Any]) -> None:
    """ADD-8: not kept by `copy.copy`, what is added to the copy is run by the original too."""
    one = BackgroundTasks()
    two = copy.copy(one)
    two.add_task(seen.append, "added to the copy")
    await one()
    assert seen == ["added to the copy"]


@both
async def test_the_add_returns_none_wherever_it_is_made(sync: bool, seen: list[Any]) -> None:
    """ADD-10: on the loop, in a thread, and in a task of its own, sync or async."""
    tasks: Any = BackgroundTasks()
    note = either(lambda: None, sync=sync)
    seen.append(tasks.add_task(note))
    seen.append(tasks.add_task(func=note))
    seen.append(await to_thread.run_sync(tasks.add_task, note))
    tasks.add_task(either(lambda: seen.append(tasks.add_task(note)), sync=sync))
    await tasks()
    assert seen == [None] * 4


# Arguments: ARG.


@both
@pytest.mark.parametrize("ahead", [0, 2])
async def test_positional_arguments_arrive_as_given(
    sync: bool, ahead: int, seen: list[Any]
) -> None:
    """ARG-1: odd objects and hundreds of them, with and without a partial's own ahead."""

    def note(*args: object) -> None:
        seen.extend(args)

    tasks: Any = BackgroundTasks()
    oddities: list[object] = [
        None,
        (),
        ((),),
        [],
        {},
        float("nan"),
        ...,
        NotImplemented,
        Untouchable(),
        tasks,
    ]
    more = [print, AsyncMock(), ValueError(), StopIteration, functools.partial(print), seen]
    given: list[object] = [*oddities, *more, *(object() for _ in range(300)), None]
    take = either(note, sync=sync)
    take = functools.partial(take, *given[:ahead]) if ahead else take
    tasks.add_task(take, *given[ahead:])
    await tasks()
    assert list(map(id, seen)) == list(map(id, given))


@both
async def test_keyword_arguments_arrive_as_given(sync: bool, seen: list[Any]) -> None:
    """ARG-2: a hundred in the order of the call, and after those of a partial."""

    def take(**kwargs: object) -> None:
        seen.append(kwargs)

    given: dict[str, object] = {f"z{number}": Untouchable() for number in range(99, 0, -1)}
    given |= {"m": None, "a": [], "Z": ()}
    own = {"q": 1, "A": 2, "b": 3}
    tasks: Any = BackgroundTasks()
    function = either(take, sync=sync)
    tasks.add_task(function, **given)
    tasks.add_task(functools.partial(functools.partial(function, q=1, A=2), b=3), **given)
    tasks.add_task(functools.partial(function, a="replaced"), a=None)
    await tasks()
    assert [list(got) for got in seen] == [[*given], [*own, *given], ["a"]]
    for got in seen[:2]:
        assert all(got[name] is value for name, value in given.items())
    assert seen[2] == {"a": None}


@both
async def test_arguments_are_neither_copied_nor_mixed(sync: bool, seen: list[Any]) -> None:
    """ARG-3: what adder and tasks do to their own containers of arguments reaches nobody else."""

    def take(shared: list[int], *rest: object, **kwargs: Any) -> None:
        seen.append((list(shared), rest, dict(kwargs)))
        shared.append(len(shared))
        kwargs.clear()
        kwargs["mixed"] = rest

    shared: list[int] = []
    lock, untouchable = threading.Lock(), Untouchable()
    args: list[object] = [lock, untouchable]
    kwargs: dict[str, object] = {"lock": lock, "other": untouchable}
    tasks: Any = BackgroundTasks()
    for _ in range(3):
        tasks.add_task(either(take, sync=sync), shared, *args, **kwargs)
    args.clear()
    kwargs.clear()
    shared.append(0)
    await tasks()
    assert [state for state, _, _ in seen] == [[0], [0, 1], [0, 1, 2]]
    for _, rest, got in seen:
        assert [id(each) for each in rest] == [id(lock), id(untouchable)]
        assert [*got] == ["lock", "other"]
        assert (got["lock"] is lock, got["other"] is untouchable) == (True, True)


# The chapters as a whole.


def test_every_must_of_these_chapters_has_a_test() -> None:
    tested: set[str] = set()
    for path in Path(__file__).parent.glob("test_starlette_by_hand*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                clause_id, colon, _ = (ast.get_docstring(node) or "").partition(": ")
                tested |= {clause_id} if node.name.startswith("test_") and colon else set()
    musts = {each.id for each in CLAUSES.values() if each.level is Level.MUST}
    assert tested == {each for each in musts if each.partition("-")[0] in CHAPTERS}
