"""Tallies: what a series of histories says of each clause, added up."""

from __future__ import annotations

import re

import msgspec

from bgspec_conformance.checks.judgement import Answer, Held, Judgement, Violation
from bgspec_conformance.history import Event, Expired, History, Settled
from bgspec_conformance.plan import Plan

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
    """

    plan: Plan | None
    violation: Violation
    backend: str
    lasting: bool = False
    shown: int = 0
    tries: int = 0


class AnswerSeen(msgspec.Struct, frozen=True):
    """An answer to a CHOICE, and the first plan that got it."""

    answer: Answer
    plan: Plan
    backend: str


class Tally(msgspec.Struct):
    """One clause, so far.

    Attributes:
        examples: plans whose history was judged.
        exercised: those that exercised the clause.
        violation: the first violation.
        also: what was seen by further violations, each sentence once, whichever tasks it names.
        lasting: a violation came with a wait that had to be ended.
        answers: the first of each answer, in each situation.
    """

    examples: int = 0
    exercised: int = 0
    violation: ViolationSeen | None = None
    also: tuple[str, ...] = ()
    lasting: bool = False
    answers: tuple[AnswerSeen, ...] = ()

    def count(self, judgements: list[Judgement], plan: Plan, history: History) -> None:
        """Add one history's judgements."""
        self.examples += 1
        self.exercised += bool(judgements)
        for judgement in judgements:
            match judgement:
                case Violation():
                    lasting = any(map(_waited_in_vain, history.events))
                    self.lasting = self.lasting or lasting
                    self._broken(ViolationSeen(plan, judgement, history.backend, lasting))
                case Answer():
                    self._answer(AnswerSeen(judgement, plan, history.backend))
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

    def merge(self, other: Tally) -> None:
        """Add what was counted elsewhere; of two violations the one seen first stays."""
        self.examples += other.examples
        self.exercised += other.exercised
        self.lasting = self.lasting or other.lasting
        if other.violation is not None:
            self._broken(other.violation)
        for sentence in other.also:
            self._also(sentence)
        for seen in other.answers:
            self._answer(seen)


def _waited_in_vain(event: Event) -> bool:
    return isinstance(event, Expired) or (isinstance(event, Settled) and event.unfinished > 0)


def without_numbers(sentence: str) -> str:
    """A sentence in which every task is called ``t``, whichever it is."""
    return re.sub(r"\bt\d+\b", "t", sentence)


Tallies = dict[str, Tally]
"""A tally for each clause, by id."""
