"""The gallery of the request profile: little frameworks that are wrong on purpose, or odd."""

from __future__ import annotations

from tests.gallery.member import Gallery

__all__ = ["FRAMEWORKS", "breaks", "odd"]

FRAMEWORKS = Gallery()
breaks = FRAMEWORKS.breaks
odd = FRAMEWORKS.odd
