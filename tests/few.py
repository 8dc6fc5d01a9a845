"""A target that is tried quickly: Starlette's container, of which few plans ask anything."""

from __future__ import annotations

from starlette.background import BackgroundTasks

from bgspec_conformance import Implementation, Recipe

__all__ = ["FEW", "TARGET"]

TARGET = f"{__name__}:FEW"
FEW = Implementation(
    name="few",
    make=BackgroundTasks,
    capacity=1,
    backends=("asyncio",),
    recipe=Recipe(
        imports="from starlette.background import BackgroundTasks", make="BackgroundTasks()"
    ),
)
