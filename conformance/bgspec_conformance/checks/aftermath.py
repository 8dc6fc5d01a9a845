"""Checks of the chapter ERR: what a failure leaves of the other tasks, of its run and of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.failures import BASES, SPECIAL, FailedRun, failed_runs
from bgspec_conformance.checks.hung import hung
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import judged
from bgspec_conformance.checks.reading import Call, Reading, RunOf
from bgspec_conformance.plan import Cancel, Return
from bgspec_conformance.vocabulary import ASYNC, PLAIN, SYNC

__all__ = ["answers_one_way", "harms_nothing_else", "undoes_nothing"]


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
        if before:
            violations = (*_repeated(failed, first, before), *_undone(reading, first))
            yield from violations or (HELD,)


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
    """Whether nothing but ordinary failures can keep a run from going on.

    Its tasks are of shapes that every implementation takes, and no earlier run failed, so that
    none of them was left by that, nor harmed (ERR-8).
    """
    tasks = [reading.task(add.task) for add in reading.waiting_for(run)]
    before = [other for other in reading.runs if other.began < run.began]
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
            how = f"run {run.run} {run.end.way.value}"
            yield Violation(
                f"run {run.run} returns, for only another container's tasks failed",
                f"{how} {run.end.error}" if run.end.way is seen.Way.RAISED else how,
                f"'run {run.run} returned' in log",
            )
    yield from hung(reading, "ERR-8")
    yield from judged(reading, "ERR-8")
    for _, settled in reading.of(seen.Settled):
        if settled.held:
            yield Violation(
                "no thread token is held once every run is over",
                "thread tokens are still held",
                "'in the end 0 thread tokens are held' in log",
            )


def _is_harmless(reading: Reading, run: RunOf) -> bool:
    """Whether a run is a container's first, and has nothing in it but what every run does alike.

    An empty one is RUN-3's.
    """
    tasks = [reading.task(add.task) for add in reading.waiting_for(run)]
    return (
        bool(tasks)
        and run.first
        and not run.expired
        and run.by == -1
        and not reading.beside(run)
        and all(
            task.shape in PLAIN and not task.args and not task.kwargs and task.outcome == Return()
            for task in tasks
        )
    )
