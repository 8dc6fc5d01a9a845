"""The JSON Schema of a report, made from its Structs.

``report.schema.json`` beside this file holds it; ``python -m bgspec_conformance.report.schema``
writes that file anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from bgspec_conformance.report.model import Report, Reports

__all__ = ["PATH", "schema", "text"]

PATH: Final = Path(__file__).with_name("report.schema.json")
"""The committed schema."""


def schema() -> dict[str, Any]:
    """The JSON Schema of the file: one report, or several."""
    refs, components = msgspec.json.schema_components(
        [Report, Reports], ref_template="#/$defs/{name}"
    )
    for component in components.values():
        if "description" in component:
            component["description"] = _first_paragraph(component["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bgspec report",
        "anyOf": list(refs),
        "$defs": components,
    }


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.partition("\n\n")[0].split())


def text() -> str:
    """The schema as it stands in the file."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
