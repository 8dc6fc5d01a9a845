"""Small scope: the small applications, clause by clause, tried before any drawn by luck."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

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
from bgspec_conformance.request.wire_cases import wire_cases
from bgspec_conformance.small.case import Case

__all__ = ["cases"]

IN_THREAD, ON_LOOP = Work(), Work(asynchronous=True, suspends=1)
BOTH = (IN_THREAD, ON_LOOP)
FAILING = (Work(fails=True), Work(asynchronous=True, fails=True))
ADDS = Endpoint(adds=(0, 1))
TWO = (Request(), Request())
STACKS = (
    (Wrap.PASSING,),
    (Wrap.GZIP,),
    (Wrap.BASE,),
    (Wrap.BASE, Wrap.BASE),
    (Wrap.PASSING, Wrap.GZIP, Wrap.BASE),
    (Wrap.BASE, Wrap.GZIP, Wrap.PASSING),
)


def cases() -> Iterator[Case]:
    """Every small case; those that most others rest on come first."""
    for focus, plans in (
        ("DEP-2", _merged()),
        ("RSP-1", _plain(BOTH)),
        ("RSP-1", _answered_all_the_same()),
        ("RSP-2", (plan for work in FAILING for plan in _plain((work, IN_THREAD)))),
        ("RSP-2", _failed_before()),
        ("DEP-1", _levels()),
        ("DEP-3", _ordered()),
        ("DEP-4", _in_flight()),
        ("DEP-7", _overridden()),
        ("DEP-8", _doubled()),
        ("RSP-5", _replies()),
        ("RSP-10", _stacked()),
        ("RSP-6", _failing(Failing.HTTP)),
        ("RSP-7", _failing(Failing.ERROR)),
        ("RSP-7", _elsewhere()),
        ("RSP-7", _below()),
        ("RSP-8", _owning()),
        ("DEP-5", _closing(adding=False)),
        ("DEP-6", _closing(adding=True)),
        ("RSP-13", _websockets()),
        ("RSP-14", _losing()),
    ):
        for plan in plans:
            yield Case(plan, focus)
    yield from wire_cases()


def _plain(works: tuple[Work, ...]) -> Iterator[Application]:
    """An endpoint alone, and with a dependency."""
    for asynchronous in (True, False):
        endpoint = Endpoint(asynchronous, adds=(0, 1))
        yield Application(works, endpoint=endpoint)
        yield Application(works, endpoint=replace(endpoint, adds=(1, 0, 1)))
    yield Application(works, (Dependency(adds=(0,)),), Endpoint(needs=(0,), adds=(1,)))
    yield Application(works, (Dependency(adds=(0, 1)),), Endpoint(needs=(0,), asks=0))


def _failed_before() -> Iterator[Application]:
    """The task of an earlier request has failed, or that of one in flight."""
    for work, asynchronous, together in product(FAILING, (True, False), (True, False)):
        endpoint = Endpoint(asynchronous, adds=(0, 1))
        works = (work, ON_LOOP)
        yield Application(works, endpoint=endpoint, requests=TWO, together=together)
        last = replace(endpoint, adds=(1, 0))
        yield Application(works, endpoint=last, requests=(*TWO, Request()), together=together)


def _answered_all_the_same() -> Iterator[Application]:
    """Responses to what failed, with many tasks, to a second request, with another background."""
    for failing, asynchronous in product((Failing.HTTP, Failing.ERROR), (True, False)):
        yield Application(BOTH, endpoint=Endpoint(asynchronous, adds=(0, 1), failing=failing))
    yield Application(BOTH * 6, endpoint=Endpoint(adds=tuple(range(12))))
    yield Application(BOTH, endpoint=ADDS, requests=TWO)
    for own in (Own.RETURNED, Own.INJECTED):
        yield Application(BOTH, endpoint=Endpoint(adds=(0,), own=own, background=(1,)))


def _merged() -> Iterator[Application]:
    yield Application(BOTH, endpoint=ADDS)
    yield Application(BOTH, endpoint=ADDS, requests=TWO)
    yield Application((IN_THREAD,) * 12, endpoint=Endpoint(adds=tuple(range(12))))
    yield Application((ON_LOOP,), endpoint=Endpoint(adds=(0, 0)))
    for plan in _levels():
        yield replace(plan, requests=TWO)
    leaf = Dependency(adds=(0,))
    for middleware, asynchronous in product(STACKS, (True, False)):
        endpoint = Endpoint(asynchronous, (0,), adds=(1,))
        yield Application(BOTH, (leaf,), endpoint, middleware=middleware)
    for reply, method in product(Reply, Method):
        endpoint = Endpoint(needs=(0,), adds=(1,), reply=reply)
        yield Application(BOTH, (leaf,), endpoint, requests=(Request(method),))


def _levels() -> Iterator[Application]:
    """A dependency of each form, at each level, cached or not; and a shared one."""
    for form, cached in product(Form, (True, False)):
        leaf = Dependency(form, adds=(0,), cached=cached)
        above = Dependency(Form.FUNCTION, needs=(0,), adds=(1,))
        yield Application(BOTH, (leaf,), Endpoint(needs=(0,), adds=(1,)))
        yield Application(BOTH, (leaf, above), Endpoint(needs=(1,), adds=(0,)))
        yield Application(BOTH, (leaf, above), Endpoint(needs=(0, 1), adds=(0,)))
        yield Application(BOTH, (leaf,), ADDS, routed=(0,))
        yield Application(BOTH, (leaf,), ADDS, applied=(0,))
        yield Application(BOTH, (leaf, above), Endpoint(needs=(1,)), routed=(0,), applied=(0,))
        yield Application(BOTH, (leaf, above), ADDS, routed=(1,))
    for spelling, source in product(Spelling, ("fastapi", "starlette")):
        chain = (Dependency(adds=(0,)), Dependency(needs=(0,), adds=(1,), security=True))
        endpoint = Endpoint(needs=(1,), adds=(0,))
        yield Application(BOTH, chain, endpoint, spelling=spelling, typed_by=source)
    deep = tuple(Dependency(needs=(n - 1,) if n else (), adds=(n % 2,)) for n in range(5))
    yield Application(BOTH, deep, Endpoint(needs=(4,), adds=(0,)))
    yield Application(BOTH, deep, Endpoint(needs=(4,), asks=0))
    websocket = Endpoint(needs=(1,), adds=(0,), websocket=True)
    yield Application(BOTH, deep[:2], websocket)
    yield Application(BOTH, deep[:2], replace(websocket, asks=0, adds=()))


def _ordered() -> Iterator[Application]:
    """Adds on many levels, no two of one work."""
    for works in ((IN_THREAD,) * 5, (ON_LOOP,) * 5, BOTH * 3):
        deep = tuple(Dependency(needs=(n - 1,) if n else (), adds=(n,)) for n in range(3))
        yield Application(works, deep, Endpoint(needs=(2,), adds=(3, 4)))
        yield Application(works, deep, Endpoint(needs=(0, 2), adds=(4, 3)))
        flat = tuple(Dependency(adds=(n,)) for n in range(3))
        yield Application(works, flat, Endpoint(needs=(2, 0), adds=(3, 4)), routed=(1,))
        yield Application(works, flat, Endpoint(needs=(1,), adds=(3,)), routed=(0,), applied=(2,))

    several = tuple(range(12))
    yield Application((IN_THREAD,) * 12, endpoint=Endpoint(adds=several))
    yield Application(BOTH * 6, (Dependency(adds=several[::2]),), Endpoint(False, (0,), adds=(1,)))
    for form, scope in product(sorted(YIELDING), Scope):
        leaf = Dependency(form, adds=(0,), closing=(1, 2))
        endpoint = Endpoint(needs=(0,), adds=(3, 4))
        yield Application((IN_THREAD,) * 5, (leaf,), endpoint, scope=scope)
    for asynchronous, work in product((True, False), BOTH):
        endpoint = Endpoint(asynchronous, adds=(2, 0, 1))
        yield Application((work,) * 3, endpoint=endpoint, requests=TWO)


def _in_flight() -> Iterator[Application]:
    for works in (BOTH, (ON_LOOP, ON_LOOP), (IN_THREAD, IN_THREAD)):
        for asynchronous in (True, False):
            endpoint = Endpoint(asynchronous, adds=(0, 1))
            for count in (2, 6):
                requests = (Request(),) * count
                yield Application(works, endpoint=endpoint, requests=requests, together=True)
        needing = Endpoint(needs=(0,), adds=(1,))
        for form in Form:
            yield Application(
                works, (Dependency(form, adds=(0,)),), needing, requests=TWO, together=True
            )
    for asynchronous, work in product((True, False), BOTH):
        endpoint = Endpoint(asynchronous, adds=(2, 0, 1))
        yield Application((work,) * 3, endpoint=endpoint, requests=TWO, together=True)
    # Here some ask for their container only when the others have come too.
    for form, asynchronous in product(Form, (True, False)):
        graph = (Dependency(asks=0), Dependency(form, adds=(0,)))
        for endpoint, routed in (
            (Endpoint(asynchronous, (0, 1), adds=(1,)), ()),
            (Endpoint(asynchronous, (1,), adds=(1,)), (0,)),
        ):
            requests = (Request(),) * 4
            yield Application(BOTH, graph, endpoint, routed, requests=requests, together=True)


def _overridden() -> Iterator[Application]:
    for form, cached in product(Form, (True, False)):
        stands_in = Dependency(form, adds=(0,), cached=cached, overridden=True)
        yield Application(BOTH, (stands_in,), Endpoint(needs=(0,), adds=(1,)))
        above = Dependency(needs=(0,), adds=(1,))
        yield Application(BOTH, (stands_in, above), Endpoint(needs=(1,), adds=(0,)))
        yield Application(BOTH, (stands_in,), ADDS, routed=(0,))


def _doubled() -> Iterator[Application]:
    yield Application(BOTH, endpoint=Endpoint(asks=2, adds=(0, 1)))
    yield Application(BOTH, endpoint=Endpoint(False, asks=2, adds=(0, 1)))
    yield Application(BOTH, endpoint=Endpoint(asks=2, adds=(0, 1)), requests=TWO)
    for form, cached in product(Form, (True, False)):
        twice = Dependency(form, asks=2, adds=(0, 1), cached=cached)
        yield Application(BOTH, (twice,), Endpoint(needs=(0,)))
        yield Application(BOTH, (twice, Dependency(needs=(0,))), Endpoint(False, (1,), adds=(0,)))
        yield Application(BOTH, (twice,), ADDS, routed=(0,))


def _replies() -> Iterator[Application]:
    for reply, method in product(Reply, Method):
        if reply is not Reply.VALUE or method is not Method.GET:
            for works in (BOTH, (IN_THREAD, FAILING[1]), (ON_LOOP, FAILING[0])):
                endpoint = Endpoint(adds=(0, 1), reply=reply)
                yield Application(works, endpoint=endpoint, requests=(Request(method),))
    for reply in Reply:
        yield Application(
            BOTH, (Dependency(adds=(0,)),), Endpoint(False, (0,), adds=(1,), reply=reply)
        )


def _stacked() -> Iterator[Application]:
    for middleware in STACKS:
        for works in (BOTH, (ON_LOOP, FAILING[0])):
            for reply in (Reply.VALUE, Reply.STREAM, Reply.FILE):
                endpoint = Endpoint(adds=(0, 1), reply=reply)
                yield Application(works, endpoint=endpoint, middleware=middleware)


def _failing(failing: Failing) -> Iterator[Application]:
    """A function that raises after its adds."""
    for asynchronous in (True, False):
        endpoint = Endpoint(asynchronous, adds=(0, 1), failing=failing)
        yield Application(BOTH, endpoint=endpoint)
        yield Application(BOTH, (Dependency(adds=(0,)),), replace(endpoint, needs=(0,), adds=(1,)))
        for form in Form if failing is Failing.HTTP else ():
            below = replace(endpoint, needs=(0,), adds=(1,))
            yield Application(BOTH[::-1], (Dependency(form, adds=(0,)),), below)
    if failing is not Failing.HTTP:
        for form in sorted({*Form} - YIELDING):
            fails = Dependency(form, adds=(0,), failing=failing)
            yield Application(BOTH, (fails,), Endpoint(needs=(0,), adds=(1,)))


def _elsewhere() -> Iterator[Application]:
    """What fails is none of the application's functions."""
    yield Application(BOTH, endpoint=replace(ADDS, failing=Failing.VALIDATION))
    yield Application(BOTH, endpoint=ADDS, middleware=(Wrap.FAILING,))
    needing = Endpoint(False, (0,), adds=(1,))
    yield Application(BOTH, (Dependency(adds=(0,)),), needing, middleware=(Wrap.FAILING,))
    for asynchronous, works in product((True, False), (BOTH, BOTH[::-1])):
        plain = Endpoint(asynchronous, adds=(0, 1))
        below = replace(plain, needs=(0,), adds=(1,))
        for endpoint, graph in ((plain, ()), (below, (Dependency(adds=(0,)),))):
            invalid = replace(endpoint, failing=Failing.VALIDATION)
            yield Application(works, graph, invalid)
            yield Application(works, graph, endpoint, middleware=(Wrap.FAILING,))


