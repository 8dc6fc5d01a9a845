"""Members that give functions of one request more than one object (DEP-1, 7 and 8)."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException

from tests.gallery.requests.frames import Asker
from tests.gallery.requests.gallery import breaks
from tests.gallery.requests.little import Little, Tasks, Visit, now_and_then


class Another(Little):
    """Gives some another object, with the same list in it, so that nothing is lost."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        if self.takes_another(visit, asker):
            return self.another(visit)
        return super().give(visit, asker)

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        """Who: nobody, unless a member says so."""
        return False

    def another(self, visit: Visit) -> Any:
        """What they get."""
        return Tasks(visit.tasks.entries)

    def overrides(self, asker: Asker) -> bool:
        """Whether it stands in for another."""
        return asker.function in self.overriding


class Ordinary(Another):
    """As `Another`, for those that DEP-1 speaks of."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        if self.overrides(asker) or self.asks_twice(asker):
            return visit.tasks
        return super().give(visit, asker)

    def asks_twice(self, asker: Asker) -> bool:
        """Whether it has two parameters that ask."""
        return "more_tasks" in asker.code.co_varnames


# DEP-1 --------------------------------------------------------------------------------------------


@breaks("DEP-1")
class EachItsOwn(Ordinary):
    """Gives each function a view of its own."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return True


@breaks("DEP-1")
class EachItsOwnAndAlone(Ordinary):
    """Gives each dependency a container that nobody runs."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.level > 0

    def another(self, visit: Visit) -> Any:
        return Tasks()


@breaks("DEP-1")
class ALevelItsOwn(Ordinary):
    """Gives each level a view of its own."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.level > 0

    def another(self, visit: Visit) -> Any:
        views: dict[int, Tasks] = visit.scope.setdefault("views", {})
        return views.setdefault(visit.askers[-1].level, Tasks(visit.tasks.entries))


@breaks("DEP-1")
class AnotherWhenUncached(Ordinary):
    """Gives another object where the dependency is not cached."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return not asker.cached


@breaks("DEP-1")
class AnotherWhenDeep(Ordinary):
    """Gives another object from the fourth level on."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.level >= 4


@breaks("DEP-1")
class AnotherForGenerators(Ordinary):
    """Gives those that yield another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.yields


@breaks("DEP-1")
class AnotherForObjects(Ordinary):
    """Gives classes and instances another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.an_object


@breaks("DEP-1")
class AnotherInThreads(Ordinary):
    """Gives sync dependencies a copy, for they are called in a thread."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.level > 0 and not asker.asynchronous


@breaks("DEP-1")
class AnotherForASyncEndpoint(Ordinary):
    """Gives a sync endpoint a copy."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return not asker.level and not asker.asynchronous


@breaks("DEP-1")
class AnotherWhenDeclared(Ordinary):
    """Gives what the router or the application declares another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.declared


@breaks("DEP-1")
class AnotherBelowTheDeclared(Ordinary):
    """Gives what the dependencies of the router or the application need another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.declared and asker.level > 1


@breaks("DEP-1")
class AnotherForSecurity(Ordinary):
    """Gives security dependencies another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.security


@breaks("DEP-1")
class AnotherTheSecondTime(Ordinary):
    """Gives an uncached function another object when it is called again."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return sum(asker.function == other.function for other in visit.askers) > 1


@breaks("DEP-1")
class AnotherForAWebsocket(Ordinary):
    """Gives the dependencies of a websocket another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return visit.scope["type"] == "websocket" and asker.level > 0


@breaks("DEP-1")
class AnotherInTheSecondRequest(Ordinary):
    """Gives dependencies another object from the application's second request on."""

    def start_up(self) -> None:
        self.visits = 0

    def make(self, scope: Any) -> Any:
        self.visits += 1
        return super().make(scope)

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return self.visits > 1 and asker.level > 0


@breaks("DEP-1")
class NoneForInstances(Ordinary):
    """Fails where an instance with ``__call__`` asks."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        if asker.an_object and not isinstance(asker.function, type) and self.is_served(asker):
            raise HTTPException(500)
        return super().give(visit, asker)

    def is_served(self, asker: Asker) -> bool:
        """It is one that DEP-1 speaks of."""
        return not (self.overrides(asker) or self.asks_twice(asker))


@breaks("DEP-1")
class AnotherAtTimes(Ordinary):
    """Gives another object, one time in eight."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return now_and_then()


# DEP-7 --------------------------------------------------------------------------------------------


@breaks("DEP-7")
class OverridesTheirOwn(Another):
    """Gives what overrides a view of its own."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return self.overrides(asker)


@breaks("DEP-7")
class OverridesAlone(OverridesTheirOwn):
    """Gives what overrides a container that nobody runs."""

    def another(self, visit: Visit) -> Any:
        return Tasks()


@breaks("DEP-7")
class DeepOverridesTheirOwn(OverridesTheirOwn):
    """Gives what overrides a dependency of a dependency another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return self.overrides(asker) and asker.level > 1


@breaks("DEP-7")
class DeclaredOverridesTheirOwn(OverridesTheirOwn):
    """Gives what overrides a dependency of the router another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return self.overrides(asker) and asker.declared


@breaks("DEP-7")
class YieldingOverridesTheirOwn(OverridesTheirOwn):
    """Gives an override that yields another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return self.overrides(asker) and asker.yields


@breaks("DEP-7")
class NoneForOverrides(OverridesTheirOwn):
    """Fails where what overrides asks."""

    def another(self, visit: Visit) -> Any:
        raise HTTPException(500)


@breaks("DEP-7")
class OverridesTheirOwnAtTimes(OverridesTheirOwn):
    """Gives what overrides another object, one time in eight."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return self.overrides(asker) and now_and_then()


# DEP-8 --------------------------------------------------------------------------------------------


@breaks("DEP-8")
class ParametersTheirOwn(Another):
    """Gives a second parameter another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.parameter == "more_tasks"


@breaks("DEP-8")
class ParametersOfDependenciesTheirOwn(Another):
    """Gives a second parameter of a dependency another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.parameter == "more_tasks" and asker.level > 0


@breaks("DEP-8")
class ParametersInThreadsTheirOwn(Another):
    """Gives a second parameter of a sync endpoint another object."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.parameter == "more_tasks" and not asker.level and not asker.asynchronous


@breaks("DEP-8")
class ParametersTheirOwnAtTimes(Another):
    """Gives a second parameter another object, one time in eight."""

    def takes_another(self, visit: Visit, asker: Asker) -> bool:
        return asker.parameter == "more_tasks" and now_and_then()


@breaks("DEP-8")
class OneParameterAlone(Little):
    """Fails where a function has two such parameters."""

    def give(self, visit: Visit, asker: Asker) -> Any:
        if asker.parameter == "more_tasks":
            raise HTTPException(500)
        return super().give(visit, asker)
