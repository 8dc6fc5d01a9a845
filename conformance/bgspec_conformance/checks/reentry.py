"""Checks of the chapter RUN's choices: adds while running, second runs, runs within and at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.hung import hung
from bgspec_conformance.checks.judgement import Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import ORDINARY
from bgspec_conformance.checks.reading import AcceptedAdd, Reading, RunOf
from bgspec_conformance.values import HASHABLE
from bgspec_conformance.vocabulary import ASYNC, SYNC

__all__ = ["adds_while_running_count", "runs_again_one_way", "runs_within_itself_one_way"]

WITHIN = "within a task of its own"
AT_ONCE = "twice at once"


def _is_plain(reading: Reading) -> bool:
    """Whether nothing failed, was cancelled or hung, and no task is of a shape that might."""
    return not (
        any(run.cancelled_at is not None or run.expired for run in reading.runs)
        or any(reading.fails(call.task) or call.end is None for call in reading.calls)
        or any(reading.shape(add.task) not in SYNC | ASYNC for add in reading.adds)
    )


def _was_refused(run: RunOf) -> bool:
    """Whether a run ended with an error that is none of a task's."""
    return run.end is not None and run.end.way is seen.Way.RAISED and not run.end.surfaced


def _raised(*runs: RunOf) -> str:
    """An expression for: one of these runs raised."""
    starts = tuple(f"run {run.run} raised " for run in runs)
    return f"any(line.startswith({starts!r}) for line in log)"


# An add while running ------------------------------------------------------------------------


@check("RUN-5")
def adds_while_running_count(reading: Reading) -> Iterator[Judgement]:
    """An add while running runs in this run or the next, or is refused."""
    if not _is_plain(reading) or reading.overlapping:
        return
    for at, event in reading.of(seen.Refused):
        refused = reading.task(event.task)
        named = event.type_error and refused.kwargs  # ADD-5 lets it be refused
        if event.by < 0 or named or not (ORDINARY & HASHABLE).issuperset(refused.args):
            continue
        if any(run.began < at < run.ended for run in reading.runs_of(event.container)):
            line = f"t{event.task} refused: "
            yield Answer("refused", f"any(line.startswith('{line}') for line in log)")
    by_script = {add.task for add in reading.adds if add.by == -1}
    late: dict[tuple[int, int], list[AcceptedAdd]] = {}
    for run in reading.runs:
        for add in reading.adds:
            inside = run.began < add.at < run.ended and add.container == run.container
            if add.by >= 0 and inside and add.task not in by_script:
                late.setdefault((run.run, add.task), []).append(add)
    for (number, task), adds in late.items():
        during = next(run for run in reading.runs if run.run == number)
        if all(add in adds for add in reading.adds if add.task == task):
            yield from _taken(reading, task, len(adds), during)


def _taken(reading: Reading, task: int, adds: int, during: RunOf) -> Iterator[Judgement]:
    """In which run a task was called that was added so often in one, and never before."""
    later = [run for run in reading.runs_of(during.container) if run.began > during.ended]
    now = sum(call.run is during for call in reading.calls_of(task))
    then = sum(bool(later) and call.run is later[0] for call in reading.calls_of(task))
    lines = f"[line for line in log if line in ('t{task} started', 'run {during.run} ended')]"
    if now >= adds:
        yield Answer("this run", f"{lines}[:{adds}] == ['t{task} started'] * {adds}")
    elif not now and then >= adds:
        before, after = f"['run {during.run} ended']", f"['t{task} started'] * {adds}"
        yield Answer("next run", f"{lines}[:{adds + 1}] == {before} + {after}")
    elif not now and _was_refused(during):
        yield Answer("refused", f"{_raised(during)} and 't{task} started' not in log")
    elif not now and later and _was_refused(later[0]):
        yield Answer("refused", f"{_raised(later[0])} and 't{task} started' not in log")
    elif later and not reading.calls_after(during):
        often = "" if adds == 1 else " as often as it was added"
        yield Violation(
            f"t{task}, added while running, is called in that run, or in the next, or is refused",
            f"t{task} was called in neither{often}",
            f"{lines}.count('t{task} started') >= {adds} or {_raised(during, later[0])} "
            f"or any(line.startswith('t{task} refused: ') for line in log)",
        )


# A second run --------------------------------------------------------------------------------


