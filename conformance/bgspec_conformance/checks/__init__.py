"""Checks: one module a chapter, each check a pure function from a plan and its history.

Importing this package registers them all in `CHECKS`.
"""

from bgspec_conformance.checks import (
    adding,
    aftermath,
    arguments,
    calling,
    cancellation,
    context,
    errors,
    order,
    reentry,
    running,
)
from bgspec_conformance.checks.judgement import CHECKS, HELD, Answer, Held, Judgement, Violation
from bgspec_conformance.checks.reading import Reading

__all__ = [
    "CHECKS",
    "HELD",
    "Answer",
    "Held",
    "Judgement",
    "Reading",
    "Violation",
    "adding",
    "aftermath",
    "arguments",
    "calling",
    "cancellation",
    "context",
    "errors",
    "order",
    "reentry",
    "running",
]
