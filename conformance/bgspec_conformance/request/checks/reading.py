"""A reading: one application and its history, request by request, indexed for the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from math import inf
from typing import Any, TypeVar, cast

import msgspec

from bgspec_conformance.checks.judgement import Judgement, registrar
from bgspec_conformance.request import history as seen
from bgspec_conformance.request.plan import (
    Application,
    Dependency,
    Endpoint,
    Failing,
    Leaving,
    Method,
    Own,
    Reply,
    Wrap,
)

__all__ = ["CHECKS", "OWN", "Exchange", "Reading", "check", "proof_of", "row"]

Check = Callable[["Reading"], Iterator[Judgement]]

CHECKS: dict[str, Check] = {}
"""The check of each clause of the profile that has one, by the clause's id."""
check = registrar(CHECKS)

OWN = -1
"""The container of what the response's own background holds."""

E = TypeVar("E", bound=seen.Row)


def row(event: seen.Row) -> str:
    """An event as it stands in the transcript, for a proof."""
    return repr(_frozen(msgspec.to_builtins(event)))


def _frozen(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    return tuple(_frozen(part) for part in cast("list[Any]", value))


def proof_of(kind: str, request: int, works: set[str]) -> str:
    """An expression for how often each work got so far, in a request."""
    return (
        f"sorted(e[2] for e in log if e[:2] == ({kind!r}, {request}) and e[2] in {sorted(works)})"
    )


class Exchange:
    """One request, and all that happened in its course."""

    def __init__(self, number: int, events: tuple[seen.Event, ...]) -> None:
        self.number = number
        self.events = [
            (at, event)
            for at, event in enumerate(events)
            if getattr(event, "request", None) == number
        ]

    def of(self, kind: type[E]) -> list[tuple[int, E]]:
        """This request's events of one kind, with their places in the history."""
        return [(at, event) for at, event in self.events if isinstance(event, kind)]

    def first(self, kind: type[E]) -> E | None:
        """The first event of one kind."""
        return next((event for _, event in self.of(kind)), None)

    @property
    def whole(self) -> tuple[int, seen.Sent] | None:
        """Where the last body message was sent, if it was."""
        return next(((at, event) for at, event in self.of(seen.Sent) if event.last), None)

    @property
    def early(self) -> seen.Started | None:
        """The first start before that, if any was."""
        sent_at = self.whole[0] if self.whole else 0
        return next((start for at, start in self.of(seen.Started) if at < sent_at), None)

    @property
    def over_at(self) -> float:
        """Where the application had returned, or raised."""
        ends = [*self.of(seen.Returned), *self.of(seen.Broke)]
        return ends[0][0] if ends else inf

    @property
    def answered(self) -> bool:
        """A response came, whatever its status."""
        answer = self.first(seen.Answered)
        return answer is not None and answer.status > 0

    @property
    def broke(self) -> seen.Broke | None:
        """What the application raised."""
        return self.first(seen.Broke)

    @property
    def expired(self) -> bool:
        """Nothing would have ended it."""
        return self.first(seen.Expired) is not None

    def adds(self, *, closing: bool = False) -> list[tuple[int, seen.Added]]:
        """The adds to the container, those of closing parts or those before."""
        return [
            (at, event)
            for at, event in self.of(seen.Added)
            if event.container != OWN and self._is_closing(event.function, at) is closing
        ]

    def refused_in_closing(self) -> list[tuple[int, seen.Refused]]:
        """The adds in closing parts that were refused."""
        refused = self.of(seen.Refused)
        return [(at, event) for at, event in refused if self._is_closing(event.function, at)]

    def _is_closing(self, function: str, at: int) -> bool:
        """Whether what a function did is in its closing part."""
        return any(event.function == function for when, event in self.of(seen.Closing) if when < at)

    def wrong_times(self) -> str | None:
        """The first work that was not called as often as it was added before any closing part.

        It may be called for its adds in closing parts as well: what becomes of those is DEP-6's.
        """
        added = Counter(event.work for _, event in self.adds())
        late = Counter(event.work for _, event in self.adds(closing=True))
        started = self.started()
        return next(
            (w for w in sorted(added) if not added[w] <= started[w] <= added[w] + late[w]), None
        )

    def own(self) -> list[str]:
        """The works of the response's own background."""
        return [event.work for _, event in self.of(seen.Added) if event.container == OWN]

    def containers(self) -> set[int]:
        """The containers that its functions were given."""
        return {number for _, call in self.of(seen.Called) for number in call.containers}

    def started(self) -> Counter[str]:
        """How often each work was called."""
        return Counter(event.work for _, event in self.of(seen.Started))


class Reading:
    """One application, and what was seen of it."""

    def __init__(self, plan: Application, history: seen.History) -> None:
        self.plan = plan
        self.history = history
        self.exchanges = [Exchange(n, history.events) for n in range(len(plan.requests))]

    def of(self, kind: type[E]) -> Iterator[tuple[int, E]]:
        """The events of one kind, with their places, whatever their request."""
        events = enumerate(self.history.events)
        return ((at, event) for at, event in events if isinstance(event, kind))

    @property
    def functions(self) -> dict[str, Endpoint | Dependency]:
        """The endpoint and the dependencies, by name."""
        named = {f"d{number}": d for number, d in enumerate(self.plan.dependencies)}
        return {"endpoint": self.plan.endpoint, **named}

    @property
    def needed(self) -> set[str]:
        """The names of the functions that a request calls."""
        plan = self.plan
        left = [*plan.endpoint.needs, *plan.routed, *plan.applied]
        reached: set[int] = set()
        while left:
            number = left.pop()
            if number not in reached:
                reached.add(number)
                left += plan.dependencies[number].needs
        return {"endpoint", *(f"d{number}" for number in reached)}

    def keeps_apart(self, exchange: Exchange) -> bool:
        """Whether a request has no container that another has too: those are DEP-4's."""
        own = exchange.containers()
        return all(
            own.isdisjoint(other.containers()) for other in self.exchanges if other is not exchange
        )

    @property
    def failing(self) -> tuple[str, Failing] | None:
        """Which function the plan has fail, and how."""
        needed = self.needed
        return next(
            (
                (name, f.failing)
                for name, f in self.functions.items()
                if f.failing is not Failing.NOT and name in needed
            ),
            None,
        )

    @property
    def unusual(self) -> bool:
        """The response is none that goes without saying: RSP-5's."""
        head = any(request.method is Method.HEAD for request in self.plan.requests)
        return self.plan.endpoint.reply is not Reply.VALUE or head

    @property
    def harmless(self) -> bool:
        """No work fails, which may keep others from being called."""
        return not any(work.fails for work in self.plan.works)

    @property
    def goes_well(self) -> bool:
        """The plan has nothing fail or go astray, and one background: that of the container."""
        plan = self.plan
        return (
            self.failing is None
            and self.harmless
            and Wrap.FAILING not in plan.middleware
            and plan.endpoint.own is Own.NONE
            and not plan.endpoint.websocket
            and all(r.loses is None and r.leaves is Leaving.NOT for r in plan.requests)
            and not plan.stopped
            and all(function.asks < 2 for function in self.functions.values())
        )
