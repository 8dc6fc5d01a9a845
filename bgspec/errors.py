"""What bgspec raises: one root, and for each error the builtin that it is a kind of."""

from __future__ import annotations

__all__ = [
    "ArgumentsRefused",
    "BgspecError",
    "RunInProgress",
    "SinkFailed",
    "SupervisorFull",
    "SupervisorRefused",
    "TaskRefused",
    "UnknownClause",
]


class BgspecError(Exception):
    """The root of every error of bgspec's own; what a task raises is never wrapped in one."""


class TaskRefused(BgspecError, TypeError):
    """What was added cannot be run as a task: it cannot be called, or calling it does nothing."""


class RunInProgress(BgspecError, RuntimeError):
    """A container was awaited while it was running: by a task of its own, or twice at once."""


class UnknownClause(BgspecError, LookupError):
    """No clause of the contract has this id; the message names those that look like it."""


class ArgumentsRefused(TaskRefused):
    """The arguments of an add do not fit the function; the message names the parameter."""


class SinkFailed(BgspecError, RuntimeError):
    """A sink raised, as the cause tells, when an outbox handed it a task; that is staged still."""


class SupervisorRefused(BgspecError, RuntimeError):
    """A supervisor does not do this, or not any more; it has not taken what it was given."""


class SupervisorFull(SupervisorRefused):
    """As many tasks run and wait as the supervisor was told to take, so this one was not taken."""
