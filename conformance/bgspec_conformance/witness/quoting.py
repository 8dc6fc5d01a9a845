"""Quoting: the sources of the suite's own functions and classes, for a program that stands alone.

What a program quotes is found in its text: whatever it calls by one of their names.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from functools import cache

from bgspec_conformance import shapes, values
from bgspec_conformance.implementation import Recipe
from bgspec_conformance.witness import quoted

__all__ = ["bare", "quotes", "state"]


def quotes(code: str, recipe: Recipe) -> dict[str, str]:
    """The sources that a program needs, by name, in a fixed order; also what those need."""
    sources = {**_sources(), "container_of": _container_of(recipe)}
    wanted: set[str] = set()
    text = code
    while more := {name for name in sources if name not in wanted and _calls(text, name)}:
        wanted |= more
        text = "\n".join(sources[name] for name in more)
    return {name: source for name, source in sources.items() if name in wanted}


def state(code: str) -> set[str]:
    """The keys of ``stage`` that a program uses."""
    return set(re.findall(r'stage\["(\w+)"\]', code))


def _calls(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.\"']){name}\(", text) is not None


@cache
def _sources() -> dict[str, str]:
    return {
        name: bare(inspect.getsource(thing).rstrip())
        for home in (values, shapes, quoted)
        for name, thing in vars(home).items()
        if getattr(thing, "__module__", None) == home.__name__
        and (inspect.isfunction(thing) or inspect.isclass(thing))
    }


def _container_of(recipe: Recipe) -> str:
    add = recipe.add.format(container="container", call="work")
    lines = ("def container_of(work):", f"    container = {recipe.make}", f"    {add}")
    return "\n".join((*lines, "    return container"))


def bare(source: str) -> str:
    """A source without its annotations, which a witness has no types for."""
    starts = [0, *itertools.accumulate(len(line) + 1 for line in source.split("\n"))]

    def begin(node: ast.expr | ast.arg) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.expr) -> int:
        return starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    cuts: list[tuple[int, int, str]] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.arg(annotation=ast.expr() as annotation):
                after = end(annotation)
                default = source.startswith(" = ", after)
                name = begin(node) + len(node.arg)
                cuts.append((name, after + 3 * default, "=" * default))
            case (
                ast.FunctionDef(returns=ast.expr() as returns)
                | ast.AsyncFunctionDef(returns=ast.expr() as returns)
            ):
                cuts.append((source.rindex(" -> ", 0, begin(returns)), end(returns), ""))
            case ast.AnnAssign(target=target, annotation=annotation):
                cuts.append((end(target), end(annotation), ""))
            case ast.Call(func=ast.Subscript(value=ast.Attribute() as generic) as called):
                cuts.append((end(generic), end(called), ""))  # functools.partial[Any](...)
            case _:
                pass
    for start, stop, instead in sorted(cuts, reverse=True):
        source = source[:start] + instead + source[stop:]
    return source
