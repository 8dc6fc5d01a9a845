"""The checks of the chapter ERR, on histories written by hand."""

from __future__ import annotations

import pytest

from bgspec_conformance.history import (
    CancelRequested,
    Ended,
    Event,
    Expired,
    Logged,
    Place,
    Raised,
    RunBegan,
    RunEnded,
    Settled,
    Started,
    Surfaced,
    Way,
    Written,
)
from bgspec_conformance.plan import Add, Plan, Raise, Run, Task
from bgspec_conformance.vocabulary import Means, Problem, Shape
from tests.checks.hand import CANCELLED, RETURNED, SYNC, added, called, plan, said

FAILS = Task(Shape.FUNCTION, outcome=Raise(Problem.VALUE_ERROR))


def raising(problem: Problem, shape: Shape = Shape.FUNCTION) -> Task:
    """A task that raises that."""
    return Task(shape, outcome=Raise(problem))


def failed(task: int, call: int = 0) -> tuple[Event, ...]:
    """A task starts and raises."""
    return (Started(task, call, Place.WORKER), Raised(task, call))


def begun(count: int) -> tuple[Event, ...]:
    """So many tasks are added, and the run begins."""
    return (*added(*range(count)), RunBegan(0, 0))


def itself(task: int, kind: str = "ValueError", call: int = 0) -> Surfaced:
    """A task's exception, as the run raised it."""
    return Surfaced(task, True, (), (), True, kind, call)


def member(task: int, call: int = 0) -> Surfaced:
    """A task's exception in the run's group."""
    return Surfaced(task, True, ("member",), ("ExceptionGroup",), True, "ValueError", call)


def ended(way: Way, error: str = "", *surfaced: Surfaced) -> RunEnded:
    """The end of the run."""
    return RunEnded(0, 0, way, error=error, surfaced=surfaced)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ended(Way.RAISED, "ValueError", itself(0)), "held"),
        (ended(Way.RAISED, "ExceptionGroup", member(0)), "held"),
        (ended(Way.RAISED, "TypeError"), "broken"),
        (RETURNED, "broken"),
    ],
)
def test_a_failure_surfaces(end: RunEnded, words: str) -> None:
    assert said("ERR-1", plan(FAILS), *begun(1), *failed(0), end) == words


def test_several_failures_and_special_ones_are_not_the_first_clauses() -> None:
    two = (*begun(2), *failed(0), *failed(1), RETURNED)
    assert said("ERR-1", plan(FAILS, FAILS), *two) == ""
    one = (*begun(1), *failed(0), RETURNED)
    assert said("ERR-1", plan(raising(Problem.STOP_ITERATION)), *one) == ""
    assert said("ERR-1", plan(SYNC), *begun(1), *called(0), RETURNED) == ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (itself(0), "held"),
        (member(0), "held"),
        (Surfaced(0, False, (), (), True, "ValueError", -1), "broken"),
        (Surfaced(0, True, (), (), False, "ValueError"), "broken"),
        (Surfaced(0, True, ("cause",), ("RuntimeError",), True, "ValueError"), "broken"),
        (Surfaced(0, True, ("cause",), ("RuntimeError",), True, "StopIteration"), "held"),
        (Surfaced(0, True, ("context",), ("TaskError",), True, "ValueError"), "broken"),
        (Surfaced(0, True, ("context",), ("t1",), True, "ValueError"), "held"),
    ],
)
def test_what_surfaces_is_the_very_object(found: Surfaced, words: str) -> None:
    end = ended(Way.RAISED, "E", found)
    assert said("ERR-2", plan(FAILS), *begun(1), *failed(0), end) == words


def test_a_lost_failure_is_not_taken_for_a_changed_one() -> None:
    assert said("ERR-2", plan(FAILS), *begun(1), *failed(0), RETURNED) == ""


@pytest.mark.parametrize(
    ("again", "left", "words"),
    [
        ((), ("t0",), "held"),
        ((), ("t0", "t2"), "held"),
        ((), (), "broken"),
        ((), ("t2",), "broken"),
        (called(0, again=1), ("t0",), "broken"),
    ],
)
def test_what_ended_is_neither_undone_nor_repeated(
    again: tuple[Event, ...], left: tuple[str, ...], words: str
) -> None:
    events = (
        *begun(2),
        Started(0, 0, Place.LOOP),
        Written(0, 0),
        Ended(0, 0),
        *failed(1),
        *again,
        ended(Way.RAISED, "ValueError", itself(1)),
        Settled(left),
    )
    assert said("ERR-3", plan(SYNC, FAILS), *events) == words


def test_nothing_that_ended_is_nothing_to_undo() -> None:
    end = ended(Way.RAISED, "ValueError", itself(0))
    assert said("ERR-3", plan(FAILS, SYNC), *begun(2), *failed(0), end) == ""


@pytest.mark.parametrize(
    ("later", "words"),
    [((), "stop"), ((1, 2), "continue"), ((1,), "broken"), ((2,), "broken")],
)
def test_after_a_failure_all_are_called_or_none(later: tuple[int, ...], words: str) -> None:
    end = ended(Way.RAISED, "ValueError", itself(0))
    events = (*begun(3), *failed(0), *called(*later), end)
    assert said("ERR-4", plan(FAILS, SYNC, SYNC), *events) == words


@pytest.mark.parametrize("later", [(), (FAILS, raising(Problem.BASE)), (Task(Shape.GENERATOR),)])
def test_what_may_end_a_run_by_itself_does_not_answer(later: tuple[Task, ...]) -> None:
    events = (*begun(1 + len(later)), *failed(0), RETURNED)
    assert said("ERR-4", plan(FAILS, *later), *events) == ""


