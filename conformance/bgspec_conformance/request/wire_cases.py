"""Small applications behind real servers: few, for each takes a server's start and stop."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance.request.plan import (
    Application,
    Dependency,
    Endpoint,
    Leaving,
    Method,
    Reply,
    Request,
    Server,
    Work,
)
from bgspec_conformance.small.case import Case

__all__ = ["wire_cases"]

WAITING = (Work(asynchronous=True, suspends=2, waits=True), Work(waits=True))
QUIET = (Work(), Work(asynchronous=True))


def wire_cases() -> Iterator[Case]:
    """Every case for each server."""
    for server in (Server.UVICORN, Server.HYPERCORN):
        for focus, plans in (
            ("RSP-3", _received(server)),
            ("RSP-4", _again(server)),
            ("RSP-9", _after(server)),
            ("RSP-11", _stopped(server)),
            ("RSP-12", _amid(server)),
        ):
            for plan in plans:
                yield Case(plan, focus)


def _received(server: Server) -> Iterator[Application]:
    for works in (WAITING, WAITING[::-1]):
        yield Application(works, endpoint=Endpoint(adds=(0, 1)), server=server)
    needing = Endpoint(False, (0,), adds=(1,))
    yield Application(WAITING, (Dependency(adds=(0,)),), needing, server=server)
    for reply in (Reply.LARGE, Reply.STREAM, Reply.FILE, Reply.NO_CONTENT):
        endpoint = Endpoint(adds=(1, 0), reply=reply)
        yield Application(WAITING, endpoint=endpoint, server=server)
    head = (Request(Method.HEAD),)
    yield Application(WAITING, endpoint=Endpoint(adds=(0, 1)), requests=head, server=server)


def _again(server: Server) -> Iterator[Application]:
    for reply in (Reply.VALUE, Reply.STREAM):
        endpoint = Endpoint(adds=(0, 1), reply=reply)
        yield Application(WAITING, endpoint=endpoint, requests=(Request(),) * 2, server=server)


def _after(server: Server) -> Iterator[Application]:
    leaving = (Request(leaves=Leaving.AFTER),)
    for works in (WAITING, WAITING[::-1]):
        endpoint = Endpoint(adds=(0, 1))
        yield Application(works, endpoint=endpoint, requests=leaving, server=server)


def _stopped(server: Server) -> Iterator[Application]:
    for works in (WAITING, WAITING[::-1]):
        endpoint = Endpoint(adds=(0, 1))
        yield Application(works, endpoint=endpoint, server=server, stopped=True)


def _amid(server: Server) -> Iterator[Application]:
    leaving = (Request(leaves=Leaving.AMID),)
    for asynchronous in (True, False):
        endpoint = Endpoint(asynchronous, adds=(0, 1), reply=Reply.STREAM)
        yield Application(QUIET, endpoint=endpoint, requests=leaving, server=server)
