"""A witness: the smallest plan found, as a program that fails where the clause is broken.

It stands alone: it uses the implementation's own public interface and what it quotes, and needs the
suite no more. For a fault that comes and goes it loops, and prints how often.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator

from bgspec.spec import CLAUSES
from bgspec_conformance import shapes, values
from bgspec_conformance.implementation import Traits
from bgspec_conformance.verdict import Verdict
from bgspec_conformance.witness import quoted
from bgspec_conformance.witness.scene import INDENT, Scene

__all__ = ["write"]

ATTEMPTS = 200
"""How often a witness tries for a fault that comes and goes."""
WIDTH = 96
MODULES = (
    "asyncio", "contextvars", "functools", "gc", "operator", "sys", "sysconfig", "threading", "traceback",
    "types", "weakref",
)  # fmt: skip
"""The standard library's modules that quoted code may use."""


def write(verdict: Verdict, traits: Traits) -> str:
    """The witness of a failure, as the source of a program; empty where no plan shows it.

    Run, it prints the transcript, and ends with an AssertionError where the clause is broken.
    """
    evidence = verdict.evidence
    if evidence is None or evidence.plan is None or not evidence.proof:
        return ""
    proof = evidence.proof
    scene = Scene(evidence.plan, proof, traits.recipe, evidence.backend)
    if evidence.other is not None:
        other = Scene(evidence.other, evidence.other_proof, traits.recipe, evidence.other_backend)
        body = [
            *_function("one", scene.source()),
            *_function("other", other.source()),
            f"one_answer = (lambda log: {proof})(one())",
            f"other_answer = (lambda log: {evidence.other_proof})(other())",
            f'assert not (one_answer and other_answer), "{verdict.clause} has two answers"',
        ]
        quotes = scene.quotes | other.quotes
    elif evidence.shown < evidence.tries:
        body = [
            *_function("attempt", scene.source()),
            f"kept = [(lambda log: {proof})(attempt()) for _ in range({ATTEMPTS})]",
            f'print(f"{verdict.clause} was broken {{kept.count(False)}} of {ATTEMPTS} times")',
            f'assert all(kept), "{verdict.clause} is broken at times"',
        ]
        quotes = scene.quotes
    else:
        body = [
            *scene.source(),
            r'print(*log, sep="\n")',
            *_assertion(proof, verdict.clause),
        ]
        quotes = scene.quotes
    code = [*_quoted(quotes, traits), *body]
    head = [*_docstring(verdict), "", *_imports("\n".join(code), traits.recipe.imports), ""]
    return "\n".join([*head, *code]).rstrip() + "\n"


def _docstring(verdict: Verdict) -> Iterator[str]:
    clause = CLAUSES[verdict.clause]
    assert verdict.evidence is not None
    yield f'"""{clause.id} ({clause.level}): {clause.title}.'
    yield ""
    for text in (
        clause.sentence,
        f"Expected: {verdict.evidence.expected}.",
        f"Seen:     {verdict.evidence.seen}.",
    ):
        yield from textwrap.wrap(
            _plain(text), WIDTH, subsequent_indent="" if text is clause.sentence else " " * 10
        )
    yield '"""'


def _plain(text: str) -> str:
    """A text as it may stand in a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''").replace("``", "`")


def _assertion(proof: str, clause: str) -> Iterator[str]:
    line = f'assert {proof}, "{clause} is broken"'
    if len(line) <= WIDTH:
        yield line
    else:
        yield "assert ("
        yield f"{INDENT}{proof}"
        yield f'), "{clause} is broken"'


def _function(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"def {name}():"
    for line in lines:
        yield (INDENT + line).replace("global ", "nonlocal ") if line else ""
    yield f"{INDENT}return log"
    yield ""
    yield ""


def _quoted(names: set[str], traits: Traits) -> Iterator[str]:
    """The sources of what is quoted, in a fixed order, what they use themselves included."""
    sources: dict[str, str] = {}
    for home in (values, shapes, quoted):
        for name, thing in vars(home).items():
            if getattr(thing, "__module__", None) == home.__name__ and inspect.isroutine(
                thing
            ) | inspect.isclass(thing):
                sources[name] = inspect.getsource(thing).rstrip()
    sources["container_of"] = _container_of(traits)
    wanted = set(names)
    while True:
        text = "\n".join(sources[name] for name in wanted)
        more = {name for name in sources if re.search(rf"(?<![\w.\"']){name}\(", text)} | wanted
        if more == wanted:
            break
        wanted = more
    for name, source in sources.items():
        if name in wanted:
            yield from _bare(source).splitlines()
            yield ""
            yield ""


def _container_of(traits: Traits) -> str:
    recipe = traits.recipe
    add = recipe.add.format(container="container", call="work")
    lines = ["def container_of(work):", f"    container = {recipe.make}", f"    {add}"]
    return "\n".join([*lines, "    return container"])


def _bare(source: str) -> str:
    """A function's source without its annotations, which a witness has no types for."""
    source = re.sub(r"\)\s*->\s*[^\n]+:\n", "):\n", source)
    source = re.sub(
        r"(\*{0,2}\b\w+): (?:Any|Work|object|str|int|BaseException|FrameType)(?=[,)=\s])",
        r"\1",
        source,
    )
    source = re.sub(
        r"(\b\w+): (?:tuple|dict|Callable|Coroutine)\[[^=\n]*?\](?=[,)])", r"\1", source
    )
    source = re.sub(r"^(\s*\w+): [^=\n]+ = ", r"\1 = ", source, flags=re.MULTILINE)
    return source.replace("functools.partial[Any]", "functools.partial")


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
