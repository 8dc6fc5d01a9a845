"""What a framework knows and FastAPI does not tell: who asks for the container, adds, and answers.

All are on the stack of what asks, adds or sends.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from fastapi.dependencies.utils import solve_dependencies
from starlette.responses import Response

__all__ = ["Asker", "adder_of", "asker_of", "response_of"]


@dataclass(frozen=True, slots=True)
class Asker:
    """A function that asks for the container, by one of its parameters.

    Attributes:
        function: it.
        parameter: the name of the parameter.
        needed_by: the functions that need it, from its caller to the endpoint; none above that.
        declared: on the way to the endpoint a dependency is no parameter, but is declared by the
            router or the application.
        cached: it is called once in a request.
        security: it is declared as a security dependency.
    """

    function: Callable[..., Any]
    parameter: str
    needed_by: tuple[Callable[..., Any], ...]
    declared: bool
    cached: bool
    security: bool

    @property
    def code(self) -> CodeType:
        """What runs when it is called."""
        call: Any = self.function
        if isinstance(call, type):
            call = inspect.getattr_static(call, "__init__")
        elif not inspect.isfunction(call):
            call = type(call).__call__
        code: CodeType = call.__code__
        return code

    @property
    def level(self) -> int:
        """How far it is from the endpoint, which is on level 0."""
        return len(self.needed_by)

    @property
    def yields(self) -> bool:
        """It is a generator of either kind."""
        return inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(
            self.function
        )

    @property
    def asynchronous(self) -> bool:
        """It is called on the loop."""
        return inspect.iscoroutinefunction(self.function) or inspect.isasyncgenfunction(
            self.function
        )

    @property
    def an_object(self) -> bool:
        """It is a class, or an instance with ``__call__``."""
        return not inspect.isfunction(self.function)


def asker_of(frame: FrameType | None) -> Asker:
    """Who asks, by the frame of the coroutine that FastAPI calls for it.

    FastAPI 0.165.0 does not tell a dependency who needs it. Its solver, which calls itself for each
    level, is on the stack, and has the function of its level in ``dependant`` and what it solves
    for that in ``sub_dependant``.
    """
    levels: list[dict[str, Any]] = []
    frame = frame and frame.f_back
    while frame is not None and frame.f_code is solve_dependencies.__code__:
        levels.append(frame.f_locals)
        frame = frame.f_back
    functions = [level["dependant"].call for level in levels]
    ways = [level["sub_dependant"] for level in levels]
    return Asker(
        functions[0],
        ways[0].name,
        tuple(functions[1:]),
        declared=any(way.name is None for way in ways),
        cached=len(ways) < 2 or ways[1].use_cache,
        security=len(ways) > 1 and bool(ways[1].own_oauth_scopes),
    )


def response_of(frame: FrameType | None) -> Response | None:
    """The response that sends, by the frame of a coroutine that passes its message on.

    Starlette 1.10.0 has it as ``self`` of the method that sends.
    """
    while frame is not None:
        sender = frame.f_locals.get("self")
        if isinstance(sender, Response):
            return sender
        frame = frame.f_back
    return None


def adder_of(frame: FrameType | None, askers: Iterable[Asker]) -> Asker | None:
    """Which of those that have asked is at work, by the frame that adds; None if it is none."""
    by_code = {asker.code: asker for asker in askers}
    while frame is not None and frame.f_code not in by_code:
        frame = frame.f_back
    return frame and by_code[frame.f_code]
