"""Targets: what a name or ``module:attr`` stands for, and what is said of one that is no use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bgspec_conformance import Implementation, TargetError
from bgspec_conformance.target import load, registered

CONTAINER = "class Tasks:\n add_task = print\n async def __call__(self): pass\n"
DECLARED = CONTAINER + (
    "from bgspec_conformance import Deviation, Implementation, Recipe\n"
    "def named(name, **more):\n"
    " return Implementation(name=name, make=Tasks, recipe=Recipe(imports='', make=''), **more)\n"
)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a directory from which modules are imported, and forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType]  untyped in pytest
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("mine", None)


def write(program: str) -> None:
    Path("mine.py").write_text(program)


def loaded(target: str) -> Implementation:
    """The one implementation of containers that a target stands for."""
    (implementation,) = load(target)
    assert isinstance(implementation, Implementation)
    return implementation


def test_a_class_is_a_target() -> None:
    write(CONTAINER)
    implementation = loaded("mine:Tasks")
    assert implementation.name == "mine:Tasks"
    assert implementation.recipe.imports == "from mine import Tasks"
    assert implementation.recipe.make == "Tasks()"


def test_an_attribute_of_an_attribute_is_a_target() -> None:
    write(CONTAINER + "class Outer:\n Inner = Tasks\n")
    implementation = loaded("mine:Outer.Inner")
    assert implementation.recipe.make == "Outer.Inner()"
    assert implementation.recipe.imports == "from mine import Outer"


def test_an_implementation_and_several_of_them_are_targets() -> None:
    write(DECLARED + "one = named('one')\nboth = [one, named('two')]\n")
    assert [found.name for found in load("mine:one")] == ["one"]
    assert [found.name for found in load("mine:both")] == ["one", "two"]


@pytest.mark.parametrize("name", registered())
def test_every_registered_name_is_a_target(name: str) -> None:
    assert all(found.name.startswith(name) for found in load(name))


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import nowhere", "mine:Tasks: the module fails to import: ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        ("raise ValueError('why')", "ValueError: why"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys; sys.exit('gone')", "SystemExit: gone"),
        ("def Tasks(): raise OSError('no')", "making a container, without arguments, fails"),
        ("def Tasks(argument): pass", "missing 1 required positional argument: 'argument'"),
        ("class Tasks: pass", "Tasks has no add_task"),
        ("class Tasks:\n def addtask(self): pass", "(it has 'addtask')"),
        ("class Tasks:\n add_task = print", "no async __call__()"),
        ("class Tasks:\n async def add_task(self): pass", "add_task of Tasks is async"),
        ("class Tasks:\n def __getattr__(self, name): raise OSError('no')", "OSError: no"),
        ("Tasks = 3", "is of type int: a class or factory"),
        (CONTAINER + "Tasks = Tasks()", "is one container, and the suite needs to make many"),
        (DECLARED + "Tasks = named('a', packages=('no-such',))", "no-such, which is not installed"),
        (DECLARED + "Tasks = named('a', deviations={'ORD-11': Deviation('')})", "did you mean"),
    ],
)
def test_what_is_wrong_with_a_target_is_told(program: str, told: str) -> None:
    write(program)
    with pytest.raises(TargetError) as caught:
        load("mine:Tasks")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("nowhere:Tasks", "there is no module 'nowhere'"),
        ("mine:Task", "did you mean 'Tasks'?"),
        ("mine:", "name a class, as in mine:MyTasks"),
        ("mine.py:Tasks", "name the module as Python imports it: mine:..."),
        ("./mine.py:Tasks", "name the module as Python imports it: mine:..."),
        (":Tasks", "Empty module name"),
        ("starlett", "did you mean 'starlette'?"),
        ("mine", "any other is given as module:attr"),
    ],
)
def test_a_wrong_name_is_told_with_what_to_do(target: str, told: str) -> None:
    write(CONTAINER)
    with pytest.raises(TargetError) as caught:
        load(target)
    assert told in str(caught.value)


def test_an_error_of_the_targets_names_the_place_it_came_from() -> None:
    write("x = 1\nraise ValueError('why')\n")
    with pytest.raises(TargetError, match=r"ValueError: why \(.*mine\.py, line 2\)"):
        load("mine:Tasks")
