"""The check of RSP-9, by hand: no server lets an application see that its client has left."""

from __future__ import annotations

from bgspec_conformance.checks.judgement import Answer
from bgspec_conformance.request import history as seen
from bgspec_conformance.request.checks import CHECKS, Reading
from bgspec_conformance.request.plan import (
    Application,
    Endpoint,
    Leaving,
    Request,
    Server,
    Work,
)

PLAN = Application(
    (Work(asynchronous=True, waits=True),),
    endpoint=Endpoint(adds=(0,)),
    requests=(Request(leaves=Leaving.AFTER),),
    server=Server.HYPERCORN,
)
BEFORE: tuple[seen.Event, ...] = (
    seen.Added(0, "t0", "endpoint", 0),
    seen.Started(0, "t0"),
    seen.Received(0, 200),
)
LEFT = seen.Left(0)


def answers(*events: seen.Event) -> list[str]:
    """What the check says of a history that begins as every one does."""
    reading = Reading(PLAN, seen.History("asyncio", (*BEFORE, *events)))
    judgements = list(CHECKS["RSP-9"](reading))
    assert all(isinstance(judgement, Answer) for judgement in judgements)
    return [judgement.answer for judgement in judgements if isinstance(judgement, Answer)]


def test_a_task_that_ends_after_the_client_has_left_has_finished() -> None:
    assert answers(LEFT, seen.Ended(0, "t0")) == ["they finish"]


def test_a_task_that_fails_after_the_client_has_left_was_cancelled() -> None:
    assert answers(LEFT, seen.Failed(0, "t0", "CancelledError")) == ["they are cancelled"]


def test_a_task_that_ended_before_says_nothing() -> None:
    assert answers(seen.Ended(0, "t0"), LEFT) == []


def test_nothing_is_said_of_a_request_whose_wait_was_given_up() -> None:
    assert answers(seen.Expired(0), LEFT, seen.Ended(0, "t0")) == []
