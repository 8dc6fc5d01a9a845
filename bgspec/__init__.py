"""The contract of background tasks: what ``add_task`` promises, and a runner that keeps it.

Type against `SupportsAddTask`, run with `BackgroundTasks`, and find out what any other
implementation promises with ``bgspec check``.
"""

from __future__ import annotations

from bgspec.errors import BgspecError, RunInProgress, TaskRefused, UnknownClause
from bgspec.protocols import StrictAddTask, SupportsAddTask, SupportsBackgroundTasks, SupportsRun
from bgspec.runner import BackgroundTasks
from bgspec.task import Task

__all__ = [
    "BackgroundTasks",
    "BgspecError",
    "RunInProgress",
    "StrictAddTask",
    "SupportsAddTask",
    "SupportsBackgroundTasks",
    "SupportsRun",
    "Task",
    "TaskRefused",
    "UnknownClause",
    "__version__",
]

__version__: str


def __getattr__(name: str) -> str:
    """The version, read from the installed distribution when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("bgspec")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
