"""Hypothesis strategies of applications: graphs of dependencies, and all that comes together.

As in `bgspec_conformance.strategies`, every draw is sampled or bounded below 100.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hypothesis import strategies as st
from msgspec.structs import replace

from bgspec_conformance.request.plan import (
    YIELDING,
    Application,
    Dependency,
    Endpoint,
    Form,
    Method,
    Reply,
    Request,
    Scope,
    Spelling,
    Work,
    Wrap,
)
from bgspec_conformance.strategies import generate

__all__ = ["applications", "plans"]

MIDDLEWARE = (Wrap.PASSING, Wrap.GZIP, Wrap.BASE)
STACKS = tuple(stack for size in (1, 2) for stack in product(MIDDLEWARE, repeat=size))
DEEPEST = 5
"""Dependencies in an application, at most."""


@st.composite
def works(draw: st.DrawFn, *, failing: bool) -> Work:
    """A task, which fails only where ``failing``."""
    asynchronous = draw(st.booleans())
    suspends = draw(st.sampled_from((0, 0, 1, 3))) if asynchronous else 0
    return Work(asynchronous, suspends, failing and draw(st.booleans()))


@st.composite
def dependencies(draw: st.DrawFn, number: int, works: int) -> Dependency:
    """A dependency that needs some of those before it."""
    form = draw(st.sampled_from(sorted(Form)))
    some = st.lists(st.sampled_from(range(works)), max_size=2).map(tuple)
    before = st.lists(st.sampled_from(range(number)), max_size=2, unique=True) if number else None
    return Dependency(
        form,
        tuple(sorted(draw(before))) if before is not None else (),
        adds=draw(some),
        closing=draw(some) if form in YIELDING and draw(st.booleans()) else (),
        cached=draw(st.booleans()),
        security=draw(st.booleans()) and draw(st.booleans()),
        overridden=draw(st.booleans()) and draw(st.booleans()),
    )


@st.composite
def applications(draw: st.DrawFn) -> Application:
    """An application that gets one request: what a family is made of."""
    failing = draw(st.booleans()) and draw(st.booleans())
    cast = tuple(draw(st.lists(works(failing=failing), min_size=1, max_size=4)))
    size = draw(st.sampled_from(range(DEEPEST + 1)))
    graph = tuple(draw(dependencies(number, len(cast))) for number in range(size))
    some = st.lists(st.sampled_from(range(size)), max_size=2, unique=True) if size else st.just([])
    added = st.lists(st.sampled_from(range(len(cast))), max_size=4).map(tuple)
    return Application(
        cast,
        graph,
        Endpoint(draw(st.booleans()), tuple(draw(some)), adds=draw(added)),
        routed=tuple(draw(some)) if draw(st.booleans()) else (),
        applied=tuple(draw(some)) if draw(st.booleans()) else (),
        scope=draw(st.sampled_from(sorted(Scope))),
        spelling=draw(st.sampled_from(sorted(Spelling))),
        typed_by=draw(st.sampled_from(("fastapi", "starlette"))),
    )


def family(plan: Application, number: int) -> Iterator[Application]:
    """The applications that are made of one; drawing it is what costs.

    As it is, served twice, several times at once, with the other replies in turn, and behind
    middleware.
    """
    yield plan
    yield replace(plan, requests=(Request(),) * 2)
    yield replace(plan, requests=(Request(),) * 3, together=True)
    reply = tuple(Reply)[number % len(Reply)]
    method = tuple(Method)[number // 2 % len(Method)]
    answers = replace(plan.endpoint, reply=reply, asynchronous=not plan.endpoint.asynchronous)
    yield replace(plan, endpoint=answers, requests=(Request(method),))
    yield replace(plan, middleware=STACKS[number % len(STACKS)])
    yield replace(plan, endpoint=answers, middleware=STACKS[(number + 3) % len(STACKS)])


FAMILY = 6
"""Applications in a family."""


def plans(count: int, number: int) -> list[Application]:
    """So many applications drawn by luck, the same for the same seed."""
    if not count:
        return []
    drawn = generate(applications(), -(-count // FAMILY), number)
    families = (family(plan, place) for place, plan in enumerate(drawn))
    return [plan for members in families for plan in members][:count]
