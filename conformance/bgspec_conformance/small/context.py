"""Small plans for the chapter CTX."""

from collections.abc import Iterator

from bgspec_conformance.small.case import Case


def cases() -> Iterator[Case]:
    yield from ()
