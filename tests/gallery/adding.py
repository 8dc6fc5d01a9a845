"""Members that break the chapter ADD, and odd ones that use its freedoms."""

from __future__ import annotations

import inspect
import threading
from typing import Any, ClassVar

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, is_async, now_and_then

# ADD-1: adding calls nothing -----------------------------------------------------------------


@breaks("ADD-1")
class CoroutineAtTheAdd(Model):
    """Makes the coroutine of an async function without parameters when it is added."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        plain = inspect.isfunction(func) and not args and not kwargs
        if not (plain and inspect.iscoroutinefunction(func)):
            return super().entry(func, args, kwargs)
        coroutine = func()

        async def later() -> Any:
            return await coroutine

        return super().entry(later, (), {})


# ADD-2: any callable is taken ----------------------------------------------------------------


@breaks("ADD-2")
class NoBuiltins(Model):
    """Refuses builtins, as one that asks for a signature's code does."""

    def examine(self, func: Any) -> None:
        super().examine(func)
        if inspect.isbuiltin(func):
            raise TypeError("a function was expected")


@breaks("ADD-2")
class NoClasses(Model):
    """Drops classes in silence."""

    def accept(self, entry: Entry) -> None:
        if not isinstance(entry.func, type):
            super().accept(entry)


# ADD-3: every add counts ---------------------------------------------------------------------


@breaks("ADD-3")
class Capped(Model):
    """Keeps no more than thirty-two tasks, and says nothing of the others."""

    def accept(self, entry: Entry) -> None:
        if len(self.entries) < 32:
            super().accept(entry)


# ADD-4: adds from several threads ------------------------------------------------------------


@breaks("ADD-4")
class LostUpdate(Model):
    """Puts a new list in the place of the old one."""

    def accept(self, entry: Entry) -> None:
        self.entries = [*self.entries, entry]


# ADD-5: no keyword is swallowed --------------------------------------------------------------


class Eating(Model):
    """Takes some keywords for itself."""

    eaten: ClassVar[frozenset[str]] = frozenset()

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        left = {name: value for name, value in kwargs.items() if name not in self.eaten}
        return super().entry(func, args, left)


@breaks("ADD-5")
class EatsTimeout(Eating):
    """Takes ``timeout`` and ``delay`` for itself."""

    eaten = frozenset({"timeout", "delay"})


@breaks("ADD-5")
class EatsNameAtTimes(Model):
    """Loses ``name`` one time in eight."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        if "name" in kwargs and now_and_then():
            kwargs = {key: value for key, value in kwargs.items() if key != "name"}
        return super().entry(func, args, kwargs)


# ADD-6: func, self, args and kwargs ----------------------------------------------------------


@breaks("ADD-6")
class RefusesSelf(Model):
    """Cannot be given a keyword ``self``."""

    def add_task(self, func: Any, /, *args: Any, **kwargs: Any) -> None:
        if "self" in kwargs:
            raise TypeError("got multiple values for argument 'self'")
        self.examine(func)
        self.accept(self.entry(func, args, kwargs))


# ADD-7: what cannot be called ----------------------------------------------------------------


@breaks("ADD-7")
class TakesAnything(Model):
    """Looks at what it was given when it is too late."""

    def examine(self, func: Any) -> None:
        if callable(func):
            super().examine(func)


@breaks("ADD-7")
class SkipsNone(Model):
    """Takes None for nothing to do."""

    def examine(self, func: Any) -> None:
        if func is not None:
            super().examine(func)

    def accept(self, entry: Entry) -> None:
        if entry.func is not None:
            super().accept(entry)


# ADD-9: arguments that do not fit ------------------------------------------------------------


def fits(entry: Entry) -> bool:
    """Whether the arguments fit the signature."""
    try:
        inspect.signature(entry.func, follow_wrapped=False).bind(*entry.args, **entry.kwargs)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


@breaks("ADD-9")
class MisfitsSwallowed(Model):
    """Says nothing of arguments that do not fit."""

    async def attempt(self, entry: Entry) -> None:
        if fits(entry):
            await super().attempt(entry)


@breaks("ADD-9")
class MisfitsToldEitherWay(Model):
    """Tells of sync misfits at the add, of async ones at the run."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        made = super().entry(func, args, kwargs)
        if not is_async(func) and not fits(made):
            raise TypeError("these arguments do not fit")
        return made


# ADD-10: the add returns None ----------------------------------------------------------------


@breaks("ADD-10")
class GivesTheEntry(Model):
    """Gives back what it keeps."""

    def add_task(*args: Any, **kwargs: Any) -> Any:
        Model.add_task(*args, **kwargs)
        return args[0].entries[-1]


# Odd -----------------------------------------------------------------------------------------


@odd
class ChecksAtTheAdd(Model):
    """Holds arguments against the signature when they are added."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        made = super().entry(func, args, kwargs)
        if not fits(made):
            raise TypeError("these arguments do not fit")
        return made


@odd
class LockedAdds(Model):
    """Takes a lock around each add."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def accept(self, entry: Entry) -> None:
        with self.lock:
            super().accept(entry)