def _below() -> Iterator[Application]:
    """What fails is a dependency that has dependencies, or is needed by one."""
    for form, asynchronous in product(sorted({*Form} - YIELDING), (True, False)):
        fails = Dependency(form, (0,), adds=(1,), failing=Failing.ERROR)
        graph = (Dependency(adds=(0,)), fails, Dependency(needs=(1,), adds=(0,)))
        yield Application(BOTH, graph[:2], Endpoint(asynchronous, (1,), adds=(0,)))
        yield Application(BOTH, graph, Endpoint(asynchronous, (2,), adds=(0,)))


def _owning() -> Iterator[Application]:
    works = (IN_THREAD, ON_LOOP, IN_THREAD)
    for reply in Reply:
        endpoint = Endpoint(adds=(0, 1), reply=reply, own=Own.RETURNED, background=(2,))
        yield Application(works, endpoint=endpoint)
    for asynchronous, own in product((True, False), (Own.RETURNED, Own.INJECTED)):
        endpoint = Endpoint(asynchronous, (0,), asks=0, own=own, background=(2, 1))
        yield Application(works, (Dependency(adds=(0,)),), endpoint)
        yield Application(works, endpoint=replace(endpoint, needs=(), asks=1, adds=(0,)))
        yield Application(works, endpoint=replace(endpoint, needs=(), asks=1, adds=(0, 0)))
        yield Application(works, (Dependency(adds=(0,)),), replace(endpoint, asks=1, adds=(1,)))


