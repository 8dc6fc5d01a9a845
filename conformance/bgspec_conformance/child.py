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

import msgspec

from bgspec_conformance import history as seen
from bgspec_conformance.checks import Reading
from bgspec_conformance.errors import TargetError
from bgspec_conformance.implementation import Implementation
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
from bgspec_conformance.plan import Add, Plan, Run, Task
from bgspec_conformance.small import Case, cases
from bgspec_conformance.strategies import plans
from bgspec_conformance.target import load
from bgspec_conformance.trial import BATCH, Ruined, Trial
from bgspec_conformance.vocabulary import Shape

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
    implementation = variants[job.variant]
    lifeline.beat()
    todo = [*cases(), *(Case(plan) for plan in plans(job.examples, job.seed))]
    lifeline.send(_encode(About(len(variants), implementation.traits, len(todo))))
    warnings.simplefilter("ignore")
    gc.collect()
    gc.freeze()
    number_of = {id(case): number for number, case in enumerate(todo)}

    def before(case: Case) -> None:
        lifeline.note(_encode(Note(number_of.get(id(case), -1), case)).decode())

    if job.backend not in implementation.backends:
        lifeline.send(_encode(Unsupported("it says so")))
    elif job.backend != "asyncio" and (why := _unsupported(implementation, job.backend, before)):
        lifeline.send(_encode(Unsupported(why)))
    else:
        _carry_out(lifeline, job, implementation, todo, before)


def _carry_out(
    lifeline: Lifeline,
    job: Job,
    implementation: Implementation,
    todo: list[Case],
    before: Callable[[Case], object],
) -> None:
    """Carry out the cases in batches, telling the parent after each."""
    trial = Trial(implementation, job.backend, job.clauses, before=before, beat=lifeline.beat)
    skip = {id(todo[number]) for number in job.skip if number >= 0}
    for start in range(job.start, len(todo), BATCH):
        if trial.gave_up:
            break
        batch = todo[start : min(start + BATCH, len(todo))]
        trial.run(c for c in batch if id(c) not in skip and c.focus not in job.without)
        lifeline.send(_encode(Progress(start + len(batch), trial.tallies, trial.gave_up)))
    for clause in trial.tallies:
        trial.smallest(clause)
    lifeline.send(_encode(Progress(len(todo), trial.tallies, trial.gave_up, final=True)))


def _unsupported(
    implementation: Implementation, backend: str, before: Callable[[Case], object]
) -> str:
    """Why no task at all can be run on a backend; empty where one can."""
    why: list[str] = []
    started: list[bool] = []

    def look(case: Case, history: seen.History) -> None:
        reading = Reading(case.plan, history)
        started.append(bool(reading.calls))
        why.extend(run.end.error for run in reading.runs if run.end and run.end.error)

    trial = Trial(implementation, backend, (), before=before)
    plain = (Shape.FUNCTION, Shape.ASYNC_FUNCTION)
    for shape in plain:
        trial.carry_out([Case(Plan((Task(shape),), (Add(0), Run())))], look)
    return "" if any(started) or not why else f"a run raises {why[0]}"


if __name__ == "__main__":
    main()
