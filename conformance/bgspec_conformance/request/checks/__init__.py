"""Checks of the request profile: one module a chapter, as in `bgspec_conformance.checks`.

Importing this package registers them all in `CHECKS`.
"""

from bgspec_conformance.request.checks import dependencies, response, wire
from bgspec_conformance.request.checks.reading import CHECKS, Reading

__all__ = ["CHECKS", "Reading", "dependencies", "response", "wire"]
