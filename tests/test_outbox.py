"""The outbox: what a commit hands on, what a rollback drops, and what a sink that fails leaves."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import anyio
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm import Session
from starlette.background import BackgroundTasks as StarletteTasks

from bgspec import BackgroundTasks, StrictAddTask, SupportsAddTask, TaskRefused
from bgspec.errors import SinkFailed
from bgspec.outbox import Outbox

P = ParamSpec("P")
VAR: ContextVar[str] = ContextVar("VAR", default="unset")
PAGE = Path(__file__).parent.parent / "docs" / "outbox.md"


class Sink:
    """Writes down what it is handed, and does what a test wants done before it takes a function."""

    def __init__(self) -> None:
        self.handed: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.before: dict[Callable[..., object], Callable[[], object]] = {}

    if TYPE_CHECKING:

        def add_task(
            self, func: Callable[P, object], *args: P.args, **kwargs: P.kwargs
        ) -> None: ...

    else:

        def add_task(self, func: Any, /, *args: Any, **kwargs: Any) -> None:
            self.before.get(func, int)()
            self.handed.append((func, args, kwargs))

    @property
    def names(self) -> list[str]:
        return [func.__name__ for func, _, _ in self.handed]


def raising(error: BaseException) -> Callable[[], None]:
    """Something that raises this."""

    def fail() -> None:
        raise error

    return fail


def one() -> None: ...


def two() -> None: ...


def three() -> None: ...


def staging(*funcs: Callable[[], object]) -> tuple[Sink, Outbox]:
    """A sink, and an outbox before it with these staged."""
    sink = Sink()
    outbox = Outbox(sink)
    for func in funcs:
        outbox.add_task(func)
    return sink, outbox


# Staging.


def test_the_sink_is_told_nothing_before_the_commit() -> None:
    sink, outbox = staging(one, two)
    assert (sink.handed, len(outbox)) == ([], 2)


def test_what_cannot_be_run_is_refused_at_the_add() -> None:
    def generate() -> Iterator[int]:
        yield 1

    outbox: Any = Outbox(Sink())
    for refused in (42, None, generate):
        with pytest.raises(TaskRefused):
            outbox.add_task(refused)
    with pytest.raises(TaskRefused):
        outbox.add_task()
    assert outbox.staged == ()


def test_what_is_staged_can_be_read() -> None:
    outbox = Outbox(Sink())
    outbox.add_task(print, 1, 2, sep="-")
    [task] = outbox.staged
    assert (task.func, task.args, task.kwargs) == (print, (1, 2), {"sep": "-"})
    assert task.where.startswith(f"{__file__}:")


def test_an_empty_outbox_is_true() -> None:
    assert Outbox(Sink())


def test_the_repr_tells_how_many_are_staged_and_which_is_the_first() -> None:
    sink, outbox = staging(one, two)
    assert (repr(outbox), repr(Outbox(sink))) == (
        "<Outbox: 2 staged, the first one>",
        "<Outbox: 0 staged>",
    )


def test_it_is_a_sink_of_what_its_own_sink_takes() -> None:
    strict_sink: StrictAddTask = Sink()
    bare: SupportsAddTask = Outbox(Sink())
    strict: StrictAddTask = Outbox(strict_sink)
    for sink in (Outbox(BackgroundTasks()), Outbox(StarletteTasks()), bare, strict):
        sink.add_task(one)


# Committing and rolling back.


def test_a_commit_hands_on_in_the_order_of_the_adds_and_once() -> None:
    sink, outbox = staging(one, two, one, three)
    outbox.commit()
    assert (sink.names, outbox.staged) == (["one", "two", "one", "three"], ())
    outbox.commit()
    assert len(sink.handed) == 4


def test_arguments_are_the_same_objects_and_any_keyword_reaches_the_sink() -> None:
    names = ["func", "self", "args", "kwargs", "sink", "task", "callable", "timeout"]
    given = {name: object() for name in names}
    argument = object()
    sink = Sink()
    outbox: Any = Outbox(sink)
    outbox.add_task(one, argument, **given)
    outbox.add_task(func=two)
    outbox.commit()
    assert sink.handed == [(one, (argument,), given), (two, (), {})]
    assert list(sink.handed[0][2]) == names


def test_a_rollback_drops_what_is_staged() -> None:
    sink, outbox = staging(one, two)
    outbox.rollback()
    outbox.add_task(three)
    outbox.commit()
    assert sink.names == ["three"]


def test_leaving_the_block_commits() -> None:
    sink, outbox = staging(one)
    with outbox as entered:
        entered.add_task(two)
        assert (entered is outbox, sink.handed) == (True, [])
    assert sink.names == ["one", "two"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_leaving_the_block_by_an_exception_rolls_back(error: type[BaseException]) -> None:
    sink, outbox = staging(one)
    with pytest.raises(error), outbox:
        raise error
    assert (sink.handed, outbox.staged) == ([], ())


def test_what_is_staged_during_the_commit_is_handed_on_too() -> None:
    sink, outbox = staging(one, two)
    sink.before[one] = lambda: outbox.add_task(three)
    outbox.commit()
    assert sink.names == ["one", "two", "three"]


def test_an_outbox_before_an_outbox_is_a_savepoint() -> None:
    sink, outer = staging(one)
    with outer:
        with Outbox(outer) as inner:
            inner.add_task(two)
            inner.rollback()
            inner.add_task(three)
        assert sink.handed == []
    assert sink.names == ["one", "three"]


def test_two_commits_at_once_hand_on_nothing_twice() -> None:
    handing, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        handing.set()
        assert go_on.wait(30)

    sink, outbox = staging(one, two, three)
    sink.before[one] = wait
    other = threading.Thread(target=outbox.commit)
    other.start()
    assert handing.wait(30)
    outbox.commit()
    go_on.set()
    other.join(30)
    assert sink.names == ["two", "three", "one"]


# A sink that fails.


def test_a_failure_names_the_task_and_leaves_it_and_the_rest_staged() -> None:
    sink, outbox = staging(one, two, three)
    away = ConnectionError("the broker is away")
    sink.before[two] = raising(away)
    with pytest.raises(SinkFailed, match=r"raised ConnectionError at two, staged at .*py:\d") as it:
        outbox.commit()
    assert it.value.__cause__ is away
    assert isinstance(it.value, RuntimeError)
    assert (sink.names, [task.func for task in outbox.staged]) == (["one"], [two, three])


def test_a_later_commit_goes_on_from_the_failure() -> None:
    sink, outbox = staging(one, two, three)
    sink.before[two] = raising(ConnectionError())
    for _ in range(2):
        with pytest.raises(SinkFailed):
            outbox.commit()
    outbox.add_task(one)
    sink.before.clear()
    outbox.commit()
    assert sink.names == ["one", "two", "three", "one"]


def test_a_failure_surfaces_from_the_block() -> None:
    sink, outbox = staging(one, two)
    sink.before[two] = raising(ConnectionError())
    with pytest.raises(SinkFailed), outbox:
        pass
    assert len(outbox) == 1


def test_what_ends_the_program_is_raised_as_it_is() -> None:
    sink, outbox = staging(one, two)
    sink.before[one] = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        outbox.commit()
    assert len(outbox) == 2


# What a task sees.


@pytest.mark.anyio
async def test_a_task_has_the_context_of_its_staging() -> None:
    seen: list[str] = []

    def note(name: str) -> None:
        seen.append(f"{name}: {VAR.get()}")
        VAR.set(f"set by {name}")

    async def note_async(name: str) -> None:
        await anyio.lowlevel.checkpoint()
        note(name)

    tasks = BackgroundTasks()
    outbox = Outbox(tasks)
    VAR.set("first")
    outbox.add_task(note, "sync")
    VAR.set("second")
    outbox.add_task(note_async, "async")
    VAR.set("as of the commit")
    outbox.commit()
    VAR.set("as of the run")
    await tasks()
    assert seen == ["sync: first", "async: second"]
    assert VAR.get() == "as of the run"


@pytest.mark.anyio
async def test_the_context_is_kept_through_an_outbox_before_an_outbox() -> None:
    seen: list[str] = []
    tasks = BackgroundTasks()
    outer = Outbox(tasks)
    VAR.set("as of the staging")
    with outer, Outbox(outer) as inner:
        inner.add_task(lambda: seen.append(VAR.get()))
        VAR.set("as of the commit")
    await tasks()
    assert seen == ["as of the staging"]


# The page's example, with SQLAlchemy.


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the code on the page defines."""
    code = "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```", PAGE.read_text()))
    defined: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, PAGE, "exec", dont_inherit=True), defined)
    return defined


