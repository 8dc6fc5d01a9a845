"""Chapter TYP: what a static checker accepts and refuses.

`add_task` takes a callable and its arguments apart, and a `ParamSpec` puts them together again for
the checker. So a wrong call is an error in the editor, long before the run; that is worth a clause,
since at run time it would be told after the response. These clauses are asked of a checker, about
the class's own annotations; no program is run.
"""

from __future__ import annotations

from typing import Final

from bgspec.spec._clause import Clause, Level, Profile

__all__ = ["CLAUSES"]

_TYPES: Final = (Profile.TYPES,)

CLAUSES: Final[tuple[Clause, ...]] = (
    Clause(
        id="TYP-1",
        level=Level.MUST,
        profiles=_TYPES,
        title="right calls are accepted",
        sentence=(
            "A right call of `add_task` MUST be accepted, over every shape of callable that ADD-2 "
            "names; a task's own keywords named `func`, `self`, `args` or `kwargs` are left out, "
            "for checkers refuse some of them whatever runs."
        ),
        reason=(
            "A false error is silenced with an ignore, and the ignore then hides the true one on "
            "the same line."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0: mypy 2.4 and "
            "pyright 1.1.414 refuse the keyword `func`, and pyright refuses `kwargs`"
        ),
    ),
    Clause(
        id="TYP-2",
        level=Level.MUST,
        profiles=_TYPES,
        title="wrong arguments are refused",
        sentence=(
            "A call with a wrong number of arguments, an argument of a wrong type, or a keyword "
            "that the callable does not have MUST be refused."
        ),
        reason=(
            "A parameter renamed in the task function leaves every add of it wrong, and no test "
            "that stops at the response notices."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0, mypy 2.4 and "
            "pyright 1.1.414: all three are errors"
        ),
        rests_on=("TYP-1",),
    ),
    Clause(
        id="TYP-3",
        level=Level.MUST,
        profiles=_TYPES,
        title="what is no function is refused",
        sentence=(
            "A coroutine object, the result of a call, or None in place of the callable MUST be "
            "refused."
        ),
        reason=(
            "`add_task(send(mail))` for `add_task(send, mail)` is the commonest slip, and at run "
            "time it is told late (ADD-7)."
        ),
        source=(
            "FastAPI's tutorial, Adding the task; observed with Starlette 1.10.0, mypy 2.4 and "
            "pyright 1.1.414: all three are errors"
        ),
        rests_on=("TYP-1",),
    ),
    Clause(
        id="TYP-4",
        level=Level.MUST,
        profiles=_TYPES,
        title="the class is a SupportsAddTask",
        sentence="The class MUST be assignable to `SupportsAddTask`.",
        reason=(
            "Functions that take the protocol work with every sink, so a service that adds tasks "
            "need not import a web framework."
        ),
        source=(
            "observed with Starlette 1.10.0, FastAPI 0.165.0, mypy 2.4 and pyright 1.1.414: both "
            "of their classes are; `BackgroundTask`, without the s, is an error"
        ),
    ),
    Clause(
        id="TYP-5",
        level=Level.SHOULD,
        profiles=_TYPES,
        title="and of its strict view",
        sentence=(
            "The class SHOULD be assignable to the strict view of `SupportsAddTask`, which takes "
            "only callables that return an awaitable or None."
        ),
        reason=(
            "In code that asks for the strict view, generator functions (CALL-7) and functions "
            "whose value would be lost are type errors."
        ),
        source=(
            "follows from CALL-7 and RUN-4; observed with Starlette 1.10.0, FastAPI 0.165.0, mypy "
            "2.4 and pyright 1.1.414: both of their classes are"
        ),
        rests_on=("TYP-4",),
    ),
)
