"""The gallery of the request profile: little frameworks that are wrong on purpose, or just odd.

Every member overrides one step of `Little`. Importing this package fills `FRAMEWORKS`.
"""

from tests.gallery.requests import (
    changing,
    closing,
    early,
    fates,
    flight,
    injecting,
    merging,
    odd,
    owning,
    wire,
)
from tests.gallery.requests.gallery import FRAMEWORKS

__all__ = [
    "FRAMEWORKS",
    "changing",
    "closing",
    "early",
    "fates",
    "flight",
    "injecting",
    "merging",
    "odd",
    "owning",
    "wire",
]
