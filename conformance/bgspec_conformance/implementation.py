"""An implementation: how the suite makes one, and what its author says about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

from bgspec.spec import Profile

if TYPE_CHECKING:
    from bgspec_conformance.request.plan import Application

__all__ = ["Deviation", "Framework", "Implementation", "Recipe", "Subject", "Traits"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A clause that an implementation is known to break.

    Attributes:
        reason: what it does instead, with the version it was seen at.
        link: where its authors or users discuss it; empty where nobody does.
    """

    reason: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a program uses the implementation, as source for witnesses.

    Attributes:
        imports: the import lines.
        make: an expression that makes a container.
        add: a statement that adds; ``{container}`` and ``{call}`` (the function and its arguments)
            are filled in.
        run: an expression that is awaited; ``{container}`` is filled in.
        pending: an expression for the functions that have not started, as
            `Implementation.pending` gives them; ``{container}`` is filled in.
    """

    imports: str
    make: str
    add: str = "{container}.add_task({call})"
    run: str = "{container}()"
    pending: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Implementation:
    """What the suite needs to know of an implementation.

    Attributes:
        name: as it is called on the command line and in reports.
        make: gives a fresh container: an object with ``add_task`` that, awaited by a call, runs.
        recipe: how a witness writes that.
        profile: by how the work gets its turn.
        packages: the distributions whose versions a report names.
        capacity: how many adds a container takes; None is any number.
        backends: the event loops that it is tried on.
        pending: the optional interface: the functions that a container holds and has not started,
            in the order of their adds; without it CAN-5 does not apply.
        deviations: the clauses that it is known to break, by id.
    """

    name: str
    make: Callable[[], Any]
    recipe: Recipe
    profile: Profile = Profile.COLLECTOR
    packages: tuple[str, ...] = ()
    capacity: int | None = None
    backends: tuple[str, ...] = ("asyncio", "trio")
    pending: Callable[[Any], Sequence[Callable[..., object]]] | None = None
    deviations: Mapping[str, Deviation] = field(default_factory=dict[str, Deviation])

    @property
    def traits(self) -> Traits:
        """What can be told of it to another process."""
        return Traits(
            name=self.name,
            recipe=self.recipe,
            profile=self.profile,
            versions={package: version(package) for package in self.packages},
            tells_pending=self.pending is not None,
            deviations=dict(self.deviations),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """What the suite needs to know of a framework, for the request profile.

    Attributes:
        name: as it is called on the command line and in reports.
        write: writes a plan as the source of a module that defines ``app``, an ASGI application, in
            the framework's own terms; it raises `Beyond` where the framework cannot say it.
        packages: the distributions whose versions a report names.
        backends: the event loops that it is tried on.
        deviations: the clauses that it is known to break, by id.
    """

    name: str
    write: Callable[[Application], str]
    packages: tuple[str, ...] = ()
    backends: tuple[str, ...] = ("asyncio", "trio")
    deviations: Mapping[str, Deviation] = field(default_factory=dict[str, Deviation])

    @property
    def profile(self) -> Profile:
        """By how the work gets its turn: in the course of a request."""
        return Profile.REQUEST

    @property
    def traits(self) -> Traits:
        """What can be told of it to another process."""
        return Traits(
            name=self.name,
            profile=self.profile,
            versions={package: version(package) for package in self.packages},
            deviations=dict(self.deviations),
        )


Subject: TypeAlias = Implementation | Framework
"""What can be tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a verdict and a report need to know of an implementation: plain data.

    Attributes:
        name: as it is called in reports.
        profile: by how the work gets its turn.
        versions: of the distributions that it names.
        deviations: the clauses that it is known to break, by id.
        recipe: how a program uses it; None for a framework, whose programs are written for it.
        tells_pending: it has the optional interface of CAN-5.
    """

    name: str
    profile: Profile
    versions: dict[str, str]
    deviations: dict[str, Deviation]
    recipe: Recipe | None = None
    tells_pending: bool = False