def _closing(*, adding: bool) -> Iterator[Application]:
    """Yielding dependencies, in each scope."""
    closing = (2,) if adding else ()
    for form, asynchronous, first, second in product(sorted(YIELDING), (True, False), BOTH, BOTH):
        leaf = Dependency(form, adds=(0,), closing=closing)
        endpoint = Endpoint(asynchronous, (0,), adds=(1,))
        yield Application((first, second, ON_LOOP), (leaf,), endpoint)
    for scope, form in product(Scope, sorted(YIELDING)):
        leaf = Dependency(form, adds=(0,), closing=closing)
        works = (*BOTH, IN_THREAD)
        yield Application(works, (leaf,), Endpoint(needs=(0,), adds=(1,)), scope=scope)
        yield Application(works, (leaf,), Endpoint(False, (0,), adds=(1, 1)), scope=scope)
        above = Dependency(form, (0,), adds=(1,))
        yield Application(works, (leaf, above), Endpoint(needs=(1,), adds=(0,)), scope=scope)
        yield Application(works, (leaf,), ADDS, routed=(0,), scope=scope)
        yield Application(works, (leaf,), replace(ADDS, asynchronous=False), (0,), scope=scope)
        yield Application(works, (leaf,), ADDS, applied=(0,), scope=scope)
        for reply in (Reply.STREAM, Reply.FILE, Reply.NO_CONTENT):
            endpoint = Endpoint(needs=(0,), adds=(1,), reply=reply)
            yield Application(works, (leaf,), endpoint, scope=scope)
        if adding:
            twice = replace(leaf, closing=(2, 2, 3))
            yield Application(
                (*works, ON_LOOP), (twice,), Endpoint(needs=(0,), adds=(1,)), scope=scope
            )


def _websockets() -> Iterator[Application]:
    endpoint = Endpoint(adds=(0, 1), websocket=True)
    for works in (BOTH, BOTH[::-1]):
        yield Application(works, endpoint=endpoint)
        for form in Form:
            below = replace(endpoint, needs=(0,), adds=(1,))
            yield Application(works, (Dependency(form, adds=(0,)),), below)
        yield Application(
            works, (Dependency(adds=(0, 1)),), replace(endpoint, needs=(0,), asks=0, adds=())
        )


def _losing() -> Iterator[Application]:
    for part, asynchronous in product(Part, (True, False)):
        endpoint = Endpoint(asynchronous, adds=(0, 1))
        for reply in (Reply.VALUE, Reply.STREAM):
            loses = (Request(loses=part),)
            answering = replace(endpoint, reply=reply)
            yield Application(BOTH, endpoint=answering, requests=loses)
            yield Application(BOTH[::-1], endpoint=answering, requests=loses)
            below = replace(answering, needs=(0,), adds=(1,))
            yield Application(BOTH, (Dependency(adds=(0,)),), below, requests=loses)
            yield Application(BOTH, endpoint=answering, requests=(*loses, Request()))
