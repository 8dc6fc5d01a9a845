"""The child process: loads a target, carries out the cases on one backend, and tells its parent.

Started by the engine as ``python -m bgspec_conformance.child``. The target may end or hang this
process at any point; what was counted before is with the parent by then.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import msgspec

from bgspec.spec import CLAUSES
from bgspec_conformance.errors import TargetError
from bgspec_conformance.implementation import Subject
from bgspec_conformance.kit import KITS
from bgspec_conformance.lifeline import Lifeline
from bgspec_conformance.messages import (
    RUINED,
    About,
    Broken,
    Job,
    Note,
    Progress,
    Rejected,
    Unsupported,
)
from bgspec_conformance.small.case import Case
from bgspec_conformance.target import load
from bgspec_conformance.trial import BATCH, Ruined, Trial

__all__ = ["main"]

_encode = msgspec.json.Encoder().encode


def main() -> None:
    """Do the job that the lifeline holds."""
    lifeline = Lifeline.open()
    try:
        _do(lifeline)
    except Ruined:
        os._exit(RUINED)  # as if the last case had ended the process; the parent starts another
    except BaseException:  # what a target raises is caught where it is called
        lifeline.send(_encode(Broken(traceback.format_exc())))
    lifeline.goodbye()


def _do(lifeline: Lifeline) -> None:
    """Load the target, and carry out what it can be asked."""
    job = msgspec.json.decode(lifeline.job, type=Job)
    sys.path.insert(0, "")
    try:
        variants = load(job.target)
    except TargetError as exc:
        lifeline.send(_encode(Rejected(str(exc))))
        return
    subject = variants[job.variant]
    kit = KITS[subject.profile]
    lifeline.beat()
    if not _is_asked_for(subject, job):
        lifeline.send(_encode(About(len(variants), subject.traits, 0)))
        lifeline.send(_encode(Progress(0, {}, final=True)))
        return
    todo = [*kit.cases(), *(Case(plan) for plan in kit.plans(job.examples, job.seed))]
    lifeline.send(_encode(About(len(variants), subject.traits, len(todo))))
    warnings.simplefilter("ignore")
    gc.collect()
    gc.freeze()
    number_of = {id(case): number for number, case in enumerate(todo)}

    def before(case: Case) -> None:
        lifeline.note(_encode(Note(number_of.get(id(case), -1), case)).decode())

    if job.backend not in subject.backends:
        lifeline.send(_encode(Unsupported("it says so")))
    elif job.backend != "asyncio" and (why := _unsupported(subject, job.backend, before)):
        lifeline.send(_encode(Unsupported(why)))
    else:
        _carry_out(lifeline, job, subject, todo, before)


def _is_asked_for(subject: Subject, job: Job) -> bool:
    asked = (CLAUSES[clause] for clause in job.clauses)
    return subject.profile in job.profiles and any(subject.profile in c.profiles for c in asked)


def _carry_out(
    lifeline: Lifeline,
    job: Job,
    subject: Subject,
    todo: list[Case],
    before: Callable[[Case], object],
) -> None:
    """Carry out the cases in batches, telling the parent after each."""
    trial = Trial(subject, job.backend, job.clauses, before=before, beat=lifeline.beat)
    skip = {id(todo[number]) for number in job.skip if number >= 0}
    for start in range(job.start, len(todo), BATCH):
        if trial.gave_up:
            break
        batch = todo[start : min(start + BATCH, len(todo))]
        trial.run(c for c in batch if id(c) not in skip and c.focus not in job.without)
        lifeline.send(_encode(Progress(start + len(batch), trial.tallies, trial.gave_up)))
    for clause in trial.tallies:
        trial.smallest(clause)
    trial.tell_sources()
    lifeline.send(_encode(Progress(len(todo), trial.tallies, trial.gave_up, final=True)))


def _unsupported(subject: Subject, backend: str, before: Callable[[Case], object]) -> str:
    """Why nothing at all can be run on a backend; empty where something can."""
    kit = KITS[subject.profile]
    found: list[tuple[bool, str]] = []

    def look(case: Case, history: Any) -> None:
        found.append(kit.ran(kit.reading(case.plan, history)))

    trial = Trial(subject, backend, (), before=before)
    for plan in kit.plain:
        trial.carry_out([Case(plan)], look)
    why = [why for _, why in found if why]
    return why[0] if why and not any(ran for ran, _ in found) else ""


if __name__ == "__main__":
    main()
