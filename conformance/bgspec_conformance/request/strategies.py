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
    Failing,
    Form,
    Method,
    Own,
    Part,
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
    middleware; and each of the other ways for a request to go.
    """
    yield plan
    yield replace(plan, requests=(Request(),) * 2)
    yield replace(plan, requests=(Request(),) * 4, together=True)
    reply = tuple(Reply)[number % len(Reply)]
    method = tuple(Method)[number // 2 % len(Method)]
    answers = replace(plan.endpoint, reply=reply, asynchronous=not plan.endpoint.asynchronous)
    yield replace(plan, endpoint=answers, requests=(Request(method),))
    yield replace(plan, middleware=STACKS[number % len(STACKS)])
    yield replace(plan, endpoint=answers, middleware=STACKS[(number + 3) % len(STACKS)])
    first = replace(plan.works[0], fails=True)
    adding = replace(plan.endpoint, adds=plan.endpoint.adds or (0,))
    yield replace(plan, works=(first, *plan.works[1:]), endpoint=adding)
    harmless = tuple(replace(work, fails=False) for work in plan.works)
    well = replace(plan, works=harmless, endpoint=adding)
    yield replace(well, endpoint=replace(adding, failing=Failing.HTTP))
    yield fails_otherwise(well, number)
    own = replace(adding, own=tuple(Own)[1 + number % 2], background=(0, *adding.adds[1:]))
    replies = replace(own, reply=reply if own.own is Own.RETURNED else Reply.VALUE)
    yield replace(well, endpoint=replies)
    yield replace(well, endpoint=replace(adding, websocket=True))
    streams = replace(adding, reply=(Reply.VALUE, Reply.STREAM)[number // 2 % 2])
    loses = tuple(Part)[number % len(Part)]
    yield replace(well, endpoint=streams, requests=(Request(loses=loses),))
    yield changed(well, number, asks=2)


FAMILY = 13
"""Applications in a family."""


def fails_otherwise(plan: Application, number: int) -> Application:
    """An application in which something raises, each thing in its turn."""
    match number % 4:
        case 0:
            return changed(plan, number, failing=Failing.ERROR)
        case 1:
            return replace(plan, endpoint=replace(plan.endpoint, failing=Failing.ERROR))
        case 2:
            return replace(plan, endpoint=replace(plan.endpoint, failing=Failing.VALIDATION))
        case _:
            return replace(plan, middleware=(Wrap.FAILING,))


def changed(plan: Application, number: int, **changes: object) -> Application:
    """An application with a dependency changed, which is needed then, or else the endpoint."""
    size = len(plan.dependencies)
    place = number // 2 % (size + 1)
    if place == size:
        return replace(plan, endpoint=replace(plan.endpoint, **changes))
    graph = [*plan.dependencies]
    graph[place] = replace(graph[place], **changes)
    needs = tuple(sorted({*plan.endpoint.needs, place}))
    return replace(plan, dependencies=tuple(graph), endpoint=replace(plan.endpoint, needs=needs))


def plans(count: int, number: int) -> list[Application]:
    """So many applications drawn by luck, the same for the same seed."""
    if not count:
        return []
    drawn = generate(applications(), -(-count // FAMILY), number)
    families = (family(plan, place) for place, plan in enumerate(drawn))
    return [plan for members in families for plan in members][:count]
