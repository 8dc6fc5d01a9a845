"""The gallery: what the suite must catch, and what it must leave alone.

Every member overrides one step of the `Model`. Importing this package fills `MEMBERS` and `ODD`.
"""

from tests.gallery import (
    adding,
    aftermath,
    arguments,
    beside,
    cancellation,
    context,
    coroutines,
    errors,
    exits,
    keeping,
    later,
    order,
    otherwise,
    running,
    shapes,
    threads,
)

__all__ = [
    "adding",
    "aftermath",
    "arguments",
    "beside",
    "cancellation",
    "context",
    "coroutines",
    "errors",
    "exits",
    "keeping",
    "later",
    "order",
    "otherwise",
    "running",
    "shapes",
    "threads",
]
