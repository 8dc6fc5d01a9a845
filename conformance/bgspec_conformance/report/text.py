"""Text that a report shows and that an implementation may have made."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str) -> str:
    """The text with its control characters, but for line breaks, made visible.

    A terminal would carry them out, and XML cannot hold them.
    """
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )
