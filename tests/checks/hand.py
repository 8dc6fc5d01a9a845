"""What the tests of the checks share: a plan, a few events, and what a check says of them."""

from __future__ import annotations

from bgspec_conformance.checks import CHECKS, HELD, Answer, Reading, Violation
from bgspec_conformance.history import Event, History
from bgspec_conformance.plan import Plan
from bgspec_conformance.transcript import transcript

__all__ = ["said"]


def said(clause: str, plan: Plan, *events: Event) -> str:
    """What the clause's check says, in words, with each proof held against the transcript.

    Args:
        clause: its id.
        plan: what was to be done.
        events: what happened.

    Returns:
        ``"held"``, ``"broken"`` or the answer for each judgement, with a space between.
    """
    history = History("asyncio", events)
    words: list[str] = []
    for judgement in CHECKS[clause](Reading(plan, history)):
        match judgement:
            case Violation(proof=proof):
                assert not _true(proof, history), proof
                words.append("broken")
            case Answer(answer=answer, proof=proof):
                assert _true(proof, history), proof
                words.append(answer)
            case _:
                assert judgement is HELD
                words.append("held")
    return " ".join(words)


def _true(proof: str, history: History) -> bool:
    return bool(eval(proof, {"log": transcript(history)}))  # noqa: S307  our own
