"""Members that break the chapter ARG."""

from __future__ import annotations

import inspect
from typing import Any, TypeGuard

from tests.gallery.member import breaks
from tests.gallery.model import LATE, Entry, Model


def is_dict(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Whether it is a dictionary, and of no class made from it."""
    return type(value) is dict


def copied(value: Any) -> Any:
    """A copy of a dictionary, and anything else itself."""
    return dict(value) if is_dict(value) else value


# ARG-1: positional arguments -----------------------------------------------------------------


@breaks("ARG-1")
class Reversed(Model):
    """Turns the positional arguments of a function round."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(func, args[::-1] if inspect.isfunction(func) else args, kwargs)


@breaks("ARG-1")
class CopiesDicts(Model):
    """Copies dictionaries that are passed by place."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(func, tuple(map(copied, args)), kwargs)


@breaks("ARG-1")
class DropsNone(Model):
    """Leaves None out of the positional arguments of a function."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        kept = tuple(a for a in args if a is not None) if inspect.isfunction(func) else args
        return super().entry(func, kept, kwargs)


# ARG-2: keyword arguments --------------------------------------------------------------------


@breaks("ARG-2")
class SortsKeywords(Model):
    """Puts keywords in the order of the alphabet."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(func, args, dict(sorted(kwargs.items())))


@breaks("ARG-2")
class CopiesNamedDicts(Model):
    """Copies dictionaries that are passed by name."""

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        return super().entry(func, args, {key: copied(kwargs[key]) for key in kwargs})


# ARG-3: neither copied nor mixed -------------------------------------------------------------


@breaks("ARG-3")
class ClearsSets(Model):
    """Empties a set that is passed by place before the task gets it."""

    async def perform(self, entry: Entry) -> None:
        for argument in entry.args:
            if type(argument) is set:
                argument.clear()
        await super().perform(entry)


@breaks("ARG-3")
class MixesLate(Model):
    """Calls the sixth task and later ones with the arguments of the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.before: tuple[Any, ...] = ()

    def entry(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        self.count += 1
        given = self.before if self.count > LATE and len(self.before) == len(args) else args
        weak = any(type(arg).__name__ == "Referable" for arg in args)  # to keep it is RUN-10's
        self.before = () if weak else args
        return super().entry(func, given, kwargs)
