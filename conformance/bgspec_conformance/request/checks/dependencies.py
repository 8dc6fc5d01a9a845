"""Checks of the chapter DEP: reuse across dependencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation
from bgspec_conformance.request import history as seen
from bgspec_conformance.request.checks.reading import Exchange, Reading, check, proof_of, row
from bgspec_conformance.request.plan import Dependency, Server

__all__ = [
    "add_in_the_closing_part",
    "merged",
    "one_object",
    "order_of_the_adds",
    "override",
    "requests_share_nothing",
    "two_parameters",
    "when_a_dependency_closes",
]


def _is_override(reading: Reading, function: str) -> bool:
    declared = reading.functions.get(function)
    return isinstance(declared, Dependency) and declared.overridden


def _calls(reading: Reading, exchange: Exchange) -> list[seen.Called]:
    """The calls of functions that are given one container, but for overriding ones."""
    return [
        call
        for _, call in exchange.of(seen.Called)
        if len(call.containers) == 1 and not _is_override(reading, call.function)
    ]


@check("DEP-1")
def one_object(reading: Reading) -> Iterator[Judgement]:
    """Every function that asks for the container by one parameter gets the same object."""
    for exchange in reading.exchanges:
        yield from _not_called(reading, exchange, overriding=False)
        calls = _calls(reading, exchange)
        if len(calls) < 2 or (reading.plan.together and not reading.keeps_apart(exchange)):
            continue
        other = next((call for call in calls if call.containers != calls[0].containers), None)
        if other is None:
            yield HELD
            continue
        names = (calls[0].function, other.function)
        yield Violation(
            f"{' and '.join(names)} get the same container",
            f"{other.function} got another than {calls[0].function}",
            f"len({{e[3] for e in log if e[:2] == ('called', {exchange.number}) "
            f"and e[2] in {names}}}) == 1",
        )


def _not_called(reading: Reading, exchange: Exchange, *, overriding: bool) -> Iterator[Violation]:
    """A function that asks and was not called: what cannot be called is given no container.

    Where a function that overrides can be the cause it is DEP-7's.
    """
    if not reading.goes_well or exchange.expired:
        return
    called = {call.function for _, call in exchange.of(seen.Called)}
    if any(_is_override(reading, name) for name in reading.needed) is not overriding:
        return
    asking = {name for name in reading.needed if reading.functions[name].asks}
    missing = min(asking - called, default=None)
    if missing is not None:
        answered = exchange.first(seen.Answered)
        yield Violation(
            f"{missing} is called, with the container",
            f"it was not called, and the status was {answered.status if answered else 0}",
            f"any(e[:3] == ('called', {exchange.number}, {missing!r}) for e in log)",
        )


@check("DEP-2")
def merged(reading: Reading) -> Iterator[Judgement]:
    """What is added at any level is called once; of requests at once it is DEP-4's."""
    if not reading.goes_well or reading.plan.together or reading.plan.server is not Server.NONE:
        return  # over a real server, what does not end is RSP-3's and RSP-4's
    for exchange in reading.exchanges:
        added = Counter(event.work for _, event in exchange.adds())
        if not added:
            continue
        started, wrong = exchange.started(), exchange.wrong_times()
        proof = f"{proof_of('started', exchange.number, {*added})} == {sorted(added.elements())}"
        if exchange.expired:
            yield Violation("the request comes to its end", "it did not end", proof)
        elif wrong is None:
            yield HELD
        else:
            times = {0: "not called", 1: "called once"}
            yield Violation(
                f"{wrong} is called as often as it was added, {added[wrong]}",
                f"{wrong} was {times.get(started[wrong], f'called {started[wrong]} times')}",
                proof,
            )


@check("DEP-3")
def order_of_the_adds(reading: Reading) -> Iterator[Judgement]:
    """The merged tasks start in the order of their adds, those in closing parts too if they run."""
    if not reading.goes_well or reading.plan.together:
        return
    for exchange in reading.exchanges:
        yield from _in_order(reading, exchange)


def _in_order(reading: Reading, exchange: Exchange) -> Iterator[Judgement]:
    """Whether the tasks of a request started in the order of their adds."""
    added = [event.work for _, event in exchange.of(seen.Added)]
    started = [event.work for _, event in exchange.of(seen.Started)]
    if exchange.expired or len({*added}) < 2 or Counter(added) != Counter(started):
        return
    if added == started:
        yield HELD
    else:
        proof = f"[e[2] for e in log if e[:2] == ('started', {exchange.number})] == {added}"
        if reading.plan.together:  # another time it can be the tasks of another
            due = [[e.work for _, e in one.of(seen.Added)] for one in reading.exchanges]
            starts = "[e[2] for e in log if e[:2] == ('started', n)]"
            proof = f"[{starts} for n in range({len(due)})] == {due}"
        yield Violation(
            f"the tasks start in the order of their adds: {', '.join(added)}",
            f"they started in the order {', '.join(started)}",
            proof,
        )


@check("DEP-4")
def requests_share_nothing(reading: Reading) -> Iterator[Judgement]:
    """Requests in flight at once share no container and no task."""
    if not (reading.plan.together and reading.goes_well and len(reading.exchanges) > 1):
        return
    shared = _shared(reading)
    if shared is not None:
        yield shared
        return
    for exchange in reading.exchanges:
        yield from _apart(reading, exchange)
        yield from _in_order(reading, exchange)


