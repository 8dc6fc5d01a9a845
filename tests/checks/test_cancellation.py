"""The checks of the chapter CAN, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    Added,
    Cancelled,
    CancelRequested,
    Ended,
    Event,
    Expired,
    Pending,
    Place,
    RunBegan,
    RunEnded,
    Started,
    Way,
)
from bgspec_conformance.plan import Add, Cancel, Plan, Run, Task
from bgspec_conformance.vocabulary import Means, Shape
from tests.checks.hand import ASYNC, CANCELLED, RETURNED, added, plan, said

REQUEST = CancelRequested(0, Means.SCOPE)
ON_LOOP = plan(Task(Shape.ASYNC_FUNCTION, body=(Cancel(),)), ASYNC)
SHIELDED = plan(Task(Shape.ASYNC_FUNCTION, body=(Cancel(shielded=True),)), ASYNC)


def events(*after: Event, tasks: int = 2) -> tuple[Event, ...]:
    """Two tasks are added, and the run is cancelled while the first is in progress."""
    return (*added(*range(tasks)), RunBegan(0, 0), Started(0, 0, Place.LOOP), REQUEST, *after)


def test_a_cancellation_reaches_the_task() -> None:
    assert said("CAN-1", ON_LOOP, *events(Cancelled(0, 0), CANCELLED)) == "held"
    waited = Expired(0, 0, "the cancellation")
    assert said("CAN-1", ON_LOOP, *events(waited, Ended(0, 0), RETURNED)) == "broken"
    assert said("CAN-1", SHIELDED, *events(Ended(0, 0), CANCELLED)) == ""


def test_nothing_starts_after_it_has_left_a_task() -> None:
    later = (Started(1, 0, Place.LOOP), Ended(1, 0))
    assert said("CAN-2", ON_LOOP, *events(Cancelled(0, 0), CANCELLED)) == "held"
    assert said("CAN-2", ON_LOOP, *events(Cancelled(0, 0), *later, CANCELLED)) == "broken"
    assert said("CAN-2", ON_LOOP, *events(Ended(0, 0), *later, CANCELLED)) == ""


@pytest.mark.parametrize(
    ("end", "words"),
    [(CANCELLED, "held"), (RETURNED, "broken"), (RunEnded(0, 0, Way.RAISED, error="E"), "broken")],
)
def test_it_leaves_the_run(end: RunEnded, words: str) -> None:
    assert said("CAN-3", ON_LOOP, *events(Cancelled(0, 0), end)) == words
    assert said("CAN-3", ON_LOOP, *events(Ended(0, 0), end)) == ""


@pytest.mark.parametrize(("means", "clause"), [(Means.SCOPE, "CAN-4"), (Means.TASK, "CAN-7")])
def test_a_thread_is_waited_for_or_left_behind(means: Means, clause: str) -> None:
    sync = plan(Task(Shape.FUNCTION, body=(Cancel(means),)))
    begun = (
        Added(0, 0),
        RunBegan(0, 0),
        Started(0, 0, Place.WORKER),
        CancelRequested(0, means),
    )
    assert said(clause, sync, *begun, Ended(0, 0), RETURNED) == "waited for"
    assert said(clause, sync, *begun, CANCELLED, Ended(0, 0)) == "left behind"
    assert (
        said("CAN-7" if clause == "CAN-4" else "CAN-4", sync, *begun, Ended(0, 0), RETURNED) == ""
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [((1, 2, 2), "held"), ((1, 2), "broken"), ((2, 1, 2), "broken"), ((0, 1, 2, 2), "broken")],
)
def test_what_never_started_is_told(told: tuple[int, ...], words: str) -> None:
    script = (Add(0), Add(1), Add(2), Add(2), Run())
    waiting = Plan((ON_LOOP.tasks[0], ASYNC, ASYNC), script)
    history = (Added(2, 0), *events(Cancelled(0, 0), CANCELLED), Pending(0, told))
    ordered = (*history[1:3], history[0], history[0], *history[3:])
    assert said("CAN-5", waiting, *ordered) == words
    assert said("CAN-5", waiting, *ordered[:-1]) == ""


def test_nothing_starts_once_the_run_is_cancelled() -> None:
    later = (Started(1, 0, Place.LOOP), Ended(1, 0))
    assert said("CAN-6", SHIELDED, *events(Ended(0, 0), CANCELLED)) == "held"
    assert said("CAN-6", SHIELDED, *events(Ended(0, 0), *later, RETURNED)) == "broken"
    assert said("CAN-6", ON_LOOP, *events(Cancelled(0, 0), *later, CANCELLED)) == ""
    before = Plan((ASYNC,), (Add(0), Run(cancelled=Means.SCOPE)))
    begun = (Added(0, 0), RunBegan(0, 0), REQUEST)
    assert said("CAN-6", before, *begun, CANCELLED) == "held"
    started = (Started(0, 0, Place.LOOP), Ended(0, 0))
    assert said("CAN-6", before, *begun, *started, RETURNED) == "broken"
