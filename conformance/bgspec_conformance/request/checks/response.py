"""Checks of the chapter RSP: the response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation
from bgspec_conformance.request import history as seen
from bgspec_conformance.request.checks.reading import Exchange, Reading, check, proof_of, row
from bgspec_conformance.request.plan import Failing, Own, Wrap

__all__ = [
    "after_an_http_exception",
    "after_another_exception",
    "all_that_for_every_response",
    "own_background_and_container",
    "response_does_not_depend",
    "same_behind_middleware",
    "starts_after_the_response",
    "websocket",
    "when_send_fails",
]


@check("RSP-1")
def starts_after_the_response(reading: Reading) -> Iterator[Judgement]:
    """No task starts before the last body message was sent; other replies are RSP-5's."""
    if not (reading.unusual or reading.plan.middleware):
        yield from _early(reading)


@check("RSP-2")
def response_does_not_depend(reading: Reading) -> Iterator[Judgement]:
    """The response is that of the same application where no task fails."""
    if not (reading.unusual or reading.plan.middleware):
        yield from _changed(reading)


@check("RSP-5")
def all_that_for_every_response(reading: Reading) -> Iterator[Judgement]:
    """RSP-1 and RSP-2, for the replies that they leave out."""
    if reading.unusual and not reading.plan.middleware:
        yield from _early(reading)
        yield from _changed(reading)


@check("RSP-10")
def same_behind_middleware(reading: Reading) -> Iterator[Judgement]:
    """RSP-1 and RSP-2, behind middleware."""
    if reading.plan.middleware:
        yield from _early(reading)
        yield from _changed(reading)


def _early(reading: Reading) -> Iterator[Judgement]:
    """Whether a task started before its response was out; of requests at once it is DEP-4's."""
    for exchange in reading.exchanges:
        if exchange.whole is None or reading.plan.together:
            continue
        _, sent = exchange.whole
        early = exchange.early
        if early is not None:
            yield Violation(
                f"{early.work} starts after the last body message was sent",
                f"{early.work} started before that send had returned",
                f"log.index({row(sent)}) < log.index({row(early)})",
            )
        elif exchange.of(seen.Started):
            yield HELD


def _changed(reading: Reading) -> Iterator[Judgement]:
    """Whether the response is another where a task fails."""
    for exchange in reading.exchanges:
        seen_response, due = exchange.first(seen.Answered), exchange.first(seen.Expected)
        if seen_response is None or due is None or not exchange.of(seen.Failed):
            continue
        differences = [
            f"{name} {getattr(seen_response, name)!r}"
            for name in ("status", "headers", "body")
            if getattr(seen_response, name) != getattr(due, name)
        ]
        if differences:
            yield Violation(
                f"the response is the same as where no task fails: status {due.status}",
                f"it had {differences[0]}",
                f"('answered', *{row(due)}[1:]) in log",
            )
        else:
            yield HELD


# What becomes of the tasks --------------------------------------------------------------------


def _fate(exchange: Exchange, situation: str = "") -> Iterator[Judgement]:
    """Whether what was added ran, or was dropped; what closing parts add too is left out."""
    late = {event.work for _, event in exchange.adds(closing=True)}
    added = Counter(event.work for _, event in exchange.adds() if event.work not in late)
    started = exchange.started()
    if not added:
        return
    works = {*added}
    ran = proof_of("started", exchange.number, works)
    if all(started[work] == count for work, count in added.items()):
        yield Answer("run", f"{ran} == {sorted(added.elements())}", situation)
    elif not any(started[work] for work in added):
        yield Answer("dropped", f"{ran} == []", situation)
    else:
        missing = sorted((added - started).elements())
        yield Violation(
            "all that was added runs once, or nothing",
            f"{', '.join(missing)} did not run, and others did"
            if missing
            else f"{min(work for work in added if started[work] > added[work])} ran too often",
            f"{ran} in ([], {sorted(added.elements())})",
        )


def _undisturbed(reading: Reading) -> bool:
    """Nothing else in the plan decides on what becomes of the tasks."""
    return (
        reading.harmless
        and not reading.plan.endpoint.websocket
        and reading.plan.endpoint.own is Own.NONE
        and not reading.plan.together
        and all(request.loses is None for request in reading.plan.requests)
    )


@check("RSP-6")
def after_an_http_exception(reading: Reading) -> Iterator[Judgement]:
    """What becomes of the tasks where a function raises the framework's own HTTP exception."""
    if _undisturbed(reading) and not reading.plan.middleware and reading.failing is not None:
        name, failing = reading.failing
        if failing is Failing.HTTP and name == "endpoint":
            for exchange in reading.exchanges:
                yield from _fate(exchange)


@check("RSP-7")
def after_another_exception(reading: Reading) -> Iterator[Judgement]:
    """What becomes of the tasks where something else is raised."""
    if not _undisturbed(reading):
        return
    situation = ""
    if reading.plan.middleware == (Wrap.FAILING,) and reading.failing is None:
        situation = "in a middleware after the endpoint"
    elif reading.failing is not None and not reading.plan.middleware:
        name, failing = reading.failing
        if failing is Failing.VALIDATION:
            situation = "in validation of the response"
        elif failing is Failing.ERROR:
            situation = "in the endpoint" if name == "endpoint" else "in a dependency"
    if situation:
        for exchange in reading.exchanges:
            yield from _fate(exchange, situation)


@check("RSP-8")
def own_background_and_container(reading: Reading) -> Iterator[Judgement]:
    """The response's own background and the container both run."""
    plan = reading.plan
    if plan.endpoint.own is Own.NONE or not reading.harmless or reading.failing is not None:
        return
    if Wrap.FAILING in plan.middleware or plan.together or any(r.loses for r in plan.requests):
        return
    for exchange in reading.exchanges:
        due = Counter([*exchange.own(), *(event.work for _, event in exchange.adds())])
        if not exchange.own() or not exchange.adds():
            continue
        started = exchange.started()
        missing, more = due - started, started - due
        if not missing and (not more or exchange.adds(closing=True)):
            yield HELD
            continue
        wrong = min(missing or more)
        which = "the response's own background" if wrong in exchange.own() else "the container"
        yield Violation(
            "the response's own background runs, and the container, each once",
            f"{wrong} of {which} {'did not run' if missing else 'ran too often'}",
            f"{proof_of('started', exchange.number, {*due})} == {sorted(due.elements())}",
        )


@check("RSP-13")
def websocket(reading: Reading) -> Iterator[Judgement]:
    """What becomes of the tasks of a websocket endpoint."""
    if reading.plan.endpoint.websocket and reading.harmless and reading.failing is None:
        for exchange in reading.exchanges:
            yield from _fate(exchange)


@check("RSP-14")
def when_send_fails(reading: Reading) -> Iterator[Judgement]:
    """What becomes of the tasks where ``send`` raises OSError."""
    if reading.harmless and not reading.plan.middleware and reading.failing is None:
        for exchange in reading.exchanges:
            if exchange.of(seen.Lost) and not reading.plan.together:
                yield from _fate(exchange)
