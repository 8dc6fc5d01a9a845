"""The checks of the chapter ARG, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import Ended, Event, Place, Refused, RunBegan, Started
from bgspec_conformance.plan import Task
from bgspec_conformance.vocabulary import Shape, Value
from tests.checks.hand import RETURNED, SYNC, added, plan, said

PAIR = (Value.OBJECT, Value.LIST)
NAMED = (("b", Value.OBJECT), ("a", Value.OBJECT))
TWO_BY_PLACE = plan(*[Task(Shape.FUNCTION, PAIR)] * 2)
TWO_BY_NAME = plan(*[Task(Shape.FUNCTION, (), NAMED)] * 2)


def history(
    *args: str, kwargs: tuple[tuple[str, str], ...] = (), changed: tuple[str, ...] = ()
) -> tuple[Event, ...]:
    """The first of two tasks is called with this; the second fares well."""
    return (
        *added(0, 1),
        RunBegan(0, 0),
        Started(0, 0, Place.WORKER, args, kwargs, changed),
        Ended(0, 0),
        Started(
            1,
            0,
            Place.WORKER,
            ("t1.args[0]", "t1.args[1]") if args else (),
            (("b", "t1.b"), ("a", "t1.a")) if kwargs else (),
        ),
        Ended(1, 0),
        RETURNED,
    )


@pytest.mark.parametrize(
    ("args", "by_place", "own"),
    [
        (("t0.args[0]", "t0.args[1]"), "held held", "held held"),
        (("t0.args[1]", "t0.args[0]"), "broken held", "held held"),
        (("t0.args[0]",), "broken held", "held held"),
        (("t0.args[0]", "copy of t0.args[1]"), "broken held", "held held"),
        (("t0.args[0]", "t0.args[1]", "a stranger"), "broken held", "held held"),
        (("t1.args[0]", "t1.args[1]"), "held", "broken held"),
        (("t0.args[0]", "t1.args[1]"), "held", "broken held"),
    ],
)
def test_positional_arguments_arrive_as_given(
    args: tuple[str, ...], by_place: str, own: str
) -> None:
    assert said("ARG-1", TWO_BY_PLACE, *history(*args)) == by_place
    assert said("ARG-3", TWO_BY_PLACE, *history(*args)) == own


def test_positional_arguments_are_not_refused() -> None:
    one = plan(Task(Shape.FUNCTION, PAIR))
    assert said("ARG-1", one, Refused(0, 0, "TypeError", True)) == "broken"


@pytest.mark.parametrize(
    ("kwargs", "by_name", "own"),
    [
        ((("b", "t0.b"), ("a", "t0.a")), "held held", "held held"),
        ((("a", "t0.a"), ("b", "t0.b")), "broken held", "held held"),
        ((("b", "t0.b"), ("a", "copy of t0.a")), "broken held", "held held"),
        ((("b", "t0.b"), ("a", "t0.a"), ("c", "a stranger")), "broken held", "held held"),
        ((("b", "t0.a"), ("a", "t0.b")), "broken held", "held held"),
        ((("b", "t0.b"),), "held", "held held"),  # ADD-5's
        ((("b", "t1.b"), ("a", "t1.a")), "held", "broken held"),
    ],
)
def test_keyword_arguments_arrive_as_given(
    kwargs: tuple[tuple[str, str], ...], by_name: str, own: str
) -> None:
    assert said("ARG-2", TWO_BY_NAME, *history(kwargs=kwargs)) == by_name
    assert said("ARG-3", TWO_BY_NAME, *history(kwargs=kwargs)) == own


def test_arguments_are_not_changed() -> None:
    events = history("t0.args[0]", "t0.args[1]", changed=("t0.args[1]",))
    assert said("ARG-3", TWO_BY_PLACE, *events) == "broken held"
    assert said("ARG-1", TWO_BY_PLACE, *events) == "held held"


@pytest.mark.parametrize("clause", ["ARG-1", "ARG-2", "ARG-3"])
def test_a_task_without_arguments_says_nothing_of_them(clause: str) -> None:
    assert said(clause, plan(SYNC, SYNC), *history()) == ""
