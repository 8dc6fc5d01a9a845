"""FastAPI: its ``BackgroundTasks``, the container alone."""

from __future__ import annotations

from fastapi import BackgroundTasks

from bgspec_conformance.implementation import Implementation, Recipe
from bgspec_conformance.implementations import starlette

__all__ = ["IMPLEMENTATIONS"]

IMPLEMENTATIONS = (
    Implementation(
        name="fastapi",
        make=BackgroundTasks,
        recipe=Recipe(imports="from fastapi import BackgroundTasks", make="BackgroundTasks()"),
        packages=("fastapi", "starlette", "anyio"),
        deviations=starlette.DEVIATIONS,  # 0.165.0 inherits the methods from Starlette's
    ),
)
