"""Plans of the request profile: each can be written or is said to be beyond, and shrinks whole."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress

import anyio
import pytest

from bgspec.spec import Profile
from bgspec_conformance.errors import Beyond
from bgspec_conformance.implementation import Framework
from bgspec_conformance.implementations import fastapi, litestar, quart, reference, starlette
from bgspec_conformance.request.cases import cases
from bgspec_conformance.request.dialects.fastapi import FastAPIDialect
from bgspec_conformance.request.plan import Application, Server, dump
from bgspec_conformance.request.scene import Scene
from bgspec_conformance.request.shrink import smaller
from bgspec_conformance.request.stage import build, requests
from bgspec_conformance.request.strategies import plans
from bgspec_conformance.request.witness import write
from bgspec_conformance.verdict import Evidence, Kind, Verdict

PLANS = [case.plan for case in cases()] + plans(60, 5)
FRAMEWORKS = [
    one
    for module in (fastapi, litestar, quart, reference, starlette)
    for one in module.IMPLEMENTATIONS
    if isinstance(one, Framework)
]


def application(plan: object) -> Application:
    assert isinstance(plan, Application)
    return plan


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.name)
def test_a_plan_is_written_as_a_module_or_is_beyond(framework: Framework) -> None:
    assert framework.profile is Profile.REQUEST
    written = 0
    for plan in map(application, PLANS):
        with suppress(Beyond):
            names = {
                node.id
                for node in ast.walk(ast.parse(framework.write(plan)))
                if isinstance(node, ast.Name)
            }
            assert "app" in names
            written += 1
    assert written > 20


def test_smaller_plans_are_whole_and_never_the_same() -> None:
    for plan in map(application, PLANS[::3]):
        for one in smaller(plan):
            assert dump(one) != dump(plan)
            ast.parse(FastAPIDialect()(one))
            numbers = range(len(one.works))
            assert {*one.endpoint.adds, *one.endpoint.background} <= {*numbers}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.name)
def test_every_event_of_a_served_plan_is_in_the_log(framework: Framework, backend: str) -> None:
    if backend not in framework.backends:
        return
    for plan in [p for p in map(application, PLANS[::40]) if p.server is Server.NONE]:
        with suppress(Beyond):
            scene = Scene()
            app = build(framework.write(plan), scene)
            anyio.run(scene.serve, app, requests(plan), backend=backend)
            kinds = [row[0] for row in scene.log]
            assert kinds.count("began") == kinds.count("answered") == len(plan.requests)


def witness(**more: object) -> str:
    plan = Application()
    source = FastAPIDialect()(plan)
    evidence = Evidence("this", "that", plan, "True", backend="asyncio", source=source, **more)  # type: ignore[arg-type]
    return write(Verdict("RSP-6", Kind.FAILED, evidence=evidence), FRAMEWORKS[0].traits)


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (lambda: witness(shown=5, tries=5), "RSP-6 is broken"),
        (lambda: witness(shown=2, tries=5), "RSP-6"),
        (
            lambda: witness(
                other=Application(), other_proof="True", other_backend="trio",
                other_source=FastAPIDialect()(Application()),
            ),
            "two answers",
        ),
    ],
)  # fmt: skip
def test_a_witness_is_a_program(program: Callable[[], str], told: str) -> None:
    text = program()
    assert told in text
    compile(text, "<witness>", "exec")


def test_without_a_plan_there_is_no_witness() -> None:
    evidence = Evidence("this", "that")
    assert not write(Verdict("RSP-6", Kind.FAILED, evidence=evidence), FRAMEWORKS[0].traits)
