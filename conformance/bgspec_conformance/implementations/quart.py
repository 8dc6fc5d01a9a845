"""Quart: its ``add_background_task``, in the course of a request."""

from __future__ import annotations

from bgspec_conformance.implementation import Deviation, Framework
from bgspec_conformance.request.dialects.quart import write

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS = (
    Framework(
        name="quart, a request",
        write=write,
        packages=("quart", "anyio"),
        backends=("asyncio",),
        deviations={
            "RSP-1": Deviation("Quart 0.22.0 starts the work at the add"),
            "DEP-3": Deviation(
                "Quart 0.22.0 starts every task by itself: an async one goes ahead of a sync one, "
                "which waits for its thread"
            ),
        },
    ),
)
