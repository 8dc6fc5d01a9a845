"""The checks of the chapter RUN, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    Added,
    Ended,
    Event,
    Expired,
    Place,
    Raised,
    Refused,
    Released,
    RunBegan,
    RunEnded,
    Started,
    Turned,
    Way,
)
from bgspec_conformance.plan import Add, Await, Plan, Raise, Return, Run, Step, Task, Together
from bgspec_conformance.vocabulary import Shape, Value
from tests.checks.hand import CANCELLED, RETURNED, SYNC, added, called, plan, run, said

FAILING = Task(outcome=Raise())
FALSE = Task(outcome=Return(Value.FALSE))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((), ""),
        ((*added(0), *run(0, *called(0))), "held"),
        ((*added(0, 1), *run(0, *called(0, 1))), "held held"),
        ((*added(0), *run(0)), "broken"),
        ((*added(0, 1), *run(0, *called(1))), "broken"),
        ((*added(0), *run(0, *called(0), *called(0, again=1))), "held broken"),
        ((*added(0), *called(0), *run(0)), ""),
        ((*added(0), *run(0), *called(0)), ""),
    ],
)
def test_a_run_calls_each_task_once(events: tuple[Event, ...], words: str) -> None:
    assert said("RUN-1", plan(SYNC, SYNC), *events) == words


def test_a_failing_task_that_is_called_again_is_called_twice() -> None:
    once, twice = (Started(0, 0, Place.WORKER), Raised(0, 0)), (Started(0, 1, Place.WORKER),)
    events = (*added(0), *run(0, *once, *twice, Raised(0, 1)))
    assert said("RUN-1", plan(FAILING), *events) == "held broken"


def test_a_task_that_is_called_again_for_what_it_returned_breaks_another_clause() -> None:
    events = (*added(0), *run(0, *called(0), *called(0, again=1)))
    assert said("RUN-1", plan(FALSE), *events) == "held"
    assert said("RUN-4", plan(FALSE), *events) == "broken held"


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (run(0), ""),
        ((*added(0), *run(0, *called(0))), "held"),
        ((*added(0), *run(0, Started(0, 0, Place.WORKER)), Ended(0, 0)), "broken"),
        ((*added(0), *run(0), *called(0)), "broken"),
        ((*added(0), *called(0), *run(0)), ""),
        ((*added(0), *run(0, Started(0, 0, Place.LOOP))), "held"),
    ],
)
def test_a_run_lasts_as_long_as_its_tasks(events: tuple[Event, ...], words: str) -> None:
    assert said("RUN-2", plan(SYNC), *events) == words


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (run(0), "held"),
        ((*run(0), *run(1)), "held held"),
        (run(0, raises="RuntimeError"), "broken"),
        ((*run(0), *run(1, raises="RuntimeError")), "held"),
        ((*added(0), *run(0, *called(0))), ""),
        (
            (
                RunBegan(0, 0),
                Expired(-1, 0, "the end of the run"),
                CANCELLED,
            ),
            "broken",
        ),
    ],
)
def test_an_empty_run_ends_without_error(events: tuple[Event, ...], words: str) -> None:
    assert said("RUN-3", plan(SYNC), *events) == words


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((*added(0, 1), *run(0, *called(0, 1))), "held held"),
        ((*added(0, 1), *run(0, *called(0))), "broken held"),
        ((*added(0, 1), *run(0, *called(0, 1), raises="RuntimeError")), "held broken"),
        (
            (*added(0), RunBegan(0, 0), *called(0), RunEnded(0, 0, Way.RETURNED, "list")),
            "broken",
        ),
    ],
)
def test_what_tasks_return_has_no_effect(events: tuple[Event, ...], words: str) -> None:
    assert said("RUN-4", plan(FALSE, SYNC), *events) == words


LATE = Added(1, 0, by=0)


def adds_late(late: Event) -> tuple[Event, ...]:
    """The first task adds the second."""
    return (Started(0, 0, Place.WORKER), late, Ended(0, 0))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (run(0, *adds_late(LATE), *called(1)), "this run"),
        ((*run(0, *adds_late(LATE)), *run(1, *called(1))), "next run"),
        ((*run(0, *adds_late(LATE), *called(1)), *run(1, *called(0, 1, again=1))), "this run"),
        (run(0, *adds_late(Refused(1, 0, "RuntimeError", False, by=0))), "refused"),
        ((*run(0, *adds_late(LATE)), *run(1, raises="RuntimeError")), "refused"),
        (run(0, *adds_late(LATE), raises="RuntimeError"), "refused"),
        ((*run(0, *adds_late(LATE)), *run(1)), "broken"),
        (run(0, *adds_late(LATE)), ""),
    ],
)
def test_an_add_while_running_has_one_answer(events: tuple[Event, ...], words: str) -> None:
    tasks = (Task(body=(Add(1),)), SYNC)
    late = Plan(tasks, (Add(0), Run(), Run()))
    assert said("RUN-5", late, *added(0), *events) == words


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (run(1, *called(0, 1, again=1)), "again"),
        (run(1), "nothing"),
        (run(1, raises="RuntimeError"), "refused"),
        (run(1, *called(0, again=1)), "broken"),
        (run(1, *called(0, 1, again=1), raises="RuntimeError"), "broken"),
        ((*added(2), *run(1, *called(2))), "nothing"),
        ((*added(2), *run(1, *called(0, 1, again=1), *called(2))), "again"),
        ((*added(2), *run(1, raises="RuntimeError")), ""),
        ((*run(1), *run(2, raises="RuntimeError")), "nothing refused"),
    ],
)
def test_a_second_run_has_one_answer(second: tuple[Event, ...], words: str) -> None:
    events = (*added(0, 1), *run(0, *called(0, 1)), *second)
    assert said("RUN-6", plan(SYNC, SYNC, SYNC, runs=2), *events) == words


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((*run(0), *added(0), *run(1, *called(0))), "held"),
        ((*run(0), *added(0), *run(1)), "broken"),
        ((*run(0), *added(0), *run(1, raises="RuntimeError")), ""),
        ((*run(0), Refused(0, 0, "RuntimeError", False)), "held"),
        ((*added(0), *run(0, *called(0))), ""),
    ],
)
def test_an_add_after_a_run_is_not_lost(events: tuple[Event, ...], words: str) -> None:
    assert said("RUN-7", plan(SYNC, runs=2), *events) == words


def meeting(*in_between: Event) -> tuple[Event, ...]:
    """Two containers run at once, and the first one's task waits for the other's."""
    return (
        *added(0),
        *added(1, container=1),
        RunBegan(0, 0),
        RunBegan(1, 1),
        Started(0, 0, Place.WORKER),
        *in_between,
        RETURNED,
        RunEnded(1, 1, Way.RETURNED),
    )


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (meeting(*called(1), Ended(0, 0)), "held held"),
        (
            meeting(Expired(0, 0, "the start of t1"), Ended(0, 0), *called(1)),
            "held held broken",
        ),
        (meeting(Ended(0, 0)), "held broken"),
        ((*added(0), *run(0, *called(0))), ""),
    ],
)
def test_two_containers_run_at_once(events: tuple[Event, ...], words: str) -> None:
    tasks = (Task(body=(Await(1),)), Task(body=(Await(0),)))
    both = Plan(tasks, (Add(0), Add(1, 1), Together((0, 1))))
    assert said("RUN-8", both, *events) == words


def within(*nested: Event, then: tuple[Event, ...] = ()) -> tuple[Event, ...]:
    """The first task awaits its own container."""
    return run(0, Started(0, 0, Place.LOOP), *nested, Ended(0, 0), *then)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (within(*run(1, *called(0, again=1), *called(1), by=0), then=called(1, again=1)), "again"),
        (within(*run(1, by=0), then=called(1)), "joined"),
        (within(*run(1, *called(1), by=0)), "joined"),
        (within(*run(1, raises="RuntimeError", by=0), then=called(1)), "refused"),
        (within(*run(1, by=0)), "broken"),
        (within(RunBegan(1, 0, 0), RunEnded(1, 0, Way.CANCELLED, by=0), then=called(1)), "broken"),
        (
            within(*run(1, *called(1), raises="RuntimeError", by=0), then=called(1, again=1)),
            "broken",
        ),
        (within(then=called(1)), ""),
    ],
)
def test_a_run_within_a_run_has_one_answer(events: tuple[Event, ...], words: str) -> None:
    body: tuple[Step, ...] = (Run(),)
    own = Task(Shape.ASYNC_FUNCTION, body=body)
    assert said("RUN-9", plan(own, SYNC), *added(0, 1), *events) == words


def test_a_run_within_a_run_that_hangs_is_a_deadlock() -> None:
    hung = (RunBegan(1, 0, 0), Expired(-1, 1, "the end of the run"))
    end = RunEnded(1, 0, Way.CANCELLED, error="CancelledError", by=0)
    own = Task(Shape.ASYNC_FUNCTION, body=(Run(),))
    assert said("RUN-9", plan(own), *added(0), *within(*hung, end)) == "broken"


@pytest.mark.parametrize(
    ("released", "words"),
    [
        (Released(0, -1, True), "held"),
        (Released(0, -1, False), "broken"),
    ],
)
def test_arguments_are_released_after_the_run(released: Event, words: str) -> None:
    weak = Task(args=(Value.WEAK,))
    events = (*added(0), *run(0, *called(0)), released)
    assert said("RUN-10", plan(weak), *events) == words


@pytest.mark.parametrize(("turned", "words"), [((Turned(1, 0),), "broken"), ((), "")])
def test_arguments_are_released_while_later_tasks_run(
    turned: tuple[Event, ...], words: str
) -> None:
    between = (Started(1, 0, Place.WORKER), *turned, Ended(1, 0))
    later = (Started(2, 0, Place.WORKER), Released(0, 2, False), Ended(2, 0))
    events = (*added(0, 1, 2), *run(0, *called(0), *between, *later))
    assert said("RUN-10", plan(Task(args=(Value.WEAK,)), SYNC, SYNC), *events) == words
