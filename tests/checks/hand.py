"""What the tests of the checks share: plans, parts of a history, and what a check says of them."""

from __future__ import annotations

from bgspec_conformance.checks import CHECKS, HELD, Answer, Reading, Violation
from bgspec_conformance.history import (
    Added,
    Ended,
    Event,
    History,
    Place,
    RunBegan,
    RunEnded,
    Started,
    Way,
)
from bgspec_conformance.plan import Add, Plan, Run, Task
from bgspec_conformance.transcript import transcript
from bgspec_conformance.vocabulary import Shape

__all__ = ["ASYNC", "CANCELLED", "RETURNED", "SYNC", "added", "called", "plan", "run", "said"]

SYNC = Task(Shape.FUNCTION)
ASYNC = Task(Shape.ASYNC_FUNCTION)
RETURNED = RunEnded(0, 0, Way.RETURNED)
CANCELLED = RunEnded(0, 0, Way.CANCELLED, error="CancelledError")


def plan(*tasks: Task, runs: int = 1) -> Plan:
    """The tasks are added to one container, each once, and it is run so often."""
    return Plan(tasks, (*(Add(index) for index in range(len(tasks))), *[Run()] * runs))


def added(*tasks: int, container: int = 0) -> tuple[Event, ...]:
    """These tasks are added by the script."""
    return tuple(Added(task, container) for task in tasks)


def called(*tasks: int, again: int = 0) -> tuple[Event, ...]:
    """These tasks start and end, one after the other, after so many calls of each before."""
    calls = dict.fromkeys(tasks, again)
    events: list[Event] = []
    for task in tasks:
        events += Started(task, calls[task], Place.WORKER), Ended(task, calls[task])
        calls[task] += 1
    return tuple(events)


def run(
    number: int, *events: Event, container: int = 0, raises: str = "", by: int = -1
) -> tuple[Event, ...]:
    """A run with what happens in it, and the type of the error that it raises, if any."""
    way = Way.RAISED if raises else Way.RETURNED
    refused = raises == "TypeError"
    end = RunEnded(number, container, way, error=raises, by=by, type_error=refused)
    return (RunBegan(number, container, by), *events, end)


def said(clause: str, plan: Plan, *events: Event) -> str:
    """What the clause's check says, in words, with each proof held against the transcript.

    Args:
        clause: its id.
        plan: what was to be done.
        events: what happened.

    Returns:
        ``"held"``, ``"broken"`` or the answer for each judgement, with a space between.
    """
    history = History("asyncio", events)
    words: list[str] = []
    for judgement in CHECKS[clause](Reading(plan, history)):
        match judgement:
            case Violation(proof=proof):
                assert not _true(proof, history), proof
                words.append("broken")
            case Answer(answer=answer, proof=proof):
                assert _true(proof, history), proof
                words.append(answer)
            case _:
                assert judgement is HELD
                words.append("held")
    return " ".join(words)


def _true(proof: str, history: History) -> bool:
    return bool(eval(proof, {"log": transcript(history)}))  # noqa: S307  our own
