"""Checks of the chapter ARG: what reaches the function."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.checks.arrivals import Arrival, arrivals
from bgspec_conformance.checks.judgement import HELD, Judgement, Violation, check
from bgspec_conformance.checks.missing import judged
from bgspec_conformance.checks.reading import Reading
from bgspec_conformance.checks.refusals import refused
from bgspec_conformance.vocabulary import Value

__all__ = ["keywords_arrive", "positionals_arrive", "stay_as_they_are"]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


@check("ARG-1")
def positionals_arrive(reading: Reading) -> Iterator[Judgement]:
    """Positional arguments arrive: the same objects, in order."""
    yield from refused(reading, "ARG-1")
    for judgement in judged(reading, "ARG-1"):
        if judgement is not HELD:
            yield judgement
    for arrival in arrivals(reading):
        call = arrival.call
        if arrival.args_of_another:
            continue
        got = _shared(reading, call.task, call.start.args)
        if got == _shared(reading, call.task, arrival.args):
            if arrival.args:
                yield HELD
        else:
            yield Violation(
                f"{call.name} gets {_listed(arrival.args)}",
                f"{call.name} got {_listed(call.start.args)}",
                _proof(reading, arrival),
            )


def _shared(reading: Reading, task: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, the shared list by its own."""
    values = reading.task(task).args
    return tuple(
        "shared"
        if name in {f"t{task}.args[{place}]" for place, v in enumerate(values) if v is Value.SHARED}
        else name
        for name in names
    )


def _proof(reading: Reading, arrival: Arrival) -> str:
    """An expression that is true where the positional arguments are the due ones."""
    name = arrival.call.name
    due = _shared(reading, arrival.call.task, arrival.args)
    return (
        f"all([part for part in line.removeprefix('{name} got ').split(', ') "
        f"if part and '=' not in part] == {list(due)} for line in log "
        f"if line.startswith('{name} got'))"
    )


@check("ARG-2")
def keywords_arrive(reading: Reading) -> Iterator[Judgement]:
    """Keyword arguments arrive: the same objects under the same names, in order, and no more."""
    for arrival in arrivals(reading):
        call = arrival.call
        arrived = dict(call.start.kwargs)
        if arrival.kwargs_of_another or any(key not in arrived for key, _ in arrival.kwargs):
            continue
        due = tuple(f"{key}={name}" for key, name in _by_name(reading, call.task, arrival.kwargs))
        got = tuple(
            f"{key}={name}" for key, name in _by_name(reading, call.task, call.start.kwargs)
        )
        if got == due:
            if due:
                yield HELD
        else:
            yield Violation(
                f"{call.name} gets the keywords {_listed(due)}",
                f"{call.name} got the keywords {_listed(got)}",
                f"all([part for part in line.removeprefix('{call.name} got ').split(', ') "
                f"if '=' in part] == {list(due)} for line in log "
                f"if line.startswith('{call.name} got'))",
            )


def _by_name(
    reading: Reading, task: int, kwargs: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """The keywords, the shared list by its own name."""
    values = dict(reading.task(task).kwargs)
    return tuple(
        (key, "shared" if name == f"t{task}.{key}" and values.get(key) is Value.SHARED else name)
        for key, name in kwargs
    )


@check("ARG-3")
def stay_as_they_are(reading: Reading) -> Iterator[Judgement]:
    """Arguments are not changed, and not mixed between tasks."""
    for arrival in arrivals(reading):
        call = arrival.call
        if arrival.strangers:
            stranger = arrival.strangers[0]
            yield Violation(
                f"{call.name} gets its own arguments alone",
                f"{call.name} got {stranger}, which was added with {stranger.partition('.')[0]}",
                f"not any('{stranger}' in line for line in log "
                f"if line.startswith('{call.name} got '))",
            )
        elif call.start.changed:
            name = call.start.changed[0]
            yield Violation(
                f"{name} has the content that it was added with",
                f"{name} was changed",
                f"'{name} was changed' not in log",
            )
        elif arrival.args or arrival.kwargs:
            yield HELD
