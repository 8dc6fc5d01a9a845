"""The witness of a framework's failure: the application that showed it, and the client.

The application stands first, as a user would have written it; below it is what the suite watched it
with, as far as it is needed, quoted from `bgspec_conformance.request.scene`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from bgspec_conformance.implementation import Traits
from bgspec_conformance.request import scene
from bgspec_conformance.request.plan import Application, Server
from bgspec_conformance.request.quoted import Quoted
from bgspec_conformance.request.stage import requests
from bgspec_conformance.verdict import Verdict
from bgspec_conformance.witness.prose import asserted, docstring

__all__ = ["MOST", "TIMES", "WATCHED", "write"]

TIMES = 100
"""How often a witness tries where the fault came and went."""
SERVED = """

def served(app, requests, backend, watching=None, **options):
    global scene
    scene = watching or Scene()
    anyio.run(partial(scene.serve, app, requests, **options), backend=backend)
    return scene.log
"""
WIRE = Path(scene.__file__).with_name("wire.py")
UNUSED = {"added", "add", "closing"}
"""Methods of the scene that not every application calls."""
CALLED = re.compile(r"scene\.(\w+)")
WATCHED = "# What the application is watched with, and served."
"""The line before the part of a witness that is the same for all."""
MOST = 20
"""Seconds that a work of a witness waits for the client's sign, at most."""


def write(verdict: Verdict, _: Traits) -> str:
    """The witness, as the source of a program; empty where no plan shows the failure.

    Run, it prints the transcript, and ends with an AssertionError where the clause is broken.
    """
    evidence = verdict.evidence
    if evidence is None or not evidence.source or not evidence.proof:
        return ""
    assert isinstance(evidence.plan, Application)
    one = _serve("app", evidence.plan, evidence.backend)
    code = evidence.source
    if isinstance(evidence.other, Application):
        code = f"{_function('one', evidence.source)}{_function('other', evidence.other_source)}"
        one = _serve("one()", evidence.plan, evidence.backend)
        other = _serve("other()", evidence.other, evidence.other_backend)
        times = TIMES if evidence.plan.server is Server.NONE else 1
        end = [
            f"tries = range({times})  # an answer may come and go",
            f"one_answer = any((lambda log: {evidence.proof})({one}) for _ in tries)",
            f"other_answer = any((lambda log: {evidence.other_proof})({other}) for _ in tries)",
            f'assert not (one_answer and other_answer), "{verdict.clause} has two answers"',
        ]
    elif evidence.shown < evidence.tries:
        end = [
            f"logs = [{one} for _ in range({TIMES})]",
            f"broken = sum(not (lambda log: {evidence.proof})(log) for log in logs)",
            f'print(f"{verdict.clause} was broken {{broken}} of {TIMES} times")',
            f'assert not broken, "{verdict.clause} is broken at times"',
        ]
    elif evidence.plan.together:
        end = [
            f"for _ in range({TIMES}):  # what is in flight at once may race",
            f"    log = {one}",
            f"    if not ({evidence.proof}):",
            r'        print(*log, sep="\n")',
            f'        raise AssertionError("{verdict.clause} is broken")',
        ]
    else:
        end = [f"log = {one}", r'print(*log, sep="\n")', *asserted(evidence.proof, verdict.clause)]
    plans = [plan for plan in (evidence.plan, evidence.other) if isinstance(plan, Application)]
    return "\n".join([*docstring(verdict), "", code, *_watching(code, plans), "", *end]) + "\n"


def _serve(app: str, plan: Application, backend: str) -> str:
    """An expression for the transcript of an application that is served its requests."""
    options = [f'"{backend}"']
    if plan.server is not Server.NONE:
        options.append(f'Wire("{plan.server.value}", most={MOST})')
    options += [f"{name}=True" for name in ("together", "stopped") if getattr(plan, name)]
    return f"served({app}, {requests(plan)}, {', '.join(options)})"


def _function(name: str, source: str) -> str:
    """An application's module as a function that gives the application."""
    return f"def {name}():\n{textwrap.indent(source, '    ')}    return app\n\n\n"


def _watching(code: str, plans: list[Application]) -> Iterator[str]:
    """What applications are watched with, and served: the scene, and the wire where it is used."""
    over_a_wire = any(plan.server is not Server.NONE for plan in plans)
    quoted = Quoted([scene.__file__, *([WIRE] if over_a_wire else [])])
    yield from ("", WATCHED)
    yield from quoted.imports()
    yield from quoted.code(unused=set() if over_a_wire else UNUSED - {*CALLED.findall(code)})
    yield SERVED
