"""The reference runner as a subclass of Starlette's container, for whoever asks for that class.

A response takes it as its background, ``isinstance`` says yes, and type checkers do too:

* ``Response(background=tasks)``, in Starlette and in FastAPI;
* whatever is typed as Starlette's ``BackgroundTask`` or ``BackgroundTasks``.

`tasks` is the runner's: a tuple of what is pending, where Starlette has a list of all tasks.
"""

from __future__ import annotations

from bgspec.runner import BackgroundTasks as ReferenceTasks

try:
    from starlette import background
except ImportError as error:
    raise ImportError(
        "bgspec.adapters.starlette needs Starlette: pip install 'bgspec[starlette]'"
    ) from error

__all__ = ["BackgroundTasks"]


# A list that says what is pending would be wrong as soon as somebody appends to it.
class BackgroundTasks(ReferenceTasks, background.BackgroundTasks):  # type: ignore[misc] # see above
    """`bgspec.BackgroundTasks`, which is one of Starlette's as well.

    FastAPI injects a container of its own class whatever subclass a parameter is annotated with;
    `bgspec.adapters.fastapi` has what it injects instead.

    Example:
        ::

            async def sign_up(request):
                tasks = BackgroundTasks()
                tasks.add_task(send_mail, "someone@example.org", subject="Welcome")
                return PlainTextResponse("welcome", background=tasks)
    """
