"""The checks of the chapter ADD, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import Added, Ended, Event, Place, Refused, Started
from bgspec_conformance.plan import Action, Add, Plan, Run, Task
from bgspec_conformance.vocabulary import Shape, Value
from tests.checks.hand import ASYNC, SYNC, added, called, plan, run, said

LAMBDA = Task(Shape.LAMBDA)
STRICT = Task(Shape.STRICT)
NONE = Task(Shape.NONE)


def refusal(task: int, error: str = "TypeError", *, thread: int = 0) -> Refused:
    """The add of a task raises an error of this type."""
    return Refused(task, 0, error, error == "TypeError", thread=thread)


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ((*added(0), *run(0, *called(0))), "held"),
        ((*added(0), *called(0), *run(0)), "broken"),
        ((*called(0), *added(0)), "broken"),
        ((*added(0), *run(0, Started(0, 0, Place.WORKER, made="the add"), Ended(0, 0))), "broken"),
        ((*added(0), *run(0)), ""),
    ],
)
def test_nothing_is_called_before_the_run(events: tuple[Event, ...], word: str) -> None:
    assert said("ADD-1", plan(SYNC), *events) == word


@pytest.mark.parametrize(
    ("task", "events", "word"),
    [
        (LAMBDA, (*added(0), *run(0, *called(0))), "held"),
        (LAMBDA, (*added(0), *run(0)), "broken"),
        (LAMBDA, (refusal(0), *run(0)), "broken"),
        (ASYNC, (*added(0), *run(0, *called(0))), ""),
        (SYNC, (*added(0), *run(0)), ""),
    ],
)
def test_any_sync_callable_is_taken_and_called(
    task: Task, events: tuple[Event, ...], word: str
) -> None:
    assert said("ADD-2", plan(task), *events) == word


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((*added(0, 0), *run(0, *called(0, 0))), "held held"),
        ((*added(0, 0), *run(0, *called(0))), "held broken"),
        ((*added(0), refusal(0, "ValueError"), *run(0, *called(0))), "broken"),
        ((*added(0), *run(0, *called(0))), ""),
    ],
)
def test_equal_adds_are_separate_tasks(events: tuple[Event, ...], words: str) -> None:
    equal = Plan((SYNC,), (Add(0), Add(0), Run()))
    assert said("ADD-3", equal, *events) == words


@pytest.mark.parametrize(("calls", "word"), [(12, "held"), (10, "broken")])
def test_there_is_no_cap(calls: int, word: str) -> None:
    events = (*added(*range(12)), *run(0, *called(*range(calls))))
    assert said("ADD-3", plan(*[SYNC] * 12), *events).split()[-1] == word


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
    words = said("ADD-4", Plan((SYNC,) * 4, script), *adds, *run(0, *called(*order)))
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
    arrived = (
        *added(0),
        *run(0, Started(0, 0, Place.WORKER, kwargs=((name, f"t0.{name}"),)), Ended(0, 0)),
    )
    lost = (*added(0), *run(0, *called(0)))
    stumbled = (*added(0), *run(0, raises="TypeError"))
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
    assert said(clause, keyword, refusal(0, error), *run(0)) == word


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ((refusal(0), *run(0)), "held"),
        ((refusal(0, "ValueError"), *run(0)), "broken"),
        ((*added(0), *run(0, raises="TypeError")), "broken"),
    ],
)
def test_what_cannot_be_called_is_refused(events: tuple[Event, ...], word: str) -> None:
    assert said("ADD-7", plan(NONE), *events) == word


@pytest.mark.parametrize(
    ("events", "broken"),
    [
        ((*run(0, *called(0)), *run(1, *called(1), container=1)), False),
        ((*run(0, *called(0, 1)), *run(1, container=1)), True),
        ((*run(0, *called(1)), *run(1, *called(0), container=1)), True),
        ((*run(0, *called(0)), *run(1, container=1)), True),
    ],
)
def test_a_task_is_called_by_its_own_container(events: tuple[Event, ...], broken: bool) -> None:
    two = Plan((SYNC, SYNC), (Add(0), Add(1, 1), Run(0), Run(1)))
    words = said("ADD-8", two, *added(0), *added(1, container=1), *events)
    assert ("broken" in words) is broken


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((refusal(0), *run(0)), "at the add"),
        ((*added(0), *run(0, raises="TypeError")), "at the run"),
        ((*added(0), *run(0)), "broken"),
        ((*added(0), *run(0, raises="RuntimeError")), "broken"),
        ((refusal(0, "ValueError"), *run(0)), "broken"),
    ],
)
def test_arguments_that_do_not_fit_are_told(events: tuple[Event, ...], words: str) -> None:
    assert said("ADD-9", plan(STRICT), *events) == words


def test_arguments_that_fit_are_no_misfit() -> None:
    fitting = plan(Task(Shape.STRICT, (Value.OBJECT,)))
    assert said("ADD-9", fitting, *added(0), *run(0, *called(0))) == "held"
    assert said("ADD-9", fitting, *added(0), *run(0)) == "broken"


@pytest.mark.parametrize(("returned", "word"), [("None", "held"), ("coroutine", "broken")])
def test_the_add_returns_none(returned: str, word: str) -> None:
    assert said("ADD-10", plan(SYNC), Added(0, 0, returned=returned)) == word