@check("RUN-6")
def runs_again_one_way(reading: Reading) -> Iterator[Judgement]:
    """A second run calls all tasks again or none, or is refused."""
    yield from hung(reading, "RUN-6")
    if not _is_plain(reading) or reading.overlapping:
        return
    for run in reading.runs:
        before = [other for other in reading.runs_of(run.container) if other.began < run.began]
        if not before or run.end is None or not all(map(_ended_plainly, before)):
            continue
        mine = [add for add in reading.adds if add.container == run.container]
        if any(add.by != -1 and add.at < run.ended for add in mine):  # RUN-5's
            continue
        new = Counter(add.task for add in reading.waiting_for(run))
        old = Counter(add.task for add in mine if add.at < run.began) - new
        called = Counter(call.task for call in reading.calls_in(before[0]))
        if called != Counter(add.task for add in reading.waiting_for(before[0])):  # RUN-1's
            continue
        yield from _second(reading, run, old, new)


def _ended_plainly(run: RunOf) -> bool:
    return run.end is not None and (run.end.way is seen.Way.RETURNED or not run.first)


def _second(
    reading: Reading, run: RunOf, old: Counter[int], new: Counter[int]
) -> Iterator[Judgement]:
    """What a second run did with what an earlier one had."""
    calls = Counter(call.task for call in reading.calls_in(run))
    if not calls and _was_refused(run):
        if not new:
            yield Answer("refused", _raised(run))
        return
    if not old or not new <= calls:  # an add that was lost is RUN-7's
        return
    lines = [f"t{task} started" for task in sorted(old)]
    counts = f"[{run.part}.count(line) for line in {lines}]"
    all_again = [old[task] + new[task] for task in sorted(old)]
    none_again = [new[task] for task in sorted(old)]
    met = [calls[task] for task in sorted(old)]
    if run.end is None or run.end.way is not seen.Way.RETURNED:
        if new:  # RUN-4's
            return
        yield Violation(
            f"run {run.run} calls all tasks that a run has had again, or none of them, and returns",
            f"it called {'some' if calls else 'none'}, and did not return",
            f"'run {run.run} returned' in log or {_raised(run)} and {counts} == {none_again}",
        )
    elif met == all_again:
        yield Answer("again", f"{counts} == {all_again}")
    elif met == none_again:
        yield Answer("nothing", f"'run {run.run} returned' in log and {counts} == {none_again}")
    else:
        missed = next(task for task in sorted(old) if calls[task] != old[task] + new[task])
        often = calls[missed] > new[missed]
        yield Violation(
            f"run {run.run} calls all tasks that a run has had again, or none of them",
            f"it called some, but not t{missed}" + (" as often as it was added" if often else ""),
            f"{counts} in {[none_again, all_again]}",
        )


# Within itself, and twice at once ------------------------------------------------------------


@check("RUN-9")
def runs_within_itself_one_way(reading: Reading) -> Iterator[Judgement]:
    """A container awaited within itself or twice at once runs again, refuses or joins."""
    yield from hung(reading, "RUN-9")
    if not _is_plain(reading) or len(reading.runs) != 2:
        return
    one, other = reading.runs
    due = Counter(add.task for add in reading.waiting_for(one))
    if not due or one.container != other.container or not reading.shared_by_runs(other):
        return
    calls = Counter(call.task for call in reading.calls)
    lost = next((task for task in due if calls[task] < due[task]), None)
    again = next((task for task in due if calls[task] > due[task]), None)
    refused = [run for run in (one, other) if _was_refused(run)]
    ended = [run for run in (one, other) if run.end and run.end.way is seen.Way.RETURNED]
    situation = WITHIN if other.by >= 0 else AT_ONCE
    once = " and ".join(f"log.count('t{task} started') == {due[task]}" for task in sorted(due))
    if lost is not None:
        yield Violation(
            f"t{lost} is called, whoever else awaits its container",
            f"t{lost} was not called" + (" as often as it was added" if calls[lost] else ""),
            f"log.count('t{lost} started') >= {due[lost]}",
        )
    elif len(ended) == 2 and again is not None:
        more = f"log.count('t{again} started') > {due[again]}"
        yield Answer("again", f"{more} and not {_raised(one, other)}", situation)
    elif len(ended) == 2:
        yield Answer("joined", f"{once} and not {_raised(one, other)}", situation)
    elif again is None and refused and ended and (other.by == -1 or ended == [one]):
        yield Answer("refused", f"{once} and {_raised(refused[0])}", situation)
    elif again is not None and refused:
        yield Violation(
            f"run {other.run} calls the tasks again, refuses or joins",
            f"t{again} was called again, and run {refused[0].run} raised all the same",
            f"log.count('t{again} started') == {due[again]} or not {_raised(one, other)}",
        )
    else:
        broken = next(run for run in (one, other) if run not in ended)
        yield Violation(
            f"run {broken.run} is not harmed by the other",
            f"run {broken.run} ended with an error",
            f"'run {one.run} returned' in log and 'run {other.run} cancelled' not in log",
        )
