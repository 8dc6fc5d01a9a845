"""Targets: from what stands on the command line to implementations.

A target is a registered name (``starlette``) or ``module:attr``, where ``attr`` is a class or
factory of containers, an `Implementation`, or several. It is loaded in a child process only, for
an import may do anything.
"""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, entry_points, packages_distributions
from typing import Any, cast

from bgspec.errors import UnknownClause
from bgspec.spec import clause as clause_of
from bgspec_conformance.errors import TargetError
from bgspec_conformance.implementation import Implementation, Recipe, Subject
from bgspec_conformance.request.plan import Application
from bgspec_conformance.request.scene import Scene
from bgspec_conformance.request.stage import build, source

__all__ = ["GROUP", "load", "registered"]

GROUP = "bgspec.implementations"
"""The entry-point group in which packages register implementations."""


def registered() -> list[str]:
    """The registered names, sorted."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load(target: str) -> tuple[Subject, ...]:
    """The implementations that a target stands for.

    Raises:
        TargetError: it cannot be loaded, or is nothing that the suite can try; the message says
            what to do.
    """
    module, colon, attr = target.partition(":")
    try:
        if colon:
            found = _attribute(_imported(module, target), module, attr)
        else:
            found, module, attr = _entry(target)
        implementations = _implementations(found, target, module, attr)
        for implementation in implementations:
            _look_at(implementation, target)
            _try_out(implementation, target)
    except TargetError:
        raise
    except BaseException as exc:
        raise TargetError(f"{target}: looking at what it names fails: {_told(exc)}") from exc
    return implementations


def _entry(name: str) -> tuple[object, str, str]:
    """What a name is registered for, and its module and attribute there."""
    entry = next(iter(entry_points(group=GROUP, name=name)), None)
    if entry is None:
        near = get_close_matches(name, registered(), 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise TargetError(
            f"no implementation is registered as {name!r}; {hint}registered are "
            f"{', '.join(registered()) or 'none'}; any other is given as module:attr"
        )
    try:
        return entry.load(), entry.module, entry.attr
    except ModuleNotFoundError as exc:
        raise TargetError(
            f"{name} needs a package that is not installed ({exc.name}): "
            f'pip install "bgspec[{name}]"'
        ) from exc
    except BaseException as exc:
        raise TargetError(f"the registered {name} fails to load: {_told(exc)}") from exc


def _imported(module: str, target: str) -> Any:
    if module.endswith(".py"):
        name = module.removesuffix(".py").replace("/", ".").strip(".")
        raise TargetError(f"{target}: name the module as Python imports it: {name}:...")
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name is not None and (module == exc.name or module.startswith(f"{exc.name}.")):
            raise TargetError(
                f"{target}: there is no module {exc.name!r} (looked in the current directory and "
                "in what is installed)"
            ) from exc
        raise TargetError(f"{target}: the module fails to import: {_told(exc)}") from exc
    except BaseException as exc:
        raise TargetError(f"{target}: the module fails to import: {_told(exc)}") from exc


def _attribute(module: Any, name: str, path: str) -> object:
    if not path:
        raise TargetError(f"{name}: name a class, as in {name}:MyTasks")
    found: Any = module
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            near = get_close_matches(part, dir(found), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TargetError(f"{name}:{path}: there is no {part!r} in it{hint}") from None
    return found


def _implementations(found: object, target: str, module: str, attr: str) -> tuple[Subject, ...]:
    if isinstance(found, Subject):
        return (found,)
    if several := _several(found):
        return several
    if not isinstance(found, type) and hasattr(found, "add_task"):
        raise TargetError(
            f"{target} is one container, and the suite needs to make many: give its class "
            f"({module}:{type(found).__name__}) or a factory"
        )
    if not callable(found):
        raise TargetError(
            f"{target} is of type {type(found).__name__}: a class or factory of containers, or a "
            "bgspec_conformance.Implementation, was expected"
        )
    head = attr.partition(".")[0]
    return (
        Implementation(
            name=target,
            make=found,
            recipe=Recipe(imports=f"from {module} import {head}", make=f"{attr}()"),
            packages=_packages(module),
        ),
    )


def _several(found: object) -> tuple[Subject, ...]:
    """The implementations in what a target names, if it holds nothing else; else none."""
    if not isinstance(found, Iterable) or isinstance(found, str | type):
        return ()
    several = tuple(cast("Iterable[object]", found))
    ours = tuple(one for one in several if isinstance(one, Subject))
    return ours if len(ours) == len(several) else ()


def _packages(module: str) -> tuple[str, ...]:
    """The distributions that a module comes from; none for a file in the current directory."""
    return tuple(sorted(set(packages_distributions().get(module.partition(".")[0], ()))))


def _look_at(implementation: Subject, target: str) -> None:
    """See that what its author says about it is true of this contract and this machine."""
    for clause in implementation.deviations:
        try:
            clause_of(clause)
        except UnknownClause as exc:
            raise TargetError(f"{target}: a deviation is declared of {exc}") from exc
    try:
        implementation.traits  # noqa: B018  it looks up the versions
    except PackageNotFoundError as exc:
        raise TargetError(
            f"{target}: its packages name {exc.name}, which is not installed"
        ) from exc


def _try_out(subject: Subject, target: str) -> None:
    """Make one of what is tried, and see that it can be."""
    if isinstance(subject, Implementation):
        _try_out_container(subject, target)
        return
    try:
        build(source(subject, Application()), Scene())
    except BaseException as exc:
        raise TargetError(
            f"{target}: writing a small application, and making it, fails: {_told(exc)}"
        ) from exc


def _try_out_container(implementation: Implementation, target: str) -> None:
    """Make one container, and see that it has the two methods that it needs."""
    try:
        container = implementation.make()
    except BaseException as exc:
        raise TargetError(
            f"{target}: making a container, without arguments, fails: {_told(exc)}"
        ) from exc
    add_task = getattr(container, "add_task", None)
    kind = type(container).__name__
    if not callable(add_task):
        near = get_close_matches("add_task", dir(container), 1)
        hint = f" (it has {near[0]!r})" if near else ""
        raise TargetError(
            f"{target}: {kind} has no add_task{hint}; write an adapter with add_task(func, *args, "
            "**kwargs) and async __call__()"
        )
    if inspect.iscoroutinefunction(add_task):
        raise TargetError(
            f"{target}: add_task of {kind} is async; the contract's is a plain function that "
            "returns None"
        )
    if not callable(container):
        raise TargetError(
            f"{target}: {kind} cannot be run: it has no async __call__(); write an adapter that has"
        )


def _told(exc: BaseException) -> str:
    """An error of the target's, with the place in the target's code where it came from."""
    text = "".join(traceback.format_exception_only(exc)).strip()
    frames = [
        frame
        for frame in traceback.extract_tb(exc.__traceback__)
        if "bgspec_conformance" not in frame.filename and not frame.filename.startswith("<frozen")
    ]
    if isinstance(exc, SyntaxError) or not frames:
        return text
    last = frames[-1]
    return f"{text} ({last.filename}, line {last.lineno})"