@pytest.fixture
def engine(page: dict[str, Any], tmp_path: Path) -> Iterator[Engine]:
    """A database with the page's table, empty."""
    engine = create_engine(f"sqlite:///{tmp_path / 'orders.db'}")
    page["Base"].metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def orders(engine: Engine) -> int:
    """How many orders have been committed."""
    with engine.connect() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM orders")).scalar_one()
    return count


def subjects(sink: Sink) -> dict[str, str]:
    """The subject of the mail to each address."""
    return {args[0]: kwargs["subject"].partition(" ")[0] for _, args, kwargs in sink.handed}


def test_the_page_hands_on_once_the_database_has_committed(
    page: dict[str, Any], engine: Engine, session: Session
) -> None:
    committed: list[int] = []
    sink = Sink()
    sink.before[page["send_mail"]] = lambda: committed.append(orders(engine))
    page["take_order"](session, sink, "a@example.org")
    assert (committed, subjects(sink)) == ([1], {"a@example.org": "Thank"})


def test_the_page_drops_what_belongs_to_a_transaction_that_failed(
    page: dict[str, Any], engine: Engine, session: Session
) -> None:
    page["take_order"](session, Sink(), "a@example.org")
    sink = Sink()
    with pytest.raises(IntegrityError):
        page["take_order"](session, sink, "a@example.org")
    assert (orders(engine), sink.handed) == (1, [])


