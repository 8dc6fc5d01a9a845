"""A program of the tutorial's kind, with its import line changed, and what comes of requests to it.

``python -m tests.tutorial FOLDER`` compares, for each program in a folder, what its requests answer
and write with FastAPI's own class and with ours.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain, combinations
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import anyio
import httpx
from fastapi import FastAPI

__all__ = ["Outcome", "Wrap", "as_it_is", "outcome", "swapped"]

OURS = "from bgspec.adapters.fastapi import BackgroundTasks\n"
NAME = "program_of_the_tutorial"

Wrap: TypeAlias = Callable[[Any], Any]


class Outcome(NamedTuple):
    """What came of the requests to a program.

    Attributes:
        answers: the status and the body of each.
        files: what the tasks wrote.
        schema: the program's OpenAPI document.
    """

    answers: list[tuple[int, str]]
    files: dict[str, str]
    schema: dict[str, Any]


def as_it_is(app: Any) -> Any:
    """An application without anything around it."""
    return app


def swapped(source: str) -> str:
    """A program with our class in place of FastAPI's.

    Args:
        source: a program with a line ``from fastapi import BackgroundTasks, ...``.
    """
    changed, times = re.subn(
        r"^from fastapi import BackgroundTasks, ",
        OURS + "from fastapi import ",
        source,
        flags=re.MULTILINE,
    )
    assert times == 1, source
    return changed


def outcome(source: str, wrap: Wrap = as_it_is) -> Outcome:
    """Send a program its requests, in a folder of its own, and see what it answers and writes.

    Args:
        source: the program.
        wrap: what to put around its application.
    """
    module = ModuleType(NAME)
    sys.modules[NAME] = module  # where FastAPI looks up the names of annotations
    try:
        exec(compile(source, NAME, "exec", dont_inherit=True), vars(module))
        app: FastAPI = module.app
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            answers = anyio.run(_answers, wrap(app), [*_targets(app)])
            files = {path.name: path.read_text() for path in Path.cwd().iterdir()}
    finally:
        del sys.modules[NAME]
    return Outcome(answers, files, app.openapi())


def _targets(app: FastAPI) -> Iterator[str]:
    """The paths to post to, each with every set of query parameters."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    for path, methods in paths.items():
        parameters = methods["post"]["parameters"]
        names = [each["name"] for each in parameters if each["in"] == "query"]
        for some in chain.from_iterable(combinations(names, n) for n in range(len(names) + 1)):
            query = "&".join(f"{name}=what" for name in some)
            yield re.sub(r"\{\w+\}", "someone@example.org", path) + f"?{query}"


async def _answers(app: Any, targets: list[str]) -> list[tuple[int, str]]:
    answers: list[tuple[int, str]] = []
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://program") as client:
        for target in targets:
            response = await client.post(target)
            answers.append((response.status_code, response.text))
    return answers
