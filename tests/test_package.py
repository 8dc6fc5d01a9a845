"""What is shipped: the wheel and the sdist, what they need, and what their metadata say."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import bgspec
import bgspec_conformance
from bgspec.__main__ import SUITE_NEEDS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
VERSIONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))


def names_of(requirements: list[str]) -> list[str]:
    """The names of the distributions that are required."""
    return [Requirement(text).name for text in requirements]


def closure(requirements: list[str]) -> set[str]:
    """The names of the distributions that are required here, and by these in turn."""
    needed = [
        requirement
        for requirement in map(Requirement, requirements)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]
    found = {requirement.name for requirement in needed}
    for name in tuple(found):
        found |= closure(distribution(name).requires or [])
    return found


def top_level(name: str) -> Iterator[Path]:
    """The files and folders that an installed distribution puts beside others."""
    installed = distribution(name)
    for first in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
        yield Path(str(installed.locate_file(first)))


CORE = {path for name in closure(PROJECT["dependencies"]) for path in top_level(name)}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist made from the tree, and the wheel made from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    """The wheel, open."""
    (path,) = dist.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """The wheel's METADATA."""
    return Parser().parsestr(read(wheel, "METADATA"))


@pytest.fixture(scope="module")
def core_alone(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, and the core's dependencies beside it."""
    site = tmp_path_factory.mktemp("site")
    wheel.extractall(site)
    for path in CORE:
        (site / path.name).symlink_to(path)
    return site


def read(wheel: zipfile.ZipFile, name: str) -> str:
    """A file of the wheel's metadata."""
    return wheel.read(f"bgspec-{PROJECT['version']}.dist-info/{name}").decode()


def run_with(search_path: list[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python that finds the standard library and what is on `search_path` alone."""
    return subprocess.run(
        [sys.executable, "-S", "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(search_path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_both_packages_and_says_that_they_are_typed(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for package in ("bgspec", "bgspec_conformance"):
        assert {f"{package}/__init__.py", f"{package}/py.typed"} <= names


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(
    wheel: zipfile.ZipFile,
) -> None:
    sources = {
        str(Path(folder.name) / path.relative_to(folder))
        for folder in (ROOT / "bgspec", ROOT / "conformance" / "bgspec_conformance")
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".hypothesis"} & set(path.parts)
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == sources


def test_the_sdist_holds_what_is_needed_to_work_on_the_project(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "docs/conf.py",
        "pyproject.toml",
        "tests/test_package.py",
        "tests/typing/calls.py",
    } <= names


def test_the_core_needs_anyio_and_typing_extensions_alone(metadata: Message) -> None:
    always = [row for row in metadata.get_all("Requires-Dist", []) if "extra ==" not in row]
    assert names_of(always) == ["anyio", "typing-extensions"]


def test_importing_the_core_imports_nothing_but_its_dependencies() -> None:
    code = (
        "import sys, typing_extensions, anyio.from_thread, anyio.to_thread;"
        "before = set(sys.modules); import bgspec;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    imported = set(run_with(sys.path, code).stdout.split())
    assert "bgspec" in imported
    assert imported <= {"bgspec", "anyio", *sys.stdlib_module_names}


def test_the_core_works_where_only_its_dependencies_are(core_alone: Path) -> None:
    code = (
        "import anyio, bgspec;"
        "tasks = bgspec.BackgroundTasks(); tasks.add_task(print, 'it ran'); anyio.run(tasks)"
    )
    ended = run_with([str(core_alone)], code)
    assert (ended.stdout, ended.stderr) == ("it ran\n", "")


def test_without_the_suites_libraries_the_console_script_names_the_extra(core_alone: Path) -> None:
    ended = run_with([str(core_alone)], "from bgspec.__main__ import main; main()")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert 'pip install "bgspec[conformance]"' in ended.stderr


def test_the_console_script_hands_over_to_the_suite() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bgspec", "--help"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert "check" in ended.stdout


def test_the_console_script_looks_for_what_the_extra_installs() -> None:
    assert sorted(names_of(EXTRAS["conformance"])) == sorted(SUITE_NEEDS)


def test_every_entry_point_leads_somewhere(wheel: zipfile.ZipFile) -> None:
    groups = ConfigParser()
    groups.read_string(read(wheel, "entry_points.txt"))
    assert set(groups.sections()) == {"console_scripts", "pytest11", "bgspec.implementations"}
    for group in groups.sections():
        for target in groups[group].values():
            pkgutil.resolve_name(target)


def test_the_dev_extra_takes_in_every_other() -> None:
    (own,) = (item for item in map(Requirement, EXTRAS["dev"]) if item.name == "bgspec")
    assert own.extras == EXTRAS.keys() - {"dev"}


def test_the_licence_is_shipped_and_named(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert read(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text()


def test_the_same_versions_of_python_are_promised_tried_and_looked_for(metadata: Message) -> None:
    assert metadata["Requires-Python"] == f">={VERSIONS[0]}"
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    tried = re.search(r"python: \[(.*)\]", workflow)
    assert tried is not None
    assert re.findall(r"[\d.]+", tried[1]) == VERSIONS
    makefile = (ROOT / "Makefile").read_text()
    assert re.findall(r"python(3\.\d+)\b", makefile) == VERSIONS[::-1]


def public_modules() -> list[str]:
    """The modules of both packages that hold more than a docstring, and have no underscore."""
    paths = (
        path.relative_to(Path(package.__path__[0]).parent)
        for package in (bgspec, bgspec_conformance)
        for path in sorted(Path(package.__path__[0]).rglob("*.py"))
        if len(ast.parse(path.read_text()).body) > 1
    )
    names = (".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return [name for name in names if not re.search(r"\._(?!_main__)", name)]


@pytest.mark.parametrize("name", public_modules())
def test_every_name_in_all_is_there_and_stands_there_once(name: str) -> None:
    module = importlib.import_module(name)
    listed: list[str] = module.__all__
    assert [key for key in listed if not hasattr(module, key)] == []
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("name", ["bgspec", "bgspec.spec", "bgspec_conformance"])
def test_the_classes_that_a_package_takes_from_its_modules_are_in_its_all(name: str) -> None:
    package = importlib.import_module(name)
    taken = {
        key
        for key, value in vars(package).items()
        if inspect.isclass(value) and value.__module__.startswith(f"{name}.")
    }
    listed: list[str] = vars(package).get("__all__", [])
    assert taken - set(listed) == set()
