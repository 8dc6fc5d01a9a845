"""How the documentation is built."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "bgspec"
author = "The bgspec authors"
project_copyright = "2026, The bgspec authors"
release = version_of("bgspec")
version = release

extensions = ["bgspec_clauses", "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "changelog.d", "performance.tables.md"]
default_role = "code"

autodoc_default_options = {
    "members": True,
    "show-inheritance": True,
    "special-members": "__call__",
}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
myst_heading_anchors = 3
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "bgspec"
