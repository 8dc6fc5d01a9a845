"""The witness of a framework's failure: the application that showed it, and the client.

The application stands first, as a user would have written it; below it is what the suite watched it
with, as far as it is needed, quoted from `bgspec_conformance.request.scene`.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bgspec_conformance.implementation import Traits
from bgspec_conformance.request import scene
from bgspec_conformance.request.plan import Application
from bgspec_conformance.request.stage import requests
from bgspec_conformance.verdict import Verdict
from bgspec_conformance.witness.prose import asserted, docstring

__all__ = ["write"]

TIMES = 100
"""How often a witness tries where the fault came and went."""
SERVED = """

def served(app, requests, backend, together):
    global scene
    scene = Scene()
    anyio.run(partial(scene.serve, app, requests, together=together), backend=backend)
    return scene.log

"""


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
        end = [
            f"one_answer = (lambda log: {evidence.proof})({one})",
            f"other_answer = (lambda log: {evidence.other_proof})({other})",
            f'assert not (one_answer and other_answer), "{verdict.clause} has two answers"',
        ]
    elif evidence.shown < evidence.tries:
        end = [
            f"logs = [{one} for _ in range({TIMES})]",
            f"broken = sum(not (lambda log: {evidence.proof})(log) for log in logs)",
            f'print(f"{verdict.clause} was broken {{broken}} of {TIMES} times")',
            f'assert not broken, "{verdict.clause} is broken at times"',
        ]
    else:
        end = [f"log = {one}", r'print(*log, sep="\n")', *asserted(evidence.proof, verdict.clause)]
    return "\n".join([*docstring(verdict), "", code, *_client(code), SERVED, *end]) + "\n"


def _serve(app: str, plan: Application, backend: str) -> str:
    """An expression for the transcript of an application that is served its requests."""
    return f'served({app}, {requests(plan)}, "{backend}", {plan.together})'


def _function(name: str, source: str) -> str:
    """An application's module as a function that gives the application."""
    return f"def {name}():\n{textwrap.indent(source, '    ')}    return app\n\n\n"


def _client(code: str) -> Iterator[str]:
    """What the application is watched with: the scene, without what this one does not call."""
    module = ast.parse(_source())
    unused = {"added", "add", "closing"} - {*re.findall(r"scene\.(\w+)", code)}
    yield ""
    yield "# What the application is watched with, and served."
    imports = [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom)]
    yield from (ast.unparse(node) for node in imports[1:])  # the first is that of the future
    yield ""
    for node in module.body[1:]:
        if node in imports or _is_named(node, "__all__") or _is_text(node):
            continue
        if isinstance(node, ast.ClassDef):
            node.body = [part for part in node.body if getattr(part, "name", "") not in unused]
        yield from ("", ast.unparse(_without_docstrings(node)))


@cache
def _source() -> str:
    return Path(scene.__file__).read_text(encoding="utf-8")


def _is_named(node: ast.stmt, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _without_docstrings(node: ast.stmt) -> ast.stmt:
    for inner in ast.walk(node):
        if isinstance(inner, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner.body = [part for part in inner.body if not _is_text(part)]
    return node
