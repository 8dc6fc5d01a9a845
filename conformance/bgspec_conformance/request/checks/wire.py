"""Checks of the chapter RSP that take a real server."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation
from bgspec_conformance.request import history as seen
from bgspec_conformance.request.checks.reading import Exchange, Reading, check, row
from bgspec_conformance.request.plan import Leaving

__all__ = [
    "client_has_the_response",
    "connection_is_not_held_up",
    "stopping_waits",
    "when_the_client_leaves_after",
    "when_the_client_leaves_amid",
]


def _overtaken(reading: Reading, received: Exchange, at_work: Exchange) -> Iterator[Judgement]:
    """Whether a response was received while another request's works were still at work."""
    over: list[tuple[int, seen.Ended | seen.Failed]] = [*at_work.of(seen.Ended)]
    over += at_work.of(seen.Failed)
    ends = [(at, end) for at, end in over if _waits(reading, end.work)]
    whole = next(((at, e) for at, e in received.of(seen.Received) if e.status), None)
    if not ends:
        return
    first_at, first = min(ends, key=lambda placed: placed[0])
    if whole is not None and whole[0] < first_at:
        yield HELD
        return
    status = whole[1].status if whole else 200
    due = seen.Received(received.number, status)
    yield Violation(
        f"the client has response {received.number} while {first.work} of request "
        f"{at_work.number} is at work",
        "it had none until that was over" if whole else "it had none",
        f"log.index({row(due)}) < log.index({row(first)})",
    )


def _waits(reading: Reading, work: str) -> bool:
    return reading.plan.works[int(work[1:])].waits


def _stays(reading: Reading) -> bool:
    """The client and the server both stay until all is over."""
    plan = reading.plan
    return not plan.stopped and all(request.leaves is Leaving.NOT for request in plan.requests)


@check("RSP-3")
def client_has_the_response(reading: Reading) -> Iterator[Judgement]:
    """Over a real server, the client has the whole response while a task still runs."""
    if _stays(reading) and len(reading.exchanges) == 1:
        yield from _overtaken(reading, reading.exchanges[0], reading.exchanges[0])


@check("RSP-4")
def connection_is_not_held_up(reading: Reading) -> Iterator[Judgement]:
    """The next request on that connection is not held up."""
    if _stays(reading) and not reading.plan.together and len(reading.exchanges) > 1:
        yield from _overtaken(reading, reading.exchanges[1], reading.exchanges[0])


@check("RSP-9")
def when_the_client_leaves_after(reading: Reading) -> Iterator[Judgement]:
    """What becomes of the tasks that run when the client leaves."""
    for exchange in reading.exchanges:
        left = exchange.of(seen.Left)
        if not left or exchange.first(seen.Received) is None or exchange.expired:
            continue
        ends = [end for at, end in exchange.of(seen.Ended) if at > left[0][0]]
        failed = [end for at, end in exchange.of(seen.Failed) if at > left[0][0]]
        if failed:
            yield Answer("they are cancelled", f"{row(failed[0])} in log")
        elif ends:
            started = exchange.started()
            finished = " and ".join(f"{row(end)} in log" for end in ends)
            if len(ends) == started.total():
                yield Answer("they finish", finished)


@check("RSP-11")
def stopping_waits(reading: Reading) -> Iterator[Judgement]:
    """On SIGTERM, what is accepted ends before the server has stopped."""
    if not reading.plan.stopped:
        return
    for exchange in reading.exchanges:
        stopped = next((at for at, _ in reading.of(seen.Stopped)), len(reading.history.events))
        added = [event.work for _, event in exchange.adds()]
        over = [event.work for at, event in exchange.of(seen.Ended) if at < stopped]
        lost = sorted({*added} - {*over})
        if not added:
            continue
        if not lost:
            yield HELD
        else:
            ended = seen.Ended(exchange.number, lost[0])
            yield Violation(
                f"{lost[0]} ends before the server has stopped",
                "it did not",
                f"{row(ended)} in log[:[e[0] for e in log].index('stopped')]",
            )


@check("RSP-12")
def when_the_client_leaves_amid(reading: Reading) -> Iterator[Judgement]:
    """What becomes of the tasks where the client leaves while the body is streamed."""
    for exchange in reading.exchanges:
        if not exchange.of(seen.Left) or exchange.first(seen.Received) or exchange.expired:
            continue
        added = sorted(event.work for _, event in exchange.adds())
        started = sorted(event.work for _, event in exchange.of(seen.Started))
        if not added:
            continue
        ran = f"sorted(e[2] for e in log if e[:2] == ('started', {exchange.number}))"
        if started == added:
            yield Answer("run", f"{ran} == {added}")
        elif not started:
            yield Answer("dropped", f"{ran} == []")
        else:
            yield Violation(
                "all that was added runs, or nothing",
                f"{', '.join(started) or 'nothing'} ran, of {', '.join(added)}",
                f"{ran} in ([], {added})",
            )
