"""Hypothesis strategies of plans: the large and the strange ones.

Plans are generated before any is carried out, so nothing that an implementation does to `random`
or to the modules around can change them. Hypothesis harvests constants from local modules for its
integers; those below 100 in size it leaves out, and every draw here is bounded below that or
sampled, so the same seed gives the same plans on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from bgspec_conformance.plan import (
    Add,
    CallBack,
    Linger,
    Outcome,
    Plan,
    Raise,
    Return,
    Run,
    SetVar,
    Step,
    Suspend,
    Task,
    Write,
)
from bgspec_conformance.values import KEYWORDS, ORDINARY
from bgspec_conformance.vocabulary import ASYNC, AWAITABLE, SYNC, Shape, Suspension, Value

__all__ = ["casts", "family", "generate", "plans"]

T = TypeVar("T")

PASSED = sorted(set(Value) - {Value.WEAK})
RETURNED = sorted(set(Value) - {Value.WEAK, Value.SHARED})
SYNC_STEPS: tuple[Step, ...] = (Linger(), Linger(4), Write(), SetVar("x"), SetVar("y"), CallBack())
ASYNC_STEPS: tuple[Step, ...] = (
    *(Suspend(by, times) for by in Suspension for times in (1, 3)),
    Write(), SetVar("x"), SetVar("y"),
)  # fmt: skip
SYNC_SHAPES = (*[Shape.FUNCTION] * 12, *sorted(SYNC))
ASYNC_SHAPES = (*[Shape.ASYNC_FUNCTION] * 12, *sorted(ASYNC - {Shape.CONTAINER}))
AWAITABLE_SHAPES = tuple(sorted(AWAITABLE))


arguments = st.lists(st.sampled_from(PASSED), max_size=3).map(tuple)
keywords = st.lists(
    st.tuples(st.sampled_from(KEYWORDS), st.sampled_from(PASSED)),
    max_size=4,
    unique_by=lambda k: k[0],
).map(tuple)


@st.composite
def tasks(draw: st.DrawFn, *, failing: bool, plain: bool) -> Task:
    """A task; it fails only where ``failing``, and is a plain function where ``plain``."""
    on_loop = draw(st.booleans())
    shapes = (SYNC_SHAPES, ASYNC_SHAPES)[on_loop]
    shape = (
        (Shape.FUNCTION, Shape.ASYNC_FUNCTION)[on_loop] if plain else draw(st.sampled_from(shapes))
    )
    steps = ASYNC_STEPS if on_loop else SYNC_STEPS
    body = tuple(draw(st.lists(st.sampled_from(steps), max_size=2)))
    outcome: Outcome = Return()
    if failing and draw(st.booleans()):
        outcome = Raise(draw(st.sampled_from(ORDINARY)))
    elif not draw(st.booleans()):
        outcome = Return(draw(st.sampled_from(RETURNED)))
    if plain:
        return Task(shape, body=body, outcome=outcome)
    return Task(shape, draw(arguments), draw(keywords), body, outcome)


@st.composite
def casts(draw: st.DrawFn) -> tuple[Task, ...]:
    """One to six tasks, of one theme or several: what a family of plans is made of."""
    failing = draw(st.booleans()) and draw(st.booleans())
    plain = draw(st.booleans())
    drawn = draw(st.lists(tasks(failing=failing, plain=plain), min_size=1, max_size=6))
    return tuple(drawn)


def family(cast: tuple[Task, ...]) -> Iterator[Plan]:
    """The plans that are made of one cast; drawing it is what costs.

    In order, reversed, twice over as equal adds, thirty of them, in two containers, from threads,
    with the context variable set between, run again, added between two runs, and added by a task.
    """
    numbers = range(len(cast))
    adds = tuple(Add(index) for index in numbers)
    yield Plan(cast, (*adds, Run()))
    yield Plan(cast[::-1], (*adds, Run()))
    yield Plan(cast, (*adds, *adds[::-1], Run()))
    many = (cast * 30)[: 25 + len(cast)]
    yield Plan(many, (*(Add(index) for index in range(len(many))), Run()))
    halves = tuple(Add(index, index % 2) for index in numbers)
    yield Plan(cast, (*halves, Run(0), Run(1)))
    yield Plan(cast, (*halves, Run(1), Run(0)))
    yield Plan(cast, (*(Add(index, 0, 1 + index % 2) for index in numbers), Run()))
    values = (part for index in numbers for part in (SetVar(f"v{index}"), Add(index)))
    yield Plan(cast, (*values, SetVar("run"), Run()))
    yield Plan(cast, (*adds, Run(), Run()))
    yield Plan(cast, (*adds[:-1], Run(), adds[-1], Run()))
    if len(cast) > 1:
        adder = msgspec.structs.replace(cast[0], body=(*cast[0].body, Add(len(cast) - 1)))
        yield Plan((adder, *cast[1:]), (*adds[:-1], Run(), Run()))


def plans(count: int, number: int) -> list[Plan]:
    """So many plans drawn by luck, the same for the same seed."""
    drawn: list[Plan] = []
    for cast in generate(casts(), 1 + count // FAMILY, number):
        drawn += family(cast)
    return drawn[:count]


FAMILY = 11
"""Plans in a family."""


def generate(strategy: st.SearchStrategy[T], count: int, number: int) -> list[T]:
    """So many examples of a strategy; the same for the same seed.

    Args:
        strategy: what to draw from.
        count: how many examples.
        number: the seed.
    """
    made: list[T] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
        ],
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(example: T) -> None:
        made.append(example)

    collect()
    return made
