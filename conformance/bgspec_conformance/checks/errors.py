"""Checks of the chapter ERR: what surfaces of what tasks raise.

A run with one failure is ERR-1's, ERR-6's, ERR-7's or ERR-9's, by what was raised; one with several
is ERR-5's, and so is one that a cancellation ended after a failure. What a failure leaves of the
other tasks and runs is the module `aftermath`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.failures import (
    BASES,
    EXITS,
    OF_GENERATORS,
    SPECIAL,
    FailedRun,
    failed_runs,
    problem_of,
)
from bgspec_conformance.checks.hung import hung
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.reading import Call, Reading
from bgspec_conformance.transcript import is_itself
from bgspec_conformance.vocabulary import SYNC, Problem

__all__ = [
    "exits_pass",
    "failure_surfaces",
    "generator_exceptions_surface",
    "is_the_same_object",
    "own_cancellation_is_told",
    "tells_every_failure",
]


@check("ERR-1")
def failure_surfaces(reading: Reading) -> Iterator[Judgement]:
    """The one failure of a run surfaces."""
    yield from hung(reading, "ERR-1")
    for failed in failed_runs(reading):
        if len(failed.failures) == 1 and failed.problems.isdisjoint(SPECIAL):
            yield from _surfaces(failed)


def _surfaces(failed: FailedRun) -> Iterator[Judgement]:
    call, run = failed.failures[0], failed.run.run
    if failed.cancelled:
        return
    if failed.surfaced(call.task):
        yield HELD
    else:
        yield Violation(
            f"what {call.name} raised is raised by run {run}, or reached from what it raises",
            f"{failed.how()}, and what {call.name} raised is lost",
            f"'run {run} carries {call.name}' in log",
        )


@check("ERR-2")
def is_the_same_object(reading: Reading) -> Iterator[Judgement]:
    """What surfaces is the very object that the task raised."""
    for failed in failed_runs(reading):
        counts = Counter(call.task for call in failed.failures)
        for call in failed.failures:
            if problem_of(reading, call.task) in EXITS | {Problem.CANCELLED}:
                continue
            alike = [found for found in failed.surfaced(call.task) if found.call in {call.call, -1}]
            own = [found for found in alike if found.same]
            if any(is_itself(found) for found in own):
                yield HELD
            elif alike:
                line, count = f"run {failed.run.run} is {call.name}", counts[call.task]
                yield Violation(
                    f"what {call.name} raised surfaces as the same object, raised by the run or in "
                    "a group, with its traceback",
                    _changed(call, (own or alike)[0]),
                    f"{line!r} in log" if count == 1 else f"log.count({line!r}) == {count}",
                )


def _changed(call: Call, found: seen.Surfaced) -> str:
    """What became of an exception."""
    if not found.same:
        return f"another {found.kind} like the one that {call.name} raised surfaced"
    for step, through in zip(found.path, found.through, strict=True):
        if step != "member":
            return f"what {call.name} raised came as the __{step}__ of {through}"
    return f"the traceback of what {call.name} raised does not reach into {call.name}"


@check("ERR-5")
def tells_every_failure(reading: Reading) -> Iterator[Judgement]:
    """Every failure surfaces, or is logged where something else than a failure ended the run."""
    for failed in failed_runs(reading):
        if _closes(failed):
            continue
        if len(failed.failures) + failed.cancelled < 2:
            if _was_the_last(reading, failed) and failed.surfaced(failed.failures[0].task):
                yield HELD  # it stopped, and has told all that failed
            continue
        leaves = failed.cancelled or not failed.problems.isdisjoint(BASES)
        logged = {event.task for _, event in reading.of(seen.Logged)}
        counts = Counter(
            call.task
            for call in failed.failures
            if problem_of(reading, call.task) not in EXITS | {Problem.CANCELLED}
        )
        for task, count in counts.items():
            found = len(failed.surfaced(task))
            if found >= count or (leaves and task in logged):
                yield HELD
                continue
            line = f"run {failed.run.run} carries t{task}"
            told = f"{line!r} in log" if count == 1 else f"log.count({line!r}) >= {count}"
            lost = f"{count - found} of the {count} failures" if count > 1 else "the failure"
            yield Violation(
                f"every failure of t{task} surfaces" + (", or is logged" if leaves else ""),
                f"{failed.how()}, and {lost} of t{task} cannot be reached from that",
                f"{told} or 't{task} logged' in log" if leaves else told,
            )


def _was_the_last(reading: Reading, failed: FailedRun) -> bool:
    """Whether a run stopped at a failure, with others to come."""
    failing = [add for add in reading.waiting_for(failed.run) if reading.fails(add.task)]
    return len(failing) > 1 and failed.calls[-1] is failed.failures[0]


def _closes(failed: FailedRun) -> bool:
    """Whether a task raised GeneratorExit, which may close the coroutines around (ERR-7)."""
    return Problem.GENERATOR_EXIT in failed.problems


@check("ERR-6")
def exits_pass(reading: Reading) -> Iterator[Judgement]:
    """KeyboardInterrupt and SystemExit leave the run as they are, and no later task starts."""
    yield from hung(reading, "ERR-6")
    for failed in failed_runs(reading):
        call = next((c for c in failed.failures if problem_of(reading, c.task) in EXITS), None)
        if call is None or failed.cancelled:
            continue
        yield _passes(failed, call)
        later = next((other for other in failed.calls if other.at > call.over), None)
        if later is not None:
            before = sum(c.task == later.task and c.at < call.at for c in failed.calls)
            yield Violation(
                f"no task starts after {call.name} has raised {_exit(reading, call)}",
                f"{later.name} was called after it",
                f"{failed.part(later.task)}.count('{later.name} started') == {before}",
            )


def _exit(reading: Reading, call: Call) -> str:
    problem = problem_of(reading, call.task)
    assert problem is not None
    return problem.value


def _passes(failed: FailedRun, call: Call) -> Judgement:
    """Whether the very object is what the run raised."""
    found = failed.surfaced(call.task)
    if any(is_itself(surfaced) and not surfaced.path for surfaced in found):
        return HELD
    run, kind = failed.run.run, _exit(failed.reading, call)
    return Violation(
        f"run {run} raises the very {kind} that {call.name} raised",
        failed.how() + (", which carries it changed or wrapped" if found else ", without it"),
        f"'run {run} raised {kind}' in log and 'run {run} is {call.name}' in log",
    )


@check("ERR-7")
def generator_exceptions_surface(reading: Reading) -> Iterator[Judgement]:
    """StopIteration, StopAsyncIteration and GeneratorExit surface, and nothing hangs."""
    yield from hung(reading, "ERR-7")
    for failed in failed_runs(reading):
        seen_by_nobody = _closes(failed) and reading.beside(failed.run)
        alone = len(failed.failures) == 1 and not seen_by_nobody
        if alone and failed.problems <= OF_GENERATORS:
            yield from _surfaces(failed)


@check("ERR-9")
def own_cancellation_is_told(reading: Reading) -> Iterator[Judgement]:
    """A task's own cancellation error surfaces or counts as a cancellation, in each situation."""
    yield from hung(reading, "ERR-9")
    for failed in failed_runs(reading):
        own = failed.problems == frozenset({Problem.CANCELLED})
        if len(failed.failures) != 1 or not own or failed.cancelled:
            continue
        call, run = failed.failures[0], failed.run.run
        sync = reading.shape(call.task) in SYNC
        situation = "from a sync task" if sync else "from an async task"
        carries, ends = f"'run {run} carries {call.name}'", f"'run {run} cancelled'"
        later = next((other for other in failed.calls if other.at > call.over), None)
        if failed.surfaced(call.task):
            yield Answer("surfaces", f"{carries} in log", situation)
        elif failed.end.way is not seen.Way.CANCELLED:
            yield Violation(
                f"what {call.name} raised surfaces, or run {run} is cancelled",
                f"{failed.how()}, and what {call.name} raised is lost",
                f"{carries} in log or {ends} in log",
            )
        elif later is None:
            answer = f"{ends} in log and {carries} not in log"
            yield Answer("counts as cancellation", answer, situation)
        else:
            yield Violation(
                f"no task starts after {call.name}, whose cancellation error ends the run",
                f"{later.name} was called after it",
                f"{carries} in log or '{later.name} started' not in log",
            )
