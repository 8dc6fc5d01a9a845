"""Members that break the chapters ADD and ARG, and odd ones that use their freedoms."""

from __future__ import annotations

import copy
import inspect
import random
import threading
from typing import Any, ClassVar

from tests.gallery.member import breaks, odd
from tests.gallery.model import Entry, Model, is_async


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


@breaks("ADD-3")
class Capped(Model):
    """Keeps no more than thirty-two tasks, and says nothing of the others."""

    def accept(self, entry: Entry) -> None:
        if len(self.entries) < 32:
            super().accept(entry)


@breaks("ADD-4")
class LostUpdate(Model):
    """Puts a new list in the place of the old one."""

    def accept(self, entry: Entry) -> None:
        self.entries = [*self.entries, entry]


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
        if "name" in kwargs and random.random() < 1 / 8:
            kwargs = {key: value for key, value in kwargs.items() if key != "name"}
        return super().entry(func, args, kwargs)


@breaks("ADD-6")
class RefusesSelf(Model):
    """Cannot be given a keyword ``self``."""

    def add_task(self, func: Any, /, *args: Any, **kwargs: Any) -> None:
        if "self" in kwargs:
            raise TypeError("got multiple values for argument 'self'")
        self.examine(func)
        self.accept(self.entry(func, args, kwargs))


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


def fits(entry: Entry) -> bool:
    """Whether the arguments fit the signature."""
    try:
        inspect.signature(entry.func, follow_wrapped=False).bind(*entry.args, **entry.kwargs)
    except TypeError:
        return False
    except ValueError:
        return True
    return True


@breaks("ADD-10")
class GivesTheEntry(Model):
    """Gives back what it keeps."""

    def add_task(*args: Any, **kwargs: Any) -> Any:
        Model.add_task(*args, **kwargs)
        return args[0].entries[-1]


@breaks("ARG-1")
class Reversed(Model):
    """Turns the positional arguments round."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(func, args[::-1] if inspect.isfunction(func) else args, kwargs)


@breaks("ARG-1")
class CopiesLists(Model):
    """Copies lists that are passed by place."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(
            func, tuple(copy.copy(a) if type(a) is dict else a for a in args), kwargs
        )


@breaks("ARG-1")
class DropsNone(Model):
    """Leaves None out."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        kept = tuple(a for a in args if a is not None) if inspect.isfunction(func) else args
        return super().entry(func, kept, kwargs)


@breaks("ARG-2")
class SortsKeywords(Model):
    """Puts keywords in the order of the alphabet."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(func, args, dict(sorted(kwargs.items())))


@breaks("ARG-2")
class CopiesKeywords(Model):
    """Copies dictionaries that are passed by name."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        copied = {k: dict(v) if type(v) is dict else v for k, v in kwargs.items()}
        return super().entry(func, args, copied)


@breaks("ARG-3")
class ClearsSets(Model):
    """Empties a set before the task gets it."""

    async def perform(self, entry: Entry) -> None:
        for argument in entry.args:
            if type(argument) is set:
                argument.clear()
        await super().perform(entry)


@breaks("ARG-3")
class LastArguments(Model):
    """Calls the sixth task and later ones with the arguments of the task before."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.before: tuple[Any, ...] = ()

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        self.count += 1
        given = self.before if self.count > 5 and len(self.before) == len(args) else args
        self.before = (
            args
            if not any(hasattr(a, "__weakref__") and type(a).__name__ == "Referable" for a in args)
            else ()
        )
        return super().entry(func, given, kwargs)


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