@pytest.mark.parametrize(
    ("surfaced", "words"),
    [
        ((member(0), member(1)), "held held"),
        ((member(1),), "broken held"),
        ((), "broken broken"),
    ],
)
def test_every_failure_surfaces(surfaced: tuple[Surfaced, ...], words: str) -> None:
    events = (*begun(2), *failed(0), *failed(1))
    end = ended(Way.RAISED, "ExceptionGroup", *surfaced)
    assert said("ERR-5", plan(FAILS, FAILS), *events, end) == words


def test_equal_adds_fail_each_for_itself() -> None:
    equal = Plan((FAILS,), (Add(0), Add(0), Run()))
    calls = (*failed(0), *failed(0, 1))
    events = (*added(0, 0), RunBegan(0, 0), *calls)
    both = ended(Way.RAISED, "ExceptionGroup", member(0), member(0, 1))
    assert said("ERR-5", equal, *events, both) == "held"
    one = ended(Way.RAISED, "ValueError", itself(0))
    assert said("ERR-5", equal, *events, one) == "broken"


@pytest.mark.parametrize(("told", "words"), [((Logged(0),), "held"), ((), "broken")])
def test_where_something_else_ends_the_run_a_log_will_do(
    told: tuple[Event, ...], words: str
) -> None:
    exits = raising(Problem.SYSTEM_EXIT)
    events = (*begun(2), *failed(0), *failed(1), *told)
    end = ended(Way.RAISED, "SystemExit", itself(1, "SystemExit"))
    assert said("ERR-5", plan(FAILS, exits), *events, end) == words
    request = CancelRequested(0, Means.SCOPE)
    cancelled = (*begun(1), *failed(0), request, *told, CANCELLED)
    assert said("ERR-5", plan(FAILS), *cancelled) == words


def test_a_run_that_stops_has_told_all() -> None:
    end = ended(Way.RAISED, "ValueError", itself(0))
    events = (*begun(2), *failed(0), end)
    assert said("ERR-5", plan(FAILS, FAILS), *events) == "held"
    assert said("ERR-5", plan(FAILS, SYNC), *events) == ""


@pytest.mark.parametrize(
    ("later", "end", "words"),
    [
        ((), ended(Way.RAISED, "SystemExit", itself(0, "SystemExit")), "held"),
        (called(1), ended(Way.RAISED, "SystemExit", itself(0, "SystemExit")), "held broken"),
        ((), ended(Way.RAISED, "BaseExceptionGroup", member(0)), "broken"),
        ((), ended(Way.RAISED, "SystemExit"), "broken"),
        ((), RETURNED, "broken"),
    ],
)
def test_an_exit_leaves_the_run_bare(later: tuple[Event, ...], end: RunEnded, words: str) -> None:
    events = (*begun(2), *failed(0), *later, end)
    assert said("ERR-6", plan(raising(Problem.SYSTEM_EXIT), SYNC), *events) == words
    assert said("ERR-6", plan(FAILS, SYNC), *events) == ""


def test_the_exceptions_of_generators_surface_and_nothing_hangs() -> None:
    stops = plan(raising(Problem.STOP_ITERATION))
    events = (*begun(1), *failed(0))
    found = Surfaced(0, True, ("cause",), ("RuntimeError",), True, "StopIteration")
    assert said("ERR-7", stops, *events, ended(Way.RAISED, "RuntimeError", found)) == "held"
    assert said("ERR-7", stops, *events, RETURNED) == "broken"
    hung = (*events, Expired(-1, 0, "the end of the run"), CANCELLED)
    assert said("ERR-7", stops, *hung) == "broken"
    assert said("ERR-7", plan(FAILS), *events, RETURNED) == ""


@pytest.mark.parametrize(
    ("calls", "way", "held", "words"),
    [
        (called(1), Way.RETURNED, 0, "held held"),
        (called(1), Way.RAISED, 0, "broken held"),
        ((), Way.RETURNED, 0, "held broken"),
        (called(1), Way.RETURNED, 1, "held held broken"),
    ],
)
def test_another_container_serves_as_before(
    calls: tuple[Event, ...], way: Way, held: int, words: str
) -> None:
    two = Plan((FAILS, Task()), (Add(0), Add(1, 1), Run(0), Run(1)))
    events = (
        *added(0),
        *added(1, container=1),
        RunBegan(0, 0),
        *failed(0),
        ended(Way.RAISED, "ValueError", itself(0)),
        RunBegan(1, 1),
        *calls,
        RunEnded(1, 1, way),
        Settled((), held),
    )
    assert said("ERR-8", two, *events) == words


def test_without_a_failure_there_is_no_harm() -> None:
    two = Plan((SYNC, SYNC), (Add(0), Add(1, 1), Run(0), Run(1)))
    runs = (RunBegan(0, 0), *called(0), RETURNED, RunBegan(1, 1), RunEnded(1, 1, Way.RAISED))
    assert said("ERR-8", two, *added(0), *added(1, container=1), *runs, Settled((), 1)) == ""


@pytest.mark.parametrize(
    ("later", "end", "words"),
    [
        ((), ended(Way.CANCELLED, "CancelledError", itself(0, "CancelledError")), "surfaces"),
        ((), CANCELLED, "counts as cancellation"),
        (called(1), CANCELLED, "broken"),
        ((), RETURNED, "broken"),
    ],
)
def test_a_cancellation_error_of_its_own_is_told(
    later: tuple[Event, ...], end: RunEnded, words: str
) -> None:
    own = raising(Problem.CANCELLED, Shape.ASYNC_FUNCTION)
    events = (*begun(2), *failed(0), *later, end)
    assert said("ERR-9", plan(own, SYNC), *events) == words
    assert said("ERR-9", plan(FAILS, SYNC), *events) == ""
