"""What the suite raises."""

from __future__ import annotations

from bgspec.errors import BgspecError

__all__ = ["Beyond", "SuiteError", "TargetError"]


class SuiteError(BgspecError):
    """The root of the suite's errors."""


class TargetError(SuiteError, LookupError):
    """A target cannot be loaded, or is nothing that can be tried."""


class Beyond(Exception):
    """A plan cannot be written in a framework's terms; the message says what it has not."""