def test_the_page_drops_with_a_savepoint_what_was_staged_in_it(
    page: dict[str, Any], engine: Engine, session: Session
) -> None:
    sink = Sink()
    page["take_order"](session, Sink(), "a@example.org")
    page["take_orders"](session, sink, "a@example.org", "b@example.org")
    assert orders(engine) == 2
    assert subjects(sink) == {"a@example.org": "We", "b@example.org": "Thank"}


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def outbox(page: dict[str, Any], session: Session, sink: Sink) -> Outbox:
    """The page's outbox on the session's events, with one task staged in a transaction."""
    outbox: Outbox = page["outbox_of"](session, sink)
    session.add(page["Order"](email="a@example.org"))
    session.flush()
    outbox.add_task(one)
    return outbox


def test_a_sessions_commit_publishes(outbox: Outbox, session: Session, sink: Sink) -> None:
    session.commit()
    assert (sink.names, len(outbox)) == (["one"], 0)


def test_a_sessions_rollback_does_not(outbox: Outbox, session: Session, sink: Sink) -> None:
    session.rollback()
    session.commit()
    assert (sink.names, len(outbox)) == ([], 0)


def test_a_failed_flush_rolls_back(
    outbox: Outbox, session: Session, sink: Sink, page: dict[str, Any]
) -> None:
    session.add(page["Order"](email="a@example.org"))
    with pytest.raises(IntegrityError):
        session.commit()
    assert (sink.names, len(outbox)) == ([], 0)


def test_the_end_of_a_savepoint_neither_publishes_nor_drops(
    outbox: Outbox, session: Session, sink: Sink
) -> None:
    with session.begin_nested():
        outbox.add_task(two)
    session.begin_nested().rollback()
    assert (sink.names, len(outbox)) == ([], 2)
    session.commit()
    assert sink.names == ["one", "two"]


def test_a_sessions_rollback_out_of_a_savepoint_drops_all(
    outbox: Outbox, session: Session, sink: Sink
) -> None:
    session.begin_nested()
    outbox.add_task(two)
    session.rollback()
    assert (sink.names, len(outbox)) == ([], 0)


def test_neither_event_comes_from_a_close_or_without_a_transaction(
    outbox: Outbox, session: Session
) -> None:
    session.close()
    session.rollback()
    assert len(outbox) == 1


def test_a_sink_that_fails_in_the_event_leaves_the_tasks_staged(
    outbox: Outbox, session: Session, sink: Sink, engine: Engine
) -> None:
    sink.before[one] = raising(ConnectionError())
    with pytest.raises(SinkFailed):
        session.commit()
    with pytest.raises(InvalidRequestError, match="committed"):
        session.rollback()
    session.close()
    assert (orders(engine), len(outbox)) == (1, 1)
    sink.before.clear()
    outbox.commit()
    assert sink.names == ["one"]
