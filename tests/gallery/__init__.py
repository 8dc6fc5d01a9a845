"""The gallery: what the suite must catch, and what it must leave alone.

Every member overrides one step of the `Model`. Importing this package fills `MEMBERS` and `ODD`.
"""

from tests.gallery import (
    adding,
    calling,
    cancellation,
    context,
    errors,
    failing,
    order,
    running,
)

__all__ = [
    "adding",
    "calling",
    "cancellation",
    "context",
    "errors",
    "failing",
    "order",
    "running",
]
