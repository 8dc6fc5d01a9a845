"""Source quoted bare: without docstrings, annotations, and what nothing then uses.

A witness stands alone, so it quotes what an application is watched with. A reader wants to see what
it does, not what it is made of.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

__all__ = ["Quoted"]

OWN = "bgspec_conformance"

N = TypeVar("N", ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Quoted:
    """The modules in some files, as one.

    Args:
        files: where they are; a later one may name what is in those before it.
    """

    def __init__(self, files: Iterable[str | Path]) -> None:
        modules = [ast.parse(Path(file).read_text(encoding="utf-8")) for file in files]
        body = [node for module in modules for node in module.body]
        kinds = (ast.Import, ast.ImportFrom)
        self._imports = [node for node in body if isinstance(node, kinds)]
        code = (node for node in body if not isinstance(node, (*kinds, ast.Expr)))
        self._body: list[ast.stmt] = [Bare().visit(node) for node in code]

    def imports(self) -> Iterator[str]:
        """The import lines that are needed, sorted as they usually are."""
        text = "\n".join(self.code())
        needed: set[str] = set()
        for node in self._imports:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith((OWN, "__fut")):
                continue
            node.names = [name for name in node.names if _is_used(name.asname or name.name, text)]
            if node.names:
                needed.add(ast.unparse(node))
        return iter(sorted(needed, key=lambda line: (line.startswith("from"), line)))

    def code(self, unused: Iterable[str] = ()) -> Iterator[str]:
        """All else, without these methods, and without names that nothing uses."""
        gone = {*unused}
        for node in self._body:
            if isinstance(node, ast.ClassDef):
                node.body = [part for part in node.body if getattr(part, "name", "") not in gone]
        parts = {ast.unparse(node): node for node in self._body}
        for part, node in parts.items():
            rest = "\n".join(other for other in parts if other is not part)
            name = node.targets[0] if isinstance(node, ast.Assign) else None
            if not isinstance(name, ast.Name) or _is_used(name.id, rest):
                yield from ("" if name else "\n", part)


def _is_used(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


class Bare(ast.NodeTransformer):
    """Takes away docstrings and annotations."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """A parameter without its type."""
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """An assignment without its type."""
        if node.value is None:
            return ast.Pass()
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """A class without its docstring."""
        return self._bare(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """A function without its docstring, and the type of what it gives back."""
        node.returns = None
        return self._bare(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AsyncFunctionDef:
        """Likewise."""
        node.returns = None
        return self._bare(node)

    def _bare(self, node: N) -> N:
        body = [part for part in node.body if not _is_text(part)]
        node.body = body or [ast.Pass()]
        self.generic_visit(node)
        return node


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
