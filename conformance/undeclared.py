"""The built-in implementations with nothing declared, for releases that no declaration was made at.

``bgspec check undeclared:fastapi``, with this folder as the current directory.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

__all__ = ["__getattr__"]


def __getattr__(name: str) -> tuple[Any, ...]:
    """The implementations of that name, each by its own name alone."""
    if name.startswith("_"):
        raise AttributeError(name)
    module = importlib.import_module(f"bgspec_conformance.implementations.{name}")
    return tuple(replace(one, deviations={}) for one in module.IMPLEMENTATIONS)
