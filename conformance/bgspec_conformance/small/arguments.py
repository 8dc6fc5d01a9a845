"""Small plans for the chapter ARG: every value by place and by name, alone and in company."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from bgspec_conformance.plan import Add, Plan, Run, Task
from bgspec_conformance.small.case import Case, simple
from bgspec_conformance.vocabulary import PLAIN, Shape, Value

__all__ = ["cases"]

PASSED = tuple(sorted(set(Value) - {Value.WEAK}))
BOUND = (Shape.PARTIAL, Shape.NESTED_PARTIAL, Shape.ASYNC_PARTIAL, Shape.ASYNC_NESTED_PARTIAL)


def cases() -> Iterator[Case]:
    """By place, by name, then several tasks with arguments of their own."""
    for shape in PLAIN:
        for value in PASSED:
            yield simple("ARG-1", Task(shape, (value,)))
            yield simple("ARG-2", Task(shape, (), (("value", value),)))
        yield simple("ARG-1", Task(shape, PASSED))
        yield simple("ARG-1", Task(shape, PASSED * 2))
        for order in permutations((Value.OBJECT, Value.NONE, Value.LIST)):
            yield simple("ARG-1", Task(shape, order))
        for names in permutations(("a", "b", "value")):
            yield simple("ARG-2", Task(shape, (), tuple((name, Value.OBJECT) for name in names)))
            both = tuple((name, Value.DICT) for name in names)
            yield simple("ARG-2", Task(shape, (Value.OBJECT, Value.NONE), both))
    for shape in BOUND:
        yield simple("ARG-1", Task(shape, (Value.OBJECT, Value.LIST, Value.OBJECT)))
        yield simple("ARG-2", Task(shape, (Value.OBJECT, Value.LIST), (("value", Value.DICT),)))
    yield from _several()


def _several() -> Iterator[Case]:
    """Arguments that must not be mixed, changed, compared or mistaken for each other."""
    for shape in PLAIN:
        yield simple("ARG-1", Task(shape, (Value.WEAK,)))
        yield simple("ARG-1", *[Task(shape, (Value.HOSTILE,))] * 2, Task(shape))
        for value in (
            Value.OBJECT,
            Value.LIST,
            Value.DICT,
            Value.SET,
            Value.EXCEPTION,
            Value.FUNCTION,
        ):
            for size in (2, 3, 7):
                yield simple("ARG-3", *[Task(shape, (value,))] * size)
            named = Task(shape, (), (("value", value),))
            yield simple("ARG-3", named, named, named)
            yield simple("ARG-3", Task(shape, (value,)), Task(shape), named)
        both = Task(shape, (Value.LIST, Value.DICT), (("value", Value.SET), ("a", Value.LIST)))
        yield simple("ARG-3", *[both] * 8)
        yield Case(Plan((both, both), (Add(0), Add(0), Add(1), Add(0), Run())), "ARG-3")
        yield Case(Plan((both, both), (Add(0), Run(), Add(1), Run())), "ARG-3")
        yield Case(Plan((both, both), (Add(0, 0), Add(1, 1), Run(0), Run(1))), "ARG-3")
