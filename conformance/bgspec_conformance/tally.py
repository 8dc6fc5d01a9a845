"""Tallies: what a series of histories says of each clause, added up."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from bgspec_conformance.checks.judgement import Answer, Held, Judgement, Violation
from bgspec_conformance.plan import Plan
from bgspec_conformance.request.plan import Application

__all__ = ["MOST_ALSO", "AnswerSeen", "Tallies", "Tally", "ViolationSeen", "without_numbers"]

MOST_ALSO = 40
"""Sentences, at most, that are kept of further violations."""


class ViolationSeen(msgspec.Struct, frozen=True):
    """A violation, the plan that showed it, and where.

    Attributes:
        plan: the plan, smallest found; None where none can be shown.
        violation: what was expected and seen.
        backend: on which event loop.
        lasting: a wait had to be ended, so that carrying it out again takes as long.
        shown: how many of ``tries`` times the plan showed it when it was carried out again; a
            fault that comes and goes shows less often.
        tries: how often it was carried out again; not at all where that takes too long.
        source: the program that the plan is carried out as, where it is one.
    """

    plan: Plan | Application | None
    violation: Violation
    backend: str
    lasting: bool = False
    shown: int = 0
    tries: int = 0
    source: str = ""


class AnswerSeen(msgspec.Struct, frozen=True):
    """An answer to a CHOICE, the first plan that got it, and the program that this is."""

    answer: Answer
    plan: Plan | Application
    backend: str
    source: str = ""


class Tally(msgspec.Struct):
    """One clause, so far.

    Attributes:
        examples: plans whose history was judged.
        exercised: those that exercised the clause.
        violation: the first violation.
        also: what was seen by further violations, each sentence once, whichever tasks it names.
        lasting: a violation came with a wait that had to be ended.
        answers: the first of each answer, in each situation.
        beyond: why a plan that was made for the clause could not be carried out.
    """

    examples: int = 0
    exercised: int = 0
    violation: ViolationSeen | None = None
    also: tuple[str, ...] = ()
    lasting: bool = False
    answers: tuple[AnswerSeen, ...] = ()
    beyond: str = ""

    def count(
        self,
        judgements: list[Judgement],
        plan: Plan | Application,
        backend: str,
        *,
        lasting: bool = False,
    ) -> None:
        """Add what was judged of one history; ``lasting``: a wait had to be ended there."""
        self.examples += 1
        self.exercised += bool(judgements)
        for judgement in judgements:
            match judgement:
                case Violation():
                    self.lasting = self.lasting or lasting
                    self._broken(ViolationSeen(plan, judgement, backend, lasting))
                case Answer():
                    self._answer(AnswerSeen(judgement, plan, backend))
                case Held():
                    pass

    def _broken(self, seen: ViolationSeen) -> None:
        if self.violation is None:
            self.violation = seen
        else:
            self._also(seen.violation.seen)

    def _also(self, sentence: str) -> None:
        if len(self.also) < MOST_ALSO:
            first = () if self.violation is None else (self.violation.violation.seen,)
            known = {without_numbers(other) for other in (*first, *self.also)}
            if without_numbers(sentence) not in known:
                self.also = (*self.also, sentence)

    def _answer(self, seen: AnswerSeen) -> None:
        known = {(a.answer.situation, a.answer.answer) for a in self.answers}
        if (seen.answer.situation, seen.answer.answer) not in known:
            self.answers = (*self.answers, seen)

    def tell(self, source: Callable[[Plan | Application], str]) -> None:
        """Add the programs that the plans kept here are carried out as."""
        if self.violation is not None and self.violation.plan is not None:
            self.violation = replace(self.violation, source=source(self.violation.plan))
        self.answers = tuple(replace(seen, source=source(seen.plan)) for seen in self.answers)

    def merge(self, other: Tally) -> None:
        """Add what was counted elsewhere; of two violations the one seen first stays."""
        self.examples += other.examples
        self.exercised += other.exercised
        self.lasting = self.lasting or other.lasting
        self.beyond = self.beyond or other.beyond
        if other.violation is not None:
            self._broken(other.violation)
        for sentence in other.also:
            self._also(sentence)
        for seen in other.answers:
            self._answer(seen)


def without_numbers(sentence: str) -> str:
    """A sentence in which every task is called ``t``, whichever it is."""
    return re.sub(r"\bt\d+\b", "t", sentence)


Tallies = dict[str, Tally]
"""A tally for each clause, by id."""
