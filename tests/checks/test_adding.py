"""The checks of the chapter ADD, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    Added,
    Ended,
    Event,
    Place,
    Refused,
    RunBegan,
    RunEnded,
    Started,
    Way,
)
from bgspec_conformance.plan import Action, Add, Plan, Run, Shape, Task, Value
from tests.checks.hand import said

SYNC = Task(Shape.FUNCTION)
ASYNC = Task(Shape.ASYNC_FUNCTION)
LAMBDA = Task(Shape.LAMBDA)
STRICT = Task(Shape.STRICT)
NONE = Task(Shape.NONE)


def plan(*tasks: Task) -> Plan:
    """Each task is added once, and the container is run."""
    return Plan(tasks, (*(Add(index) for index in range(len(tasks))), Run()))


def call(
    task: int, number: int = 0, *, made: str = "the run", kwargs: tuple[str, ...] = ()
) -> tuple[Event, ...]:
    """A task is called, with keywords of these names, and ends."""
    named = tuple((name, f"t{task}.{name}") for name in kwargs)
    return (
        Started(task, number, Place.WORKER, kwargs=named, made=made),
        Ended(task, number),
    )


def run(*events: Event, number: int = 0, container: int = 0, error: str = "") -> tuple[Event, ...]:
    """A run in which this happens, and which raises an error of that type, if any."""
    way = Way.RAISED if error else Way.RETURNED
    end = RunEnded(number, container, way, error=error, type_error=error == "TypeError")
    return (RunBegan(number, container), *events, end)


def refusal(task: int, error: str = "TypeError", *, thread: int = 0) -> Refused:
    """The add of a task raises an error of this type."""
    return Refused(task, 0, error, error == "TypeError", thread=thread)


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ((Added(0, 0), *run(*call(0))), "held"),
        ((Added(0, 0), *call(0), *run()), "broken"),
        ((*call(0), Added(0, 0)), "broken"),
        ((Added(0, 0), *run(*call(0, made="the add"))), "broken"),
        ((Added(0, 0), *run()), ""),
    ],
)
def test_nothing_is_called_before_the_run(events: tuple[Event, ...], word: str) -> None:
    assert said("ADD-1", plan(SYNC), *events) == word


@pytest.mark.parametrize(
    ("task", "events", "word"),
    [
        (LAMBDA, (Added(0, 0), *run(*call(0))), "held"),
        (LAMBDA, (Added(0, 0), *run()), "broken"),
        (LAMBDA, (refusal(0), *run()), "broken"),
        (ASYNC, (Added(0, 0), *run(*call(0))), ""),
        (SYNC, (Added(0, 0), *run()), ""),
    ],
)
def test_any_sync_callable_is_taken_and_called(
    task: Task, events: tuple[Event, ...], word: str
) -> None:
    assert said("ADD-2", plan(task), *events) == word


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((Added(0, 0), Added(0, 0), *run(*call(0), *call(0, 1))), "held held"),
        ((Added(0, 0), Added(0, 0), *run(*call(0))), "held broken"),
        ((Added(0, 0), refusal(0, "ValueError"), *run(*call(0))), "broken"),
        ((Added(0, 0), *run(*call(0))), ""),
    ],
)
def test_equal_adds_are_separate_tasks(events: tuple[Event, ...], words: str) -> None:
    equal = Plan((SYNC,), (Add(0), Add(0), Run()))
    assert said("ADD-3", equal, *events) == words


@pytest.mark.parametrize(("called", "word"), [(12, "held"), (10, "broken")])
def test_there_is_no_cap(called: int, word: str) -> None:
    adds = (Added(task, 0) for task in range(12))
    calls = (event for task in range(called) for event in call(task))
    assert said("ADD-3", plan(*[SYNC] * 12), *adds, *run(*calls)).split()[-1] == word


@pytest.mark.parametrize(
    ("order", "broken"),
    [((0, 1, 2, 3), False), ((1, 0, 3, 2), False), ((2, 1, 0, 3), True), ((0, 1, 2), True)],
)
def test_each_threads_adds_are_kept_in_order(order: tuple[int, ...], broken: bool) -> None:
    threads = (1, 2, 1, 2)
    adds = tuple(Added(task, 0, thread) for task, thread in enumerate(threads))
    script: tuple[Action, ...] = (
        *(Add(task, 0, thread) for task, thread in enumerate(threads)),
        Run(),
    )
    calls = (event for task in order for event in call(task))
    words = said("ADD-4", Plan((SYNC,) * 4, script), *adds, *run(*calls))
    assert ("broken" in words) is broken
    assert "held" in words


def test_an_add_from_a_thread_is_not_refused() -> None:
    script = (Add(0, 0, 1), Run())
    assert said("ADD-4", Plan((SYNC,), script), refusal(0, "RuntimeError", thread=1)) == "broken"


@pytest.mark.parametrize(
    ("name", "clause"), [("timeout", "ADD-5"), ("func", "ADD-6"), ("kwargs", "ADD-6")]
)
def test_a_keyword_reaches_the_function(name: str, clause: str) -> None:
    keyword = plan(Task(Shape.FUNCTION, (), ((name, Value.OBJECT),)))
    other = {"ADD-5": "ADD-6", "ADD-6": "ADD-5"}[clause]
    arrived = (Added(0, 0), *run(*call(0, kwargs=(name,))))
    lost = (Added(0, 0), *run(*call(0)))
    stumbled = (Added(0, 0), *run(error="TypeError"))
    assert said(clause, keyword, *arrived) == "held"
    assert said(clause, keyword, *lost) == "broken"
    assert said(clause, keyword, *stumbled) == "broken"
    assert said(other, keyword, *arrived, *lost) == ""


@pytest.mark.parametrize(
    ("name", "error", "clause", "word"),
    [
        ("timeout", "TypeError", "ADD-5", "held"),
        ("timeout", "ValueError", "ADD-5", "broken"),
        ("func", "TypeError", "ADD-6", "broken"),
        ("func", "TypeError", "ADD-5", ""),
    ],
)
def test_a_keyword_may_be_refused(name: str, error: str, clause: str, word: str) -> None:
    keyword = plan(Task(Shape.FUNCTION, (), ((name, Value.OBJECT),)))
    assert said(clause, keyword, refusal(0, error), *run()) == word


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ((refusal(0), *run()), "held"),
        ((refusal(0, "ValueError"), *run()), "broken"),
        ((Added(0, 0), *run(error="TypeError")), "broken"),
    ],
)
def test_what_cannot_be_called_is_refused(events: tuple[Event, ...], word: str) -> None:
    assert said("ADD-7", plan(NONE), *events) == word


@pytest.mark.parametrize(
    ("events", "broken"),
    [
        ((*run(*call(0)), *run(*call(1), number=1, container=1)), False),
        ((*run(*call(0), *call(1)), *run(number=1, container=1)), True),
        ((*run(*call(1)), *run(*call(0), number=1, container=1)), True),
        ((*run(*call(0)), *run(number=1, container=1)), True),
    ],
)
def test_a_task_is_called_by_its_own_container(events: tuple[Event, ...], broken: bool) -> None:
    two = Plan((SYNC, SYNC), (Add(0), Add(1, 1), Run(0), Run(1)))
    words = said("ADD-8", two, Added(0, 0), Added(1, 1), *events)
    assert ("broken" in words) is broken


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((refusal(0), *run()), "at the add"),
        ((Added(0, 0), *run(error="TypeError")), "at the run"),
        ((Added(0, 0), *run()), "broken"),
        ((Added(0, 0), *run(error="RuntimeError")), "broken"),
        ((refusal(0, "ValueError"), *run()), "broken"),
    ],
)
def test_arguments_that_do_not_fit_are_told(events: tuple[Event, ...], words: str) -> None:
    assert said("ADD-9", plan(STRICT), *events) == words


def test_arguments_that_fit_are_no_misfit() -> None:
    fitting = plan(Task(Shape.STRICT, (Value.OBJECT,)))
    assert said("ADD-9", fitting, Added(0, 0), *run(*call(0))) == "held"
    assert said("ADD-9", fitting, Added(0, 0), *run()) == "broken"


@pytest.mark.parametrize(("returned", "word"), [("None", "held"), ("coroutine", "broken")])
def test_the_add_returns_none(returned: str, word: str) -> None:
    assert said("ADD-10", plan(SYNC), Added(0, 0, returned=returned)) == word
