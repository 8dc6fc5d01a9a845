"""The report as JSON; its schema is ``report.schema.json`` beside this file."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bgspec_conformance.report.model import Report, Reports

__all__ = ["to_json"]


def to_json(reports: Sequence[Report]) -> bytes:
    """One report by itself, several as ``{"reports": [...]}``."""
    content = reports[0] if len(reports) == 1 else Reports(tuple(reports))
    return (
        msgspec.json.format(msgspec.json.encode(content, order="deterministic"), indent=2) + b"\n"
    )
