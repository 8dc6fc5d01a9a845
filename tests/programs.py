"""Witnesses, carried out."""

from __future__ import annotations

import contextlib
import io
import linecache
import logging
import warnings

__all__ = ["outcome"]

NAME = "<witness>"


def outcome(program: str) -> BaseException | None:
    """What a program ends with, carried out in this process; None where it ends well."""
    linecache.cache[NAME] = len(program), None, program.splitlines(keepends=True), NAME
    handlers = [*logging.getLogger().handlers]
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            exec(compile(program, NAME, "exec", dont_inherit=True), {"__name__": "__main__"})
    except BaseException as exc:
        return exc
    finally:
        logging.getLogger().handlers[:] = handlers
    return None
