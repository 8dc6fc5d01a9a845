"""FastAPI: its ``BackgroundTasks``, the container alone, and the whole way of a request."""

from __future__ import annotations

from importlib.metadata import version
from inspect import signature

from fastapi import BackgroundTasks, Depends

from bgspec_conformance.implementation import Deviation, Framework, Implementation, Recipe
from bgspec_conformance.implementations import starlette
from bgspec_conformance.request.dialects.fastapi import FastAPIDialect

__all__ = ["IMPLEMENTATIONS"]

ANNOTATED = tuple(map(int, version("fastapi").split(".")[:2])) >= (0, 95)
SCOPES = "scope" in signature(Depends).parameters

IMPLEMENTATIONS = (
    Implementation(
        name="fastapi",
        make=BackgroundTasks,
        recipe=Recipe(imports="from fastapi import BackgroundTasks", make="BackgroundTasks()"),
        packages=("fastapi", "starlette", "anyio"),
        deviations=starlette.DEVIATIONS,  # 0.165.0 inherits the methods from Starlette's
    ),
    Framework(
        name="fastapi, a request",
        write=FastAPIDialect(annotated=ANNOTATED, scopes=SCOPES),
        packages=("fastapi", "starlette", "anyio"),
        deviations={
            "RSP-8": Deviation(
                "FastAPI 0.165.0 drops the container where the endpoint returns a response with a "
                "background of its own, and what is set on an injected response in its favour"
            ),
            "DEP-8": Deviation(
                "FastAPI 0.165.0 passes the container to the last such parameter alone, and "
                "answers every request with a 500"
            ),
        },
    ),
)
