"""What a child process and its parent say to each other, as JSON."""

from __future__ import annotations

import msgspec

from bgspec.spec import Profile
from bgspec_conformance.implementation import Traits
from bgspec_conformance.small.case import Case
from bgspec_conformance.tally import Tallies

__all__ = [
    "RUINED",
    "About",
    "Broken",
    "Job",
    "Message",
    "Note",
    "Progress",
    "Rejected",
    "Unsupported",
]


class Job(msgspec.Struct, frozen=True):
    """What a child is to do.

    Attributes:
        target: as it stands on the command line.
        variant: which of the implementations that it stands for.
        backend: the event loop.
        clauses: the ids of the clauses to judge.
        profiles: the profiles to try; a variant of another is only told about.
        examples: plans drawn by luck.
        seed: for them.
        start: the case to start with; those before are done.
        skip: the cases at which the implementation ended or hung the process.
        without: the clauses that those were made for: other cases made for them are left out.
    """

    target: str
    variant: int
    backend: str
    clauses: tuple[str, ...]
    profiles: tuple[Profile, ...]
    examples: int
    seed: int
    start: int = 0
    skip: tuple[int, ...] = ()
    without: tuple[str, ...] = ()


RUINED = 70
"""The exit status of a child in which no event loop starts any more."""


class Note(msgspec.Struct, frozen=True):
    """What is about to be carried out; read by the parent when the child is gone."""

    number: int
    case: Case


class About(msgspec.Struct, frozen=True, tag="about"):
    """What the target is, and how many cases there are.

    Attributes:
        variants: how many implementations it stands for.
        traits: of the one that is tried.
        cases: to carry out, ``start`` included.
    """

    variants: int
    traits: Traits
    cases: int


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """The target cannot be loaded."""

    why: str


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The suite itself failed; ``why`` is the traceback."""

    why: str


class Unsupported(msgspec.Struct, frozen=True, tag="unsupported"):
    """The implementation does not run on this backend."""

    why: str


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """What this child has counted so far; the first ``done`` cases are over.

    Attributes:
        done: so many cases, from the first on, are over.
        tallies: by this child; those of a child before it are the parent's to add.
        gave_up: why the rest is left; empty where it is not.
        final: nothing more comes: the plans are as small as they get.
    """

    done: int
    tallies: Tallies
    gave_up: str = ""
    final: bool = False


Message = About | Rejected | Broken | Unsupported | Progress
