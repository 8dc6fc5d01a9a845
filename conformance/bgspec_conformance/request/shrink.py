"""Shrinking: the applications that are one step smaller than one, the boldest steps first."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from bgspec_conformance.request.plan import (
    Application,
    Dependency,
    Endpoint,
    Form,
    Reply,
    Request,
    Spelling,
    Work,
)

__all__ = ["smaller"]


def smaller(plan: Application) -> Iterator[Application]:
    """Applications one step smaller, each whole in itself."""
    for number in range(len(plan.dependencies)):
        yield _without_dependency(plan, number)
    for name in ("routed", "applied", "middleware"):
        if getattr(plan, name):
            yield replace(plan, **{name: ()})
    if len(plan.middleware) > 1:
        for place in range(len(plan.middleware)):
            yield replace(plan, middleware=_without(plan.middleware, place))
    if len(plan.requests) > 1:
        yield replace(plan, requests=plan.requests[1:], together=False)
        yield replace(plan, requests=plan.requests[1:])
    for place, request in enumerate(plan.requests):
        if request != Request():
            requests = (*plan.requests[:place], Request(), *plan.requests[place + 1 :])
            yield replace(plan, requests=requests)
    if plan.spelling is not Spelling.ANNOTATED:
        yield replace(plan, spelling=Spelling.ANNOTATED)
    for endpoint in _simpler_endpoint(plan.endpoint):
        yield _without_unused(replace(plan, endpoint=endpoint))
    for number, dependency in enumerate(plan.dependencies):
        for simpler in _simpler_dependency(dependency):
            graph = (*plan.dependencies[:number], simpler, *plan.dependencies[number + 1 :])
            yield _without_unused(replace(plan, dependencies=graph))
    for number, work in enumerate(plan.works):
        for easier in (Work(), replace(work, fails=False), replace(work, suspends=0)):
            if easier != work:
                works = (*plan.works[:number], easier, *plan.works[number + 1 :])
                yield replace(plan, works=works)


def _without(items: tuple[int, ...] | tuple[object, ...], place: int) -> tuple[object, ...]:
    return (*items[:place], *items[place + 1 :])


def _simpler_endpoint(endpoint: Endpoint) -> Iterator[Endpoint]:
    for place in range(len(endpoint.needs)):
        yield replace(endpoint, needs=_without(endpoint.needs, place))
    for place in range(len(endpoint.adds)):
        yield replace(endpoint, adds=_without(endpoint.adds, place))
    if len(endpoint.background) > 1:
        yield replace(endpoint, background=endpoint.background[:1])
    if endpoint.reply is not Reply.VALUE:
        yield replace(endpoint, reply=Reply.VALUE)
    if not endpoint.asynchronous:
        yield replace(endpoint, asynchronous=True)


def _simpler_dependency(dependency: Dependency) -> Iterator[Dependency]:
    plain = Dependency(needs=dependency.needs, asks=dependency.asks, adds=dependency.adds)
    special = dependency.closing or dependency.overridden or dependency.failing is not plain.failing
    if not special and dependency != plain:
        yield plain
    for name in ("adds", "closing", "needs"):
        for place in range(len(getattr(dependency, name))):
            yield replace(dependency, **{name: _without(getattr(dependency, name), place)})
    if not dependency.cached:
        yield replace(dependency, cached=True)
    if dependency.security:
        yield replace(dependency, security=False)
    if dependency.form is Form.ASYNC_GENERATOR:
        yield replace(dependency, form=Form.GENERATOR)


def _without_dependency(plan: Application, gone: int) -> Application:
    """The plan without a dependency, the later ones numbered anew."""

    def kept(numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(number - (number > gone) for number in numbers if number != gone)

    left = _without(plan.dependencies, gone)
    graph = tuple(replace(d, needs=kept(d.needs)) for d in left if isinstance(d, Dependency))
    endpoint = replace(plan.endpoint, needs=kept(plan.endpoint.needs))
    routed, applied = kept(plan.routed), kept(plan.applied)
    return _without_unused(
        replace(plan, dependencies=graph, endpoint=endpoint, routed=routed, applied=applied)
    )


def _without_unused(plan: Application) -> Application:
    """The plan without the works that nothing adds, the others numbered anew."""
    used = {*plan.endpoint.adds, *plan.endpoint.background}
    used |= {work for d in plan.dependencies for work in (*d.adds, *d.closing)}
    if not used or len(used) == len(plan.works):
        return plan
    number = {old: new for new, old in enumerate(sorted(used))}

    def renumbered(works: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(number[work] for work in works)

    endpoint = replace(
        plan.endpoint,
        adds=renumbered(plan.endpoint.adds),
        background=renumbered(plan.endpoint.background),
    )
    graph = tuple(
        replace(d, adds=renumbered(d.adds), closing=renumbered(d.closing))
        for d in plan.dependencies
    )
    works = tuple(plan.works[old] for old in sorted(used))
    return replace(plan, works=works, endpoint=endpoint, dependencies=graph)
