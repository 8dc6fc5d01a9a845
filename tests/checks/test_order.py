"""The checks of the chapter ORD, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    Added,
    Ended,
    Event,
    Place,
    Raised,
    RunBegan,
    RunEnded,
    Started,
    Way,
    Written,
)
from bgspec_conformance.plan import Add, Plan, Raise, Run, Task, Value, Write
from tests.checks.hand import said

SYNC = Task()


def one_run(*adds: int, calls: tuple[Event, ...], late: tuple[int, ...] = ()) -> tuple[Event, ...]:
    """These tasks are added, and others while the container runs; this happens in its run."""
    return (
        *(Added(task, 0) for task in adds),
        RunBegan(0, 0),
        *(Added(task, 0, by=0) for task in late),
        *calls,
        RunEnded(0, 0, Way.RETURNED),
    )


def starts(*tasks: int) -> tuple[Event, ...]:
    """These tasks start and end, one after the other."""
    seen: dict[int, int] = {}
    events: list[Event] = []
    for task in tasks:
        seen[task] = seen.get(task, -1) + 1
        events += Started(task, seen[task], Place.WORKER), Ended(task, seen[task])
    return tuple(events)


@pytest.mark.parametrize(
    ("adds", "calls", "words"),
    [
        ((0, 1, 2), (0, 1, 2), "held"),
        ((0, 1, 2), (0, 2, 1), "broken"),
        ((0, 1, 2), (0, 2), "held"),
        ((0, 1, 2), (2, 0), "broken"),
        ((0, 1, 0, 1), (0, 1, 0, 1), "held"),
        ((0, 1, 0, 1), (0, 0, 1, 1), "broken"),
        ((0, 1, 0), (1, 0), "held"),
        ((0, 1), (1, 0, 0), ""),
        ((0,), (0,), ""),
        ((0, 0), (0, 0), ""),
    ],
)
def test_tasks_start_in_the_order_of_their_adds(
    adds: tuple[int, ...], calls: tuple[int, ...], words: str
) -> None:
    plan = Plan((SYNC,) * 3, (*map(Add, adds), Run()))
    assert said("ORD-1", plan, *one_run(*adds, calls=starts(*calls))) == words


@pytest.mark.parametrize(("calls", "words"), [((0, 1, 2), "held"), ((0, 2, 1), "broken")])
def test_what_a_task_adds_comes_after_what_was_added_before(
    calls: tuple[int, ...], words: str
) -> None:
    plan = Plan((Task(body=(Add(2),)), SYNC, SYNC), (Add(0), Add(1), Run()))
    assert said("ORD-1", plan, *one_run(0, 1, late=(2,), calls=starts(*calls))) == words


@pytest.mark.parametrize(
    ("second", "words"),
    [((), "held"), ((0, 1), "held held"), ((1, 0), "held broken")],
)
def test_a_second_run_keeps_the_order_as_well(second: tuple[int, ...], words: str) -> None:
    plan = Plan((SYNC, SYNC), (Add(0), Add(1), Run(), Run()))
    again = [event for task in second for event in (Started(task, 1, Place.WORKER), Ended(task, 1))]
    events = (
        *one_run(0, 1, calls=starts(0, 1)),
        RunBegan(1, 0),
        *again,
        RunEnded(1, 0, Way.RETURNED),
    )
    assert said("ORD-1", plan, *events) == words


BOTH = (Started(0, 0, Place.LOOP), Started(1, 0, Place.WORKER))


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        (starts(0, 1), "held"),
        (starts(0, 1, 2), "held held"),
        ((*BOTH, Ended(0, 0), Ended(1, 0)), "broken"),
        ((*BOTH, Ended(1, 0), Ended(0, 0)), "broken"),
        ((*BOTH, Raised(0, 0), Ended(1, 0)), "broken"),
        ((*BOTH, Ended(1, 0)), ""),
        (starts(0), ""),
    ],
)
def test_a_task_starts_after_the_one_before_it_has_ended(
    calls: tuple[Event, ...], words: str
) -> None:
    plan = Plan((Task(outcome=Raise()), SYNC, SYNC), (Add(0), Add(1), Add(2), Run()))
    assert said("ORD-2", plan, *one_run(0, 1, 2, calls=calls)) == words


def test_equal_adds_do_not_overlap_either() -> None:
    calls = (
        *starts(0),
        Started(0, 1, Place.LOOP),
        Started(0, 2, Place.LOOP),
        Ended(0, 1),
        Ended(0, 2),
    )
    plan = Plan((SYNC,), (Add(0), Add(0), Add(0), Run()))
    assert said("ORD-2", plan, *one_run(0, 0, 0, calls=calls)) == "held broken"


@pytest.mark.parametrize(
    ("reads", "words"), [(("t0",), "held"), ((), "broken"), (("t1",), "broken")]
)
def test_a_task_reads_what_the_one_before_it_wrote(reads: tuple[str, ...], words: str) -> None:
    writer = Task(args=(Value.SHARED,), body=(Write(),))
    plan = Plan((writer, writer), (Add(0), Add(1), Run()))
    first = (Started(0, 0, Place.WORKER), Written(0, 0), Ended(0, 0))
    second = (Started(1, 0, Place.LOOP, shared=reads), Written(1, 0), Ended(1, 0))
    assert said("ORD-3", plan, *one_run(0, 1, calls=(*first, *second))) == words


def test_what_is_written_at_the_same_time_need_not_be_read() -> None:
    writer = Task(args=(Value.SHARED,), body=(Write(),))
    plan = Plan((writer, writer), (Add(0), Add(1), Run()))
    calls = (
        Started(0, 0, Place.WORKER),
        Written(0, 0),
        Started(1, 0, Place.LOOP),
        Ended(0, 0),
        Ended(1, 0),
    )
    assert said("ORD-3", plan, *one_run(0, 1, calls=calls)) == ""
