"""What a sink of tasks is, for type checkers.

Nothing here runs a task. The protocols hold for Starlette's and FastAPI's own classes as they are,
for the reference runner, and for whatever else takes a function with its arguments, so code that is
typed against them can be handed any of these.

They are not ``runtime_checkable``: an ``isinstance`` would see that a name is there, nothing more.
Whether an implementation keeps its promises is found out by ``bgspec check``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, Protocol, TypeAlias

from typing_extensions import TypeVar

__all__ = ["StrictAddTask", "SupportsAddTask", "SupportsBackgroundTasks", "SupportsRun"]

P = ParamSpec("P")
# The default is `object` and not `Any`: with `Any` every checker lets through a sink that takes
# async functions only, where a sink of any function was asked for.
R_contra = TypeVar("R_contra", contravariant=True, default=object)


# The shape of `add_task` was measured with mypy 2.4, pyright 1.1.414, ty 0.0.105, pyrefly 1.4 and
# zuban 0.10:
#
# * no `/` after `func`: mypy then refuses Starlette's and FastAPI's own classes. For the checkers,
#   an implementation therefore names its parameter `func`, whatever it allows at run time;
# * it returns `None`: were it `object`, an `async def add_task` would get through, and an add that
#   nobody awaits adds nothing;
# * no overloads: pyright then refuses Starlette's class;
# * no options among `kwargs`: they would collide with a task's own arguments. An implementation
#   takes them in front: `tasks.with_options(...).add_task(...)`.
class SupportsAddTask(Protocol[R_contra]):
    """Something that a function can be added to, to be called later with the arguments given.

    The bare form takes any callable, and is what Starlette and FastAPI give. The parameter is what
    the functions that it takes may return; `StrictAddTask` is the stricter one of the two in use.

    Example:
        A function that says what it needs, and works with every framework's container::

            def welcome(tasks: SupportsAddTask, email: str) -> None:
                tasks.add_task(send_mail, email, subject="Welcome")

    FastAPI injects by class and knows no protocol: as the annotation of an endpoint's parameter
    this one needs ``Annotated[SupportsAddTask, Depends(...)]``.
    """

    def add_task(self, func: Callable[P, R_contra], *args: P.args, **kwargs: P.kwargs) -> None:
        """Take `func`, to be called later as ``func(*args, **kwargs)``.

        Args:
            func: the function itself, sync or async; it is not called here (ADD-1).
            args: its positional arguments, handed on as they are (ARG-1).
            kwargs: its keyword arguments, likewise (ARG-2).

        Raises:
            TypeError: where an implementation refuses the add: `func` cannot be called (ADD-7),
                the arguments do not fit (ADD-9), a keyword cannot be handed on (ADD-5).
        """


StrictAddTask: TypeAlias = SupportsAddTask[Awaitable[object] | None]
"""A sink that takes async functions, and sync ones that return None, so no result is lost.

Generator and async generator functions (CALL-7) and functions whose value would be lost are type
errors here. The bare `SupportsAddTask` is assignable to it, so code can ask for the strict view and
be handed any sink.
"""


class SupportsRun(Protocol):
    """Something that runs what was added to it when it is called and awaited."""

    async def __call__(self) -> None:
        """Run what was added, and return when the last task has ended (RUN-2).

        Raises:
            BaseException: what a task raised (ERR-1); several may come as one group (ERR-4, ERR-5).
        """


class SupportsBackgroundTasks(SupportsAddTask[R_contra], SupportsRun, Protocol[R_contra]):
    """Both in one, as the collector profile has it: ``add_task`` gathers, and awaiting runs."""
