"""What bgspec raises: one root, and for each error the builtin that it is a kind of."""

from __future__ import annotations

__all__ = ["BgspecError", "RunInProgress", "TaskRefused", "UnknownClause"]


class BgspecError(Exception):
    """The root of every error of bgspec's own; what a task raises is never wrapped in one."""


class TaskRefused(BgspecError, TypeError):
    """What was added cannot be run as a task: it cannot be called, or calling it does nothing."""


class RunInProgress(BgspecError, RuntimeError):
    """A container was awaited while it was running: by a task of its own, or twice at once."""


class UnknownClause(BgspecError, LookupError):
    """No clause of the contract has this id; the message names those that look like it."""
