"""Checks of the chapter ARG: arguments."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.checks.arrivals import Arrival, arrivals
from bgspec_conformance.checks.judgement import HELD, Judgement, Violation, check
from bgspec_conformance.checks.missing import judged
from bgspec_conformance.checks.reading import Reading
from bgspec_conformance.checks.refusals import refused

__all__ = ["keyword_as_given", "neither_changed_nor_mixed", "positional_as_given"]


@check("ARG-1")
def positional_as_given(reading: Reading) -> Iterator[Judgement]:
    """The positional arguments arrive: the same objects, all of them, in order."""
    yield from judged(reading, "ARG-1")
    yield from refused(reading, "ARG-1")
    for arrival in arrivals(reading):
        if arrival.args_of_another:  # ARG-3's
            continue
        arrived = arrival.call.start.args
        if arrived != arrival.args:
            yield _other_arguments(arrival, ", ".join(arrival.args), ", ".join(arrived))
        elif arrived:
            yield HELD


@check("ARG-2")
def keyword_as_given(reading: Reading) -> Iterator[Judgement]:
    """The keyword arguments arrive: the same objects, under the same names, in order."""
    for arrival in arrivals(reading):
        arrived = arrival.call.start.kwargs
        lost = {name for name, _ in arrival.kwargs} - {name for name, _ in arrived}
        if lost or arrival.kwargs_of_another:  # ADD-5's or ARG-3's
            continue
        if arrived != arrival.kwargs:
            yield _other_arguments(arrival, _by_name(arrival.kwargs), _by_name(arrived))
        elif arrived:
            yield HELD


@check("ARG-3")
def neither_changed_nor_mixed(reading: Reading) -> Iterator[Judgement]:
    """No argument is changed between the add and the call, or arrives at another task."""
    for arrival in arrivals(reading):
        name, start = arrival.call.name, arrival.call.start
        for stranger in arrival.strangers:
            owner = stranger.partition(".")[0]
            yield Violation(
                f"{name} gets its own arguments alone",
                f"{name} got {stranger}, which was added with {owner}",
                f"not any('{stranger}' in line for line in log if line.startswith('{name} got '))",
            )
        for changed in start.changed:
            yield Violation(
                f"{changed} has the content that it was added with",
                f"the content of {changed} had changed when {name} was called",
                f"'{changed} was changed' not in log",
            )
        if not arrival.strangers and not start.changed and (start.args or start.kwargs):
            yield HELD


def _other_arguments(arrival: Arrival, expected: str, arrived: str) -> Violation:
    """That a call was given something else than what was added."""
    name = arrival.call.name
    line = f"{name} got {', '.join([*arrival.args, *_each_by_name(arrival.kwargs)])}"
    return Violation(
        f"{name} is called with {expected or 'no more than was added'}",
        f"{name} was called with {arrived or 'nothing'}",
        f"all(line == {line!r} for line in log if line.startswith('{name} got '))",
    )


def _by_name(kwargs: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(_each_by_name(kwargs))


def _each_by_name(kwargs: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{key}={name}" for key, name in kwargs]
