"""Checks of the chapter ERR: errors.

A run with one failure is ERR-1's, ERR-6's, ERR-7's or ERR-9's, by what was raised; one with several
is ERR-5's, and so is one that a cancellation ended after a failure. What becomes of the rest of the
run is ERR-3's and ERR-4's, and what becomes of the runs after it ERR-8's.
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
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import judged
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.plan import ASYNC, SYNC, Cancel, Problem, Return, Shape
from bgspec_conformance.transcript import is_itself

__all__ = [
    "answers_one_way",
    "exits_pass",
    "failure_surfaces",
    "generator_exceptions_surface",
    "harms_nothing_else",
    "is_the_same_object",
    "own_cancellation_is_told",
    "tells_every_failure",
    "undoes_nothing",
]

PLAIN = frozenset({Shape.FUNCTION, Shape.ASYNC_FUNCTION})


@check("ERR-1")
def failure_surfaces(reading: Reading) -> Iterator[Judgement]:
    """The one failure of a run surfaces."""
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


@check("ERR-3")
def undoes_nothing(reading: Reading) -> Iterator[Judgement]:
    """Tasks that ended before a failure are neither undone nor repeated within that run."""
    for failed in failed_runs(reading):
        first = failed.failures[0]
        before = {
            call.task
            for call in failed.calls
            if isinstance(call.end, seen.Ended) and call.over < first.over
        }
        violations = [*_repeated(failed, first, before), *_undone(reading, first)]
        if before:
            yield from violations or [HELD]


def _repeated(failed: FailedRun, first: Call, before: set[int]) -> Iterator[Violation]:
    """The tasks that ended before a failure and were called again after it."""
    later = {call.task for call in failed.calls if call.at > first.over}
    for task in sorted(before & later):
        if failed.too_often(task):
            yield Violation(
                f"t{task}, which had ended before {first.name} failed, is not called again",
                f"t{task} was called again after {first.name} had failed",
                f"{failed.part(task)}.count('t{task} started') == {failed.adds(task)}",
            )


def _undone(reading: Reading, first: Call) -> Iterator[Violation]:
    """What was written before a failure and is gone in the end."""
    written = [f"t{event.task}" for at, event in reading.of(seen.Written) if at < first.over]
    for _, settled in reading.of(seen.Settled):
        left = settled.shared[: len(written)]
        if written != list(left):
            names = ", ".join(written)
            start = f"in the end the list holds {names},"
            yield Violation(
                f"the list still holds {names}, written before {first.name} failed",
                f"in the end it holds {', '.join(settled.shared) or 'nothing'}",
                f"any(f'{{line}},'.startswith({start!r}) for line in log)",
            )


@check("ERR-4")
def answers_one_way(reading: Reading) -> Iterator[Judgement]:
    """After an ordinary failure the tasks that follow are all called, or none is."""
    for failed in failed_runs(reading):
        run, first = failed.run, failed.failures[0]
        waiting = reading.waiting_for(run)
        place = next((n for n, add in enumerate(waiting) if add.task == first.task), None)
        if failed.cancelled or place is None or not _may_be_asked(reading, run):
            continue
        due = [add.task for add in waiting[place + 1 :] if add.by == -1]
        overlap = any(first.at < call.at < first.over for call in failed.calls)  # ORD-2's
        if due and not overlap:
            yield _what_follows(failed, first, Counter(due))


def _may_be_asked(reading: Reading, run: RunOf) -> bool:
    """Whether nothing but ordinary failures can keep a run from going on: its tasks are of a shape
    that every implementation takes, and no earlier run of the container left any of them."""
    tasks = [reading.task(add.task) for add in reading.waiting_for(run)]
    before = [other for other in reading.runs_of(run.container) if other.began < run.began]
    return all(
        task.shape in SYNC | ASYNC
        and (isinstance(task.outcome, Return) or task.outcome.problem not in SPECIAL | BASES)
        for task in tasks
    ) and all(other.end is not None and other.end.way is seen.Way.RETURNED for other in before)


def _what_follows(failed: FailedRun, first: Call, due: Counter[int]) -> Judgement:
    """The answer that the tasks due after a failure give."""
    before = Counter(call.task for call in failed.calls if call.at <= first.at)
    after = Counter(call.task for call in failed.calls if call.at > first.at)

    def all_called(task: int) -> str:
        return f"{failed.part(task)}.count('t{task} started') >= {before[task] + due[task]}"

    missed = [task for task in due if after[task] < due[task]]
    if not missed:
        return Answer("continue", all_called(max(due)))
    if not any(after[task] for task in due):
        task = max(due)
        return Answer("stop", f"{failed.part(task)}.count('t{task} started') == {before[task]}")
    task = missed[0]
    met = next((other for other in due if other not in missed), task)
    if met == task:
        return Violation(
            f"after {first.name} has failed, all later tasks are called, or none is",
            f"t{task} was called, though not as often as it was added after {first.name}",
            f"{failed.part(task)}.count('t{task} started') in "
            f"{ {before[task], before[task] + due[task]} }",
        )
    return Violation(
        f"after {first.name} has failed, all later tasks are called, or none is",
        f"t{met} was called, and t{task} was not",
        f"({all_called(met)}) == ({all_called(task)})",
    )


@check("ERR-5")
def tells_every_failure(reading: Reading) -> Iterator[Judgement]:
    """Every failure surfaces, or is logged where something else than a failure ended the run."""
    for failed in failed_runs(reading):
        if len(failed.failures) + failed.cancelled < 2 or _closes(reading, failed):
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


def _closes(reading: Reading, failed: FailedRun) -> bool:
    """Whether a sync task raised GeneratorExit, which may close the coroutines around (ERR-7)."""
    return Problem.GENERATOR_EXIT in failed.problems and any(
        reading.shape(call.task) in SYNC for call in failed.failures
    )


@check("ERR-6")
def exits_pass(reading: Reading) -> Iterator[Judgement]:
    """KeyboardInterrupt and SystemExit leave the run as they are, and no later task starts."""
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
    """StopIteration, StopAsyncIteration and GeneratorExit surface."""
    for failed in failed_runs(reading):
        if len(failed.failures) == 1 and failed.problems <= OF_GENERATORS:
            if not (_closes(reading, failed) and reading.beside(failed.run)):
                yield from _surfaces(failed)


@check("ERR-8")
def harms_nothing_else(reading: Reading) -> Iterator[Judgement]:
    """After a failed run other containers, the loop and its threads serve as before."""
    broken = [run for run in reading.runs if any(call.failed for call in reading.calls_in(run))]
    if not broken or any(isinstance(s, Cancel) for t in reading.plan.tasks for s in t.body):
        return
    for run in reading.runs:
        if not any(o.container != run.container and o.ended < run.began for o in broken):
            continue
        if run.end is None or not _is_harmless(reading, run):
            continue
        if run.end.way is seen.Way.RETURNED:
            yield HELD
        else:
            yield Violation(
                f"run {run.run}, whose tasks do not fail, returns, though another container's failed",
                f"it {run.end.way.value}" + (f" {run.end.error}" if run.end.error else ""),
                f"'run {run.run} returned' in log",
            )
    yield from judged(reading, "ERR-8")
    for _, settled in reading.of(seen.Settled):
        if settled.held:
            yield Violation(
                "no thread token is held once every run is over",
                "thread tokens are still held",
                "'in the end 0 thread tokens are held' in log",
            )


def _is_harmless(reading: Reading, run: RunOf) -> bool:
    """Whether a run is a container's first, and has nothing in it but what every run does alike."""
    tasks = [reading.task(add.task) for add in reading.waiting_for(run)]
    return (
        run.first
        and not run.expired
        and run.by == -1
        and not reading.beside(run)
        and all(
            task.shape in PLAIN and not task.args and not task.kwargs and task.outcome == Return()
            for task in tasks
        )
    )


@check("ERR-9")
def own_cancellation_is_told(reading: Reading) -> Iterator[Judgement]:
    """A task's own cancellation error surfaces or counts as a cancellation, in each situation."""
    for failed in failed_runs(reading):
        if len(failed.failures) > 1 or failed.problems != {Problem.CANCELLED} or failed.cancelled:
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
