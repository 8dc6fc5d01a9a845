"""The checks of the chapter CTX, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    UNSET,
    Added,
    Ended,
    Event,
    Place,
    RunBegan,
    RunEnded,
    Started,
    VarSeen,
    Way,
)
from bgspec_conformance.plan import Add, Plan, Run, SetVar, Task
from bgspec_conformance.vocabulary import Shape
from tests.checks.hand import ASYNC, RETURNED, added, said

SETS = Task(Shape.ASYNC_FUNCTION, body=(SetVar("inner"),))
TWO = (SetVar("one"), Add(0), SetVar("two"), Add(1), SetVar("run"), Run())


def history(*tasks: tuple[int, str], after: str = "run") -> tuple[Event, ...]:
    """Two tasks are added; those called see these values, and the caller sees that one after."""
    return (
        *added(0, 1),
        RunBegan(0, 0),
        *(
            event
            for task, value in tasks
            for event in (Started(task, 0, Place.LOOP, var=value), Ended(task, 0))
        ),
        RETURNED,
        VarSeen(0, after),
    )


@pytest.mark.parametrize(
    ("values", "words", "answers"),
    [
        (("one", "two"), "held held", "the add the add"),
        (("run", "run"), "held held", "the run the run"),
        (("one", "run"), "held held", "the add the run"),
        (("one", "one"), "held broken", "the add"),
        ((UNSET, "two"), "broken held", "the add"),
        (("two", "two"), "broken held", "the add"),
    ],
)
def test_a_task_sees_the_adders_value_or_the_awaiters(
    values: tuple[str, str], words: str, answers: str
) -> None:
    plan = Plan((ASYNC, ASYNC), TWO)
    events = history(*enumerate(values))
    assert said("CTX-1", plan, *events) == words
    assert said("CTX-2", plan, *events) == answers


def test_equal_adds_see_each_its_own_value() -> None:
    plan = Plan((ASYNC,), (SetVar("one"), Add(0), SetVar("two"), Add(0), SetVar("run"), Run()))
    both = (Started(0, 0, Place.LOOP, var="one"), Ended(0, 0), Ended(0, 1))
    for second, words in (("two", "held held"), ("one", "held broken")):
        again = Started(0, 1, Place.LOOP, var=second)
        events = (*added(0, 0), RunBegan(0, 0), *both[:2], again, both[2])
        assert said("CTX-1", plan, *events, RETURNED) == words


def test_a_task_that_a_task_added_may_see_that_ones_value() -> None:
    adds = Task(Shape.ASYNC_FUNCTION, body=(SetVar("inner"), Add(1)))
    plan = Plan((adds, ASYNC), (SetVar("one"), Add(0), SetVar("run"), Run()))
    for value, word in (("inner", "held"), ("run", "held"), (UNSET, "broken")):
        events = (
            Added(0, 0),
            RunBegan(0, 0),
            Started(0, 0, Place.LOOP, var="one"),
            Added(1, 0, by=0),
            Ended(0, 0),
            Started(1, 0, Place.LOOP, var=value),
            Ended(1, 0),
            RETURNED,
        )
        assert said("CTX-1", plan, *events) == f"held {word}"
        assert said("CTX-3", plan, *events) == ""


@pytest.mark.parametrize(
    "script",
    [
        (Add(0), Add(1), Run()),
        (SetVar("run"), Add(0, thread=1), Add(1, thread=1), Run()),
    ],
)
def test_where_the_script_sets_nothing_or_threads_add_nothing_is_asked(
    script: tuple[Add | SetVar | Run, ...],
) -> None:
    events = (Added(0, 0, 1), Added(1, 0, 1), *history((0, UNSET), (1, UNSET), after=UNSET)[2:])
    assert said("CTX-1", Plan((ASYNC, ASYNC), script), *events) == ""
    assert said("CTX-2", Plan((ASYNC, ASYNC), script), *events) == ""


@pytest.mark.parametrize(
    ("second", "after", "words"),
    [
        ("two", "run", "held held"),
        ("inner", "run", "broken held"),
        ("two", "inner", "held broken"),
        ("inner", "inner", "broken broken"),
    ],
)
def test_what_a_task_sets_stays_its_own(second: str, after: str, words: str) -> None:
    events = history((0, "one"), (1, second), after=after)
    assert said("CTX-3", Plan((SETS, ASYNC), TWO), *events) == words


def test_a_value_that_leaked_breaks_nothing_else() -> None:
    events = history((0, "one"), (1, "inner"))
    assert said("CTX-1", Plan((SETS, ASYNC), TWO), *events) == "held"
    assert said("CTX-2", Plan((SETS, ASYNC), TWO), *events) == "the add"


def test_where_the_caller_was_let_see_something_the_script_is_followed_anew() -> None:
    script = (SetVar("one"), Add(0), Run(), Add(1), Run())
    first = (Added(0, 0), RunBegan(0, 0), Started(0, 0, Place.LOOP, var="one"), Ended(0, 0))
    second = (Added(1, 0), RunBegan(1, 0), Started(1, 0, Place.LOOP, var="inner"), Ended(1, 0))
    ends = (RETURNED, VarSeen(0, "inner"), RunEnded(1, 0, Way.RETURNED))
    events = (*first, *ends[:2], *second, ends[2])
    assert said("CTX-1", Plan((SETS, ASYNC), script), *events) == "held"
    assert said("CTX-3", Plan((SETS, ASYNC), script), *events) == "broken"
