"""What the suite raises."""

from __future__ import annotations

from bgspec.errors import BgspecError

__all__ = ["SuiteError", "TargetError"]


class SuiteError(BgspecError):
    """The root of the suite's errors."""


class TargetError(SuiteError, LookupError):
    """A target cannot be loaded, or is nothing that can be tried."""
