"""Witnesses: from a plan and a proof to a program to paste."""

from bgspec_conformance.witness.program import write

__all__ = ["write"]
