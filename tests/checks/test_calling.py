"""The checks of the chapter CALL, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    Added,
    CalledBack,
    Cancelled,
    CancelRequested,
    Ended,
    Event,
    Expired,
    Place,
    Raised,
    Refused,
    Resumed,
    RunBegan,
    RunEnded,
    Started,
    Suspended,
    Turned,
    Way,
)
from bgspec_conformance.plan import CallBack, Linger, Raise, Suspend, Task
from bgspec_conformance.vocabulary import Means, Problem, Shape
from tests.checks.hand import CANCELLED, RETURNED, plan, said

TYPE_ERROR = RunEnded(0, 0, Way.RAISED, error="TypeError", type_error=True)


def run_of(task: int = 0, *events: Event, end: RunEnded = RETURNED) -> tuple[Event, ...]:
    """The task is added and run."""
    return (Added(task, 0), RunBegan(0, 0), *events, end)


def call(place: Place, *events: Event) -> tuple[Event, ...]:
    """The task is called there, and ends."""
    return (Started(0, 0, place), *events, Ended(0, 0))


@pytest.mark.parametrize(
    ("shape", "place", "word"),
    [
        (Shape.FUNCTION, Place.WORKER, "held"),
        (Shape.FUNCTION, Place.LOOP, "broken"),
        (Shape.PARTIAL, Place.LOOP, "broken"),
        (Shape.ASYNC_FUNCTION, Place.LOOP, ""),
    ],
)
def test_a_sync_task_runs_off_the_loop(shape: Shape, place: Place, word: str) -> None:
    assert said("CALL-1", plan(Task(shape)), *run_of(0, *call(place))) == word


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (Turned(0, 0), "held"),
        (Expired(0, 0, "a turn of the loop"), "broken"),
        (Expired(0, 0, "the start of t1"), ""),
    ],
)
def test_the_loop_turns_meanwhile(event: Event, word: str) -> None:
    lingers = plan(Task(body=(Linger(),)))
    assert said("CALL-2", lingers, *run_of(0, *call(Place.WORKER, event))) == word


@pytest.mark.parametrize(
    ("shape", "place", "then", "word"),
    [
        (Shape.ASYNC_FUNCTION, Place.LOOP, Place.LOOP, "held"),
        (Shape.ASYNC_FUNCTION, Place.OTHER_LOOP, Place.OTHER_LOOP, "broken"),
        (Shape.ASYNC_FUNCTION, Place.WORKER, Place.WORKER, "broken"),
        (Shape.ASYNC_FUNCTION, Place.LOOP, Place.OTHER_LOOP, "broken"),
        (Shape.FUNCTION, Place.WORKER, Place.WORKER, ""),
    ],
)
def test_an_async_task_stays_on_the_loop(
    shape: Shape, place: Place, then: Place, word: str
) -> None:
    steps = (Suspended(0, 0), Resumed(0, 0, then))
    assert said("CALL-3", plan(Task(shape)), *run_of(0, *call(place, *steps))) == word


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ((Suspended(0, 0), Resumed(0, 0), Ended(0, 0)), "held"),
        ((Suspended(0, 0), Resumed(0, 0), Raised(0, 0)), "held"),
        ((Suspended(0, 0),), "broken"),
        ((Suspended(0, 0), Cancelled(0, 0)), "broken"),
        ((Suspended(0, 0), CancelRequested(0, Means.SCOPE), Cancelled(0, 0)), ""),
        ((Suspended(0, 0), CancelRequested(0, Means.SCOPE)), ""),
        ((Ended(0, 0),), ""),
    ],
)
def test_an_async_task_is_awaited_to_its_end(events: tuple[Event, ...], word: str) -> None:
    slow = plan(Task(Shape.ASYNC_FUNCTION, body=(Suspend(),)))
    assert said("CALL-4", slow, *run_of(0, Started(0, 0, Place.LOOP), *events)) == word


def test_a_task_that_goes_down_with_the_run_is_nobodys_fault() -> None:
    slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(),))
    ends = Task(Shape.ASYNC_FUNCTION, outcome=Raise(Problem.KEYBOARD_INTERRUPT))
    events = run_of(0, Started(0, 0, Place.LOOP), Suspended(0, 0))
    assert said("CALL-4", plan(slow, ends), *events) == ""


def test_a_task_that_another_took_along_is_nobodys_fault() -> None:
    slow = Task(Shape.ASYNC_FUNCTION, body=(Suspend(),))
    beside = (Started(1, 0, Place.LOOP), Raised(1, 0), Cancelled(0, 0))
    events = (Added(1, 0), *run_of(0, Started(0, 0, Place.LOOP), Suspended(0, 0), *beside))
    assert said("CALL-4", plan(slow, slow), *events) == ""


@pytest.mark.parametrize("clause", ["CALL-5", "CALL-6"])
@pytest.mark.parametrize(
    ("events", "word"),
    [
        (run_of(0, *call(Place.LOOP)), "held"),
        (run_of(), "broken"),
        (run_of(end=TYPE_ERROR), "broken"),
        (run_of(0, CancelRequested(0, Means.SCOPE), end=CANCELLED), ""),
        ((Refused(0, 0, "TypeError", True), RunBegan(0, 0), RETURNED), "broken"),
        ((Refused(0, 0, "RuntimeError", False, by=1), RunBegan(0, 0), RETURNED), ""),
    ],
)
def test_what_is_async_is_awaited(clause: str, events: tuple[Event, ...], word: str) -> None:
    shape = {"CALL-5": Shape.ASYNC_INSTANCE, "CALL-6": Shape.SYNC_DECORATOR}[clause]
    assert said(clause, plan(Task(shape)), *events) == word


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (call(Place.OTHER_LOOP), "held broken"),
        ((Started(0, 0, Place.LOOP), Suspended(0, 0)), "held broken"),
        (call(Place.LOOP, Suspended(0, 0), Resumed(0, 0)), "held held"),
    ],
)
def test_any_awaitable_is_awaited_on_the_loop_to_its_end(
    events: tuple[Event, ...], words: str
) -> None:
    assert said("CALL-6", plan(Task(Shape.LRU_CACHE)), *run_of(0, *events)) == words


@pytest.mark.parametrize(
    ("events", "word"),
    [
        ((Refused(0, 0, "TypeError", True),), "held"),
        ((Refused(0, 0, "ValueError", False),), "broken"),
        (run_of(end=TYPE_ERROR), "held"),
        (run_of(end=RunEnded(0, 0, Way.RAISED, error="ValueError")), "broken"),
        (run_of(), "broken"),
        (run_of(0, *call(Place.WORKER)), "broken"),
        (run_of(end=CANCELLED), ""),
    ],
)
def test_a_generator_function_is_refused(events: tuple[Event, ...], word: str) -> None:
    assert said("CALL-7", plan(Task(Shape.GENERATOR)), *events) == word


def test_a_run_that_may_have_stopped_before_says_nothing_of_a_generator_function() -> None:
    failing = Task(outcome=Raise())
    ended = RunEnded(0, 0, Way.RAISED, error="ValueError")
    events = (Added(0, 0), *run_of(1, Started(0, 0, Place.WORKER), Raised(0, 0), end=ended))
    assert said("CALL-7", plan(failing, Task(Shape.GENERATOR)), *events) == ""


@pytest.mark.parametrize(
    ("place", "error", "answer"),
    [
        (Place.WORKER, "", "yes"),
        (Place.WORKER, "NoEventLoopError", "no"),
        (Place.LOOP, "RuntimeError", ""),
    ],
)
def test_whether_a_sync_task_can_call_back(place: Place, error: str, answer: str) -> None:
    calls = plan(Task(body=(CallBack(),)))
    assert said("CALL-8", calls, *run_of(0, *call(place, CalledBack(0, 0, error)))) == answer
