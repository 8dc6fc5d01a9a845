"""Members that break the chapter ADD, and odd ones that use its freedoms."""

from __future__ import annotations

import inspect
import threading
from typing import Any, ClassVar

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, Siblings, is_async, now_and_then

# ADD-1: adding calls nothing -----------------------------------------------------------------


@breaks("ADD-1")
class CoroutineAtTheAdd(Model):
    """Makes the coroutine of an async function without arguments when it is added."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        plain = inspect.isfunction(func) and not args and not kwargs
        if not (plain and inspect.iscoroutinefunction(func)):
            return super().entry(func, args, kwargs)
        coroutine = func()

        async def later() -> Any:
            return await coroutine

        return super().entry(later, (), {})


@breaks("ADD-1")
class CallsAtOnceWhenFull(Model):
    """Calls a plain function at the add, where six are waiting already."""

    def accept(self, entry: Entry) -> None:
        plain = inspect.isfunction(entry.func) and not is_async(entry.func)
        if plain and len(self.entries) >= 6:
            entry.context.run(entry.func, *entry.args, **entry.kwargs)
        else:
            super().accept(entry)


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


@breaks("ADD-3")
class EqualOnce(Model):
    """Takes two equal adds in a row, of what has no arguments, for one."""

    def accept(self, entry: Entry) -> None:
        last = self.entries[-1] if self.entries else None
        bare = not (entry.args or entry.kwargs)
        if not (last and bare and last.func is entry.func and not (last.args or last.kwargs)):
            super().accept(entry)


# ADD-4: adds from several threads ------------------------------------------------------------


@breaks("ADD-4")
class LostUpdate(Model):
    """Puts a new list in the place of the old one."""

    def accept(self, entry: Entry) -> None:
        self.entries = [*self.entries, entry]


@breaks("ADD-4")
class DropsFromThreads(Model):
    """Drops what a thread adds that is neither the main one nor a worker."""

    def accept(self, entry: Entry) -> None:
        if threading.current_thread().name.startswith("Thread-"):
            return
        super().accept(entry)


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


@breaks("ADD-6")
class RefusesKwargs(Model):
    """Cannot be given a keyword ``kwargs`` for an async function."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        if "kwargs" in kwargs and is_async(func):
            raise TypeError("got multiple values for argument 'kwargs'")
        return super().entry(func, args, kwargs)


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


# ADD-8: containers share nothing -------------------------------------------------------------


@breaks("ADD-8")
class RunsTheOthers(Siblings):
    """Runs what waits in another container, where it has nothing itself."""

    async def run(self) -> None:
        if not self.entries:
            for other in self.others:
                self.entries += other.entries
                other.entries.clear()
        await super().run()


@breaks("ADD-8")
class KnowsFunctions(Siblings):
    """Does not take a function without arguments that waits in another container already."""

    def accept(self, entry: Entry) -> None:
        waiting = [known.func for other in self.others for known in other.entries]
        if entry.args or entry.kwargs or entry.func not in waiting:
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


@breaks("ADD-10")
class TellsHowMany(Model):
    """Gives back how many wait, once there are ten."""

    def add_task(*args: Any, **kwargs: Any) -> Any:
        Model.add_task(*args, **kwargs)
        return len(args[0].entries) if len(args[0].entries) >= 10 else None


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