def _shared(reading: Reading) -> Violation | None:
    """A container that a request is given while one that had it before is still in flight."""
    owners: dict[int, Exchange] = {}
    for at, call in reading.of(seen.Called):
        exchange = reading.exchanges[call.request]
        for container in call.containers:
            owner = owners.setdefault(container, exchange)
            if owner is not exchange and owner.over_at > at:
                return Violation(
                    f"request {exchange.number} has a container of its own",
                    f"it had the one of request {owner.number}",
                    "all(len({f[1] for f in log if f[0] == 'called' and c in f[3]}) == 1 "
                    "for e in log if e[0] == 'called' for c in e[3])",
                )
            owners[container] = exchange
    return None


def _apart(reading: Reading, exchange: Exchange) -> Iterator[Judgement]:
    """Whether a request's tasks ran with it, though others were in flight.

    Which request it is that has lost something can be another each time.
    """
    added = Counter(event.work for _, event in exchange.adds())
    if not added:
        return
    wrong = exchange.wrong_times()
    early = exchange.early
    if wrong is not None:
        late = {e.work for one in reading.exchanges for _, e in one.adds(closing=True)}
        adds = [(n.number, e.work) for n in reading.exchanges for _, e in n.adds()]
        due = sorted(add for add in adds if add[1] not in late)
        yield Violation(
            f"{wrong} of request {exchange.number} is called once, other requests or not",
            f"it was called {exchange.started()[wrong]} times",
            "sorted(e[1:] for e in log if e[0] == 'started' and e[2] not in "
            f"{sorted(late)}) == {due}",
        )
    elif early is not None:
        yield Violation(
            f"{early.work} of request {exchange.number} starts after its own response",
            "it started with another request's",
            "all(('sent', e[1], 'body', True) in log[:at] "
            "for at, e in enumerate(log) if e[0] == 'started')",
        )
    else:
        yield HELD


@check("DEP-5")
def when_a_dependency_closes(reading: Reading) -> Iterator[Judgement]:
    """Whether yielding dependencies close after the tasks, or before them."""
    if not reading.goes_well or reading.plan.together:
        return
    for exchange in reading.exchanges:
        late = {event.work for _, event in exchange.adds(closing=True)}
        works = [(at, e) for at, e in exchange.of(seen.Started) if e.work not in late]
        ends = [(at, e) for at, e in exchange.of(seen.Ended) if e.work not in late]
        if not works or len(ends) != len(works):
            continue
        if exchange.early is not None or exchange.wrong_times() is not None:
            continue  # that is RSP-1's, and this DEP-2's
        for at, closing in exchange.of(seen.Closing):
            if at > ends[-1][0]:
                answer, proof = (
                    "after the tasks",
                    f"{row(ends[-1][1])}) < log.index({row(closing)})",
                )
            elif at < works[0][0]:
                answer, proof = "before them", f"{row(closing)}) < log.index({row(works[0][1])})"
            else:
                yield Violation(
                    f"{closing.function} closes before all tasks, or after them",
                    "it closed between two of them",
                    f"log.index({row(closing)}) < log.index({row(works[0][1])}) or "
                    f"log.index({row(ends[-1][1])}) < log.index({row(closing)})",
                )
                continue
            yield Answer(answer, f"log.index({proof}", reading.plan.scope)


@check("DEP-6")
def add_in_the_closing_part(reading: Reading) -> Iterator[Judgement]:
    """What becomes of an add in a closing part."""
    if not reading.goes_well or reading.plan.together:
        return
    for exchange in reading.exchanges:
        elsewhere = {event.work for _, event in exchange.adds()}
        started = exchange.started()
        for _, event in exchange.adds(closing=True):
            if event.work not in elsewhere:
                ran = f"{row(seen.Started(exchange.number, event.work))} in log"
                answer, proof = ("run", ran) if started[event.work] else ("dropped", f"not {ran}")
                yield Answer(answer, proof, reading.plan.scope)
        for _, refused in exchange.refused_in_closing():
            yield Answer("refused", f"{row(refused)} in log", reading.plan.scope)


@check("DEP-7")
def override(reading: Reading) -> Iterator[Judgement]:
    """A dependency that overrides another gets the same object as the other functions."""
    for exchange in reading.exchanges:
        yield from _not_called(reading, exchange, overriding=True)
        others = {call.containers[0] for call in _calls(reading, exchange)}
        for _, call in exchange.of(seen.Called):
            if not _is_override(reading, call.function) or len(call.containers) != 1:
                continue
            if len(others) == 1 and others != {*call.containers}:
                yield Violation(
                    f"the overriding {call.function} gets the container of the others",
                    "it got another",
                    f"len({{e[3] for e in log if e[:2] == ('called', {exchange.number}) "
                    "and len(e[3]) == 1}) == 1",
                )
            elif len(others) == 1:
                yield HELD


@check("DEP-8")
def two_parameters(reading: Reading) -> Iterator[Judgement]:
    """Two parameters of one function that ask for the container get the same object."""
    if reading.failing is not None or reading.plan.endpoint.websocket:
        return
    asking = [name for name in sorted(reading.needed) if reading.functions[name].asks == 2]
    for exchange in reading.exchanges:
        calls = {call.function: call.containers for _, call in exchange.of(seen.Called)}
        for name in asking:
            containers = calls.get(name)
            proof = (
                f"any(e[:3] == ('called', {exchange.number}, '{name}') and len({{*e[3]}}) == 1 "
                "for e in log)"
            )
            due = f"{name} is called, with one container twice"
            if containers is None:
                answered = exchange.first(seen.Answered)
                status = answered.status if answered else 0
                yield Violation(due, f"it was not called, and the status was {status}", proof)
            elif len({*containers}) > 1:
                yield Violation(due, "it was given two containers", proof)
            else:
                yield HELD
