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
    Started,
    Written,
)
from bgspec_conformance.plan import Add, Plan, Raise, Run, Task, Write
from bgspec_conformance.vocabulary import Value
from tests.checks.hand import RETURNED, SYNC, added, called, plan, run, said

WRITER = Task(args=(Value.SHARED,), body=(Write(),))


def one_run(*adds: int, calls: tuple[Event, ...], late: tuple[int, ...] = ()) -> tuple[Event, ...]:
    """These tasks are added, and others while the container runs; this happens in its run."""
    return (
        *added(*adds),
        RunBegan(0, 0),
        *(Added(task, 0, by=0) for task in late),
        *calls,
        RETURNED,
    )


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
    these = Plan((SYNC,) * 3, (*map(Add, adds), Run()))
    assert said("ORD-1", these, *one_run(*adds, calls=called(*calls))) == words


@pytest.mark.parametrize(("calls", "words"), [((0, 1, 2), "held"), ((0, 2, 1), "broken")])
def test_what_a_task_adds_comes_after_what_was_added_before(
    calls: tuple[int, ...], words: str
) -> None:
    late = Plan((Task(body=(Add(2),)), SYNC, SYNC), (Add(0), Add(1), Run()))
    assert said("ORD-1", late, *one_run(0, 1, late=(2,), calls=called(*calls))) == words


@pytest.mark.parametrize(
    ("second", "words"),
    [((), "held"), ((0, 1), "held held"), ((1, 0), "held broken")],
)
def test_a_second_run_keeps_the_order_as_well(second: tuple[int, ...], words: str) -> None:
    events = (*one_run(0, 1, calls=called(0, 1)), *run(1, *called(*second, again=1)))
    assert said("ORD-1", plan(SYNC, SYNC, runs=2), *events) == words


BOTH = (Started(0, 0, Place.LOOP), Started(1, 0, Place.WORKER))


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        (called(0, 1), "held"),
        (called(0, 1, 2), "held held"),
        ((*BOTH, Ended(0, 0), Ended(1, 0)), "broken"),
        ((*BOTH, Ended(1, 0), Ended(0, 0)), "broken"),
        ((*BOTH, Raised(0, 0), Ended(1, 0)), "broken"),
        ((*BOTH, Ended(1, 0)), ""),
        (called(0), ""),
    ],
)
def test_a_task_starts_after_the_one_before_it_has_ended(
    calls: tuple[Event, ...], words: str
) -> None:
    three = plan(Task(outcome=Raise()), SYNC, SYNC)
    assert said("ORD-2", three, *one_run(0, 1, 2, calls=calls)) == words


def test_equal_adds_do_not_overlap_either() -> None:
    calls = (
        *called(0),
        Started(0, 1, Place.LOOP),
        Started(0, 2, Place.LOOP),
        Ended(0, 1),
        Ended(0, 2),
    )
    equal = Plan((SYNC,), (Add(0), Add(0), Add(0), Run()))
    assert said("ORD-2", equal, *one_run(0, 0, 0, calls=calls)) == "held broken"


@pytest.mark.parametrize(
    ("reads", "words"), [(("t0",), "held"), ((), "broken"), (("t1",), "broken")]
)
def test_a_task_reads_what_the_one_before_it_wrote(reads: tuple[str, ...], words: str) -> None:
    first = (Started(0, 0, Place.WORKER), Written(0, 0), Ended(0, 0))
    second = (Started(1, 0, Place.LOOP, shared=reads), Written(1, 0), Ended(1, 0))
    assert said("ORD-3", plan(WRITER, WRITER), *one_run(0, 1, calls=(*first, *second))) == words


def test_what_is_written_at_the_same_time_need_not_be_read() -> None:
    calls = (
        Started(0, 0, Place.WORKER),
        Written(0, 0),
        Started(1, 0, Place.LOOP),
        Ended(0, 0),
        Ended(1, 0),
    )
    assert said("ORD-3", plan(WRITER, WRITER), *one_run(0, 1, calls=calls)) == ""
