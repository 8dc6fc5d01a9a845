"""A witness: the smallest plan found, as a program that fails where the clause is broken.

It stands alone: it uses the implementation's own public interface and what it quotes, and needs the
suite no more. For a fault that comes and goes it loops, and prints how often.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bgspec_conformance.implementation import Traits
from bgspec_conformance.plan import Linger, Plan, Race, Together
from bgspec_conformance.verdict import Evidence, Verdict
from bgspec_conformance.witness.brief import INDENT, Brief
from bgspec_conformance.witness.prose import asserted, docstring
from bgspec_conformance.witness.quoting import quotes, state
from bgspec_conformance.witness.scene import scene

__all__ = ["MOST_ATTEMPTS", "write"]

ATTEMPTS = 100
"""How often a witness tries where threads race, or where two answers are looked for."""
MOST_ATTEMPTS = 1000
"""How often, at most, where the fault came and went when it was found."""
MODULES = (
    "asyncio", "contextvars", "functools", "gc", "logging", "operator", "re", "sys", "sysconfig",
    "threading", "traceback", "types", "weakref",
)  # fmt: skip
"""The standard library's modules that a witness may use."""
OVERLAPPING = "ORD-2"
"""The clause of tasks that overlap: whether they do is for their threads to decide."""
STATE = {
    **dict.fromkeys(("names", "sent", "fresh", "weak"), "{}"),
    **dict.fromkeys(("failures", "running"), "[]"),
}
"""What ``stage`` holds at first."""


def write(verdict: Verdict, traits: Traits) -> str:
    """The witness of a failure, as the source of a program; empty where no plan shows it.

    Run, it prints the transcript, and ends with an AssertionError where the clause is broken.
    """
    evidence = verdict.evidence
    if evidence is None or evidence.plan is None or not evidence.proof:
        return ""
    assert isinstance(evidence.plan, Plan)
    assert traits.recipe is not None
    brief = Brief(evidence.plan, evidence.proof, traits.recipe, evidence.backend)
    if isinstance(evidence.other, Plan):
        other = Brief(evidence.other, evidence.other_proof, traits.recipe, evidence.other_backend)
        scenes = {"one": scene(brief), "other": scene(other)}
    elif evidence.shown < evidence.tries or _is_unsure(verdict.clause, evidence):
        scenes = {"attempt": scene(brief)}
    else:
        scenes = {"": scene(brief)}
    code = "\n".join(line for lines in scenes.values() for line in lines)
    sources = quotes(code, traits.recipe)
    code = "\n".join((code, *sources.values()))
    kept = [f'"{key}": {value}' for key, value in STATE.items() if key in state(code)]
    body: list[str] = []
    for source in sources.values():
        body += [*source.splitlines(), "", ""]
    body.append("log = []")
    if kept or "stage[" in code:
        body.append(f"stage = {{{', '.join(kept)}}}")
    if "VAR." in code:
        body.append('VAR = contextvars.ContextVar("VAR", default="unset")')
    for name, lines in scenes.items():
        body += [*_function(name, lines, kept)] if name else lines
    body += _conclusion(verdict.clause, evidence)
    imports = _imports("\n".join(body), traits.recipe.imports)
    return "\n".join([*docstring(verdict), "", *imports, "", *body]) + "\n"


def _is_unsure(clause: str, evidence: Evidence) -> bool:
    """Whether the fault may not show at once: it was seen only once, or threads race for it."""
    plan = evidence.plan
    assert isinstance(plan, Plan)
    steps = (step for task in plan.tasks for step in task.body)
    races = any(isinstance(action, Race | Together) for action in plan.script)
    threads = any(add.thread for add in plan.adds())
    lingers = any(isinstance(step, Linger) for step in steps)
    return not evidence.tries or races or threads or lingers or clause == OVERLAPPING


def _conclusion(clause: str, evidence: Evidence) -> Iterator[str]:
    """The proof, of one run of the scene or of many."""
    if evidence.other is not None:
        yield f"one_answer = any((lambda log: {evidence.proof})(one()) for _ in range({ATTEMPTS}))"
        yield (
            f"other_answer = any((lambda log: {evidence.other_proof})(other())"
            f" for _ in range({ATTEMPTS}))"
        )
        yield f'assert not (one_answer and other_answer), "{clause} has two answers"'
    elif evidence.shown == evidence.tries and _is_unsure(clause, evidence):
        yield f"kept = all((lambda log: {evidence.proof})(attempt()) for _ in range({ATTEMPTS}))"
        yield r'print(*log, sep="\n")'
        yield f'assert kept, "{clause} is broken"'
    elif evidence.shown < evidence.tries:
        yield "broken = times = 0"
        yield f"while broken < 3 and times < {MOST_ATTEMPTS}:"
        yield f"{INDENT}times += 1"
        yield f"{INDENT}broken += not (lambda log: {evidence.proof})(attempt())"
        yield f'print(f"{clause} was broken {{broken}} of {{times}} times")'
        yield f'assert not broken, "{clause} is broken at times"'
    else:
        yield r'print(*log, sep="\n")'
        yield from asserted(evidence.proof, clause)


def _function(name: str, lines: Iterable[str], kept: list[str]) -> Iterator[str]:
    """A scene as a function that can be called again; gives its transcript."""
    yield ""
    yield ""
    yield f"def {name}():"
    yield f"{INDENT}log.clear()"
    if kept:
        yield f"{INDENT}stage.update({{{', '.join(kept)}}})"
    for line in lines:
        yield (INDENT + line).replace("global ", "nonlocal ") if line else ""
    yield f"{INDENT}return [*log]"
    yield ""
    yield ""


def _imports(code: str, own: str) -> Iterator[str]:
    """The imports that the code needs."""
    for module in MODULES:
        if re.search(rf"\b{module}\.", code) and f"import {module}\n" not in f"{own}\n":
            yield f"import {module}"
    yield ""
    yield "import anyio"
    for module in ("anyio.from_thread", "anyio.lowlevel", "anyio.to_thread"):
        if f"{module}." in code:
            yield f"import {module}"
    if "trio." in code:
        yield "import trio"
    yield own
