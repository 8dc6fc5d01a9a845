"""Checks of the chapter RUN: what a run does, once, again, at once and within itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.hung import hung
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import REFUSED_AT_THE_RUN, judged
from bgspec_conformance.checks.reading import Reading, RunOf

__all__ = [
    "adds_after_a_run_count",
    "adds_while_running_count",
    "calls_each_once",
    "empty_run_ends",
    "ends_after_its_tasks",
    "gives_nothing_back",
    "releases_arguments",
    "runs_again_one_way",
    "runs_beside_another",
    "runs_within_itself_one_way",
]

WITHIN = "within a task of its own"
AT_ONCE = "twice at once"


def _adds_until(reading: Reading, run: RunOf, task: int) -> int:
    """How often a task was added to a run's container before the run ended."""
    return sum(
        add.task == task and add.container == run.container and add.at < run.ended
        for add in reading.adds
    )


def _span(run: RunOf) -> str:
    """An expression for the part of the transcript that is one run's."""
    if run.end is None:
        return f"log[log.index('run {run.run} began'):]"
    return f"log[log.index('run {run.run} began'):log.index('run {run.run} ended')]"


def _how(run: RunOf) -> str:
    """How a run ended, in words."""
    if run.end is None:
        return f"run {run.run} never ended"
    if run.end.way is seen.Way.RAISED:
        return f"run {run.run} raised {run.end.error}"
    if run.end.way is seen.Way.CANCELLED:
        return f"run {run.run} was cancelled"
    return f"run {run.run} returned" + ("" if run.end.value == "None" else f" a {run.end.value}")


@check("RUN-1")
def calls_each_once(reading: Reading) -> Iterator[Judgement]:
    """No task is called twice in a run, and each is called."""
    for run in reading.runs:
        if reading.shared_by_runs(run):
            continue
        calls = reading.calls_in(run)
        failed = {call.task for call in calls if call.failed}
        for task, count in Counter(call.task for call in calls).items():
            if failed and task not in failed:  # ERR-3's
                continue
            times = _adds_until(reading, run, task)
            if count > times:
                yield Violation(
                    f"t{task} is called as often as it was added",
                    f"t{task} was called more often in run {run.run}",
                    f"{_span(run)}.count('t{task} started') <= {times}",
                )
            else:
                yield HELD
    yield from judged(reading, "RUN-1")


@check("RUN-2")
def ends_after_its_tasks(reading: Reading) -> Iterator[Judgement]:
    """The run ends after the last of its tasks has."""
    yield from hung(reading, "RUN-2")
    for run in reading.runs:
        if run.end is None or run.expired or run.cancelled_at is not None:
            continue
        if reading.shared_by_runs(run):  # RUN-9's: who joins may leave first
            continue
        calls = reading.calls_in(run)
        late = [c for c in calls if c.end is not None and c.over > run.ended]
        late += reading.calls_after(run)
        for call in late:
            yield Violation(
                f"run {run.run} ends after {call.name} has",
                f"run {run.run} ended first",
                f"max(n for n, line in enumerate(log) if line.startswith('{call.name} ')) "
                f"< log.index('run {run.run} ended')",
            )
        if calls and not late:
            yield HELD


@check("RUN-3")
def empty_run_ends(reading: Reading) -> Iterator[Judgement]:
    """An empty run ends, without error."""
    yield from hung(reading, "RUN-3")
    for run in reading.runs:
        added = any(a.container == run.container and a.at < run.ended for a in reading.adds)
        if added or run.end is None or run.expired or run.cancelled_at is not None:
            continue
        if not run.first and run.end.way is not seen.Way.RETURNED:  # a second run: RUN-6's
            continue
        if reading.shared_by_runs(run):
            continue
        if run.end.way is seen.Way.RETURNED:
            yield HELD
        else:
            yield Violation(
                f"run {run.run}, of nothing, ends without error",
                _how(run),
                f"any(line.startswith('run {run.run} returned') for line in log)",
            )


@check("RUN-4")
def gives_nothing_back(reading: Reading) -> Iterator[Judgement]:
    """What tasks return has no effect, and the run returns None."""
    yield from judged(reading, "RUN-4")
    for run in reading.runs:
        if run.end is None or run.expired or run.cancelled_at is not None or run.by != -1:
            continue
        if run.end.way is seen.Way.RETURNED:
            if run.end.value != "None":
                yield Violation(
                    f"run {run.run} returns None", _how(run), f"'run {run.run} returned' in log"
                )
            else:
                yield HELD
        elif run.first and not reading.beside(run) and _ran_well(reading, run):
            yield Violation(
                f"run {run.run} returns None, for no task failed",
                _how(run),
                f"'run {run.run} returned' in log",
            )


def _ran_well(reading: Reading, run: RunOf) -> bool:
    """Whether a first run called all that it should, and nothing failed or is to be refused."""
    calls = reading.calls_in(run)
    called = {call.task for call in calls}
    waiting = {add.task for add in reading.waiting_for(run)}
    return (
        bool(waiting)
        and waiting <= called
        and not any(reading.fails(call.task) for call in reading.calls)
        and all(isinstance(call.end, seen.Ended) for call in calls)
        and not any(reading.shape(task) in REFUSED_AT_THE_RUN for task in waiting)
    )


@check("RUN-5")
def adds_while_running_count(reading: Reading) -> Iterator[Judgement]:
    """An add while running runs in this run or the next, or is refused."""
    if any(run.cancelled_at is not None or run.expired for run in reading.runs):
        return
    if reading.overlapping or any(reading.fails(call.task) for call in reading.calls):
        return
    for _, refused in reading.of(seen.Refused):
        if refused.by >= 0:
            name = f"t{refused.task}"
            yield Answer(
                "refused", f"any(line.startswith('{name} refused: ') for line in log)"
            )
    for add in reading.adds:
        if add.by < 0 or any(
            other.task == add.task and other is not add for other in reading.adds
        ):
            continue
        during = next((r for r in reading.runs if r.began < add.at < r.ended), None)
        if during is None or during.container != add.container or during.end is None:
            continue
        later = [r for r in reading.runs_of(add.container) if r.began > during.ended]
        yield from _when(reading, add.task, during, later)


def _when(reading: Reading, task: int, during: RunOf, later: list[RunOf]) -> Iterator[Judgement]:
    """In which run a task was called that was added in one."""
    runs = [call.run for call in reading.calls_of(task)]
    began = f"'run {later[0].run} began'" if later else ""
    if during in runs:
        before = f"log[:log.index({began})]" if began else "log"
        yield Answer("this run", f"'t{task} started' in {before}")
    elif later and later[0] in runs:
        yield Answer("next run", f"'t{task} started' in log[log.index({began}):]")
    elif later and later[0].end is not None and later[0].end.way is not seen.Way.RETURNED:
        yield Answer("refused", f"'run {later[0].run} returned' not in log")
    elif later and not reading.calls_after(during):
        yield Violation(
            f"t{task}, which was added while running, is called in that run or the next, or refused",
            f"t{task} was never called",
            f"'t{task} started' in log",
        )


@check("RUN-6")
def runs_again_one_way(reading: Reading) -> Iterator[Judgement]:
    """A second run calls all tasks again or none, or is refused."""
    yield from hung(reading, "RUN-6")
    for container in range(reading.plan.containers):
        runs = [run for run in reading.runs_of(container) if run.by == -1]
        if len(runs) < 2 or reading.overlapping:
            continue
        first, second = runs[:2]
        calls = reading.calls_in(first)
        adds = [add for add in reading.adds if add.container == container]
        plain = (
            first.end is not None
            and first.end.way is seen.Way.RETURNED
            and calls
            and all(isinstance(call.end, seen.Ended) for call in calls)
            and all(add.by == -1 and add.at < first.began for add in adds)
            and not any(r.cancelled_at is not None or r.expired for r in (first, second))
        )
        if plain:
            yield from _second(reading, first, second)


def _second(reading: Reading, first: RunOf, second: RunOf) -> Iterator[Judgement]:
    """What a second run did of what the first did."""
    owed = Counter(call.task for call in reading.calls_in(first))
    again = Counter(call.task for call in reading.calls_in(second))
    span = f"log[log.index('run {second.run} began'):]"
    task = min(owed)
    if again == owed:
        yield Answer("again", f"'t{task} started' in {span}")
    elif again:
        missed = next((t for t in owed if again[t] < owed[t]), task)
        met = next((t for t in again if t != missed), missed)
        yield Violation(
            "a second run calls all tasks again, or none",
            f"it called t{met} again and t{missed} not"
            if met != missed
            else f"it called t{missed} another number of times",
            f"{span}.count('t{missed} started') in {{0, {owed[missed]}}}"
            if met == missed
            else f"('t{met} started' in {span}) == ('t{missed} started' in {span})",
        )
    elif second.end is not None and second.end.way is not seen.Way.RETURNED:
        yield Answer(
            "refused", f"'run {second.run} returned' not in log and 't{task} started' not in {span}"
        )
    else:
        yield Answer(
            "nothing", f"'run {second.run} returned' in log and 't{task} started' not in {span}"
        )


@check("RUN-7")
def adds_after_a_run_count(reading: Reading) -> Iterator[Judgement]:
    """An add after a run is run by the next."""
    yield from judged(reading, "RUN-7")
    for at, event in reading.of(seen.Refused):
        ran = any(r.container == event.container and r.ended < at for r in reading.runs)
        if event.by == -1 and ran:  # aloud
            yield HELD


@check("RUN-8")
def runs_beside_another(reading: Reading) -> Iterator[Judgement]:
    """Two containers run at once on one loop."""
    yield from hung(reading, "RUN-8")
    yield from judged(reading, "RUN-8")
    for _, event in reading.of(seen.Expired):
        if event.task >= 0 and event.what.startswith("the start of "):
            other = event.what.removeprefix("the start of ")
            yield Violation(
                f"{other} starts while t{event.task}, of another container, waits for it",
                f"{other} did not start until t{event.task} had ended",
                f"'t{event.task} waited in vain for the start of {other}' not in log",
            )


@check("RUN-9")
def runs_within_itself_one_way(reading: Reading) -> Iterator[Judgement]:
    """A container awaited within itself or twice at once runs again, refuses or joins."""
    yield from hung(reading, "RUN-9")
    if any(run.cancelled_at is not None or run.expired for run in reading.runs):
        return
    if any(reading.fails(call.task) for call in reading.calls) or len(reading.runs) != 2:
        return
    one, other = reading.runs
    if one.container != other.container or not reading.shared_by_runs(other):
        return
    situation = WITHIN if other.by >= 0 else AT_ONCE
    due = Counter(add.task for add in reading.waiting_for(one))
    calls = Counter(call.task for call in reading.calls)
    wrong = [
        run for run in (one, other) if run.end and run.end.way is not seen.Way.RETURNED
    ]
    task = min(due, default=-1)
    if task < 0:
        return
    twice = f"log.count('t{task} started') > {due[task]}"
    refused = "any(line.startswith('run ') and ' raised ' in line for line in log)"
    if any(calls[t] > due[t] for t in due):
        t = next(t for t in due if calls[t] > due[t])
        yield Answer("again", f"log.count('t{t} started') > {due[t]}", situation)
    elif wrong:
        yield Answer("refused", f"{refused} and not ({twice})", situation)
    elif all(calls[t] == due[t] for t in due):
        yield Answer("joined", f"not {refused} and not ({twice})", situation)
    else:
        t = next(t for t in due if calls[t] < due[t])
        yield Violation(
            f"t{t} is called, whoever awaits its container",
            f"t{t} was not called",
            f"log.count('t{t} started') >= {due[t]}",
        )


@check("RUN-10")
def releases_arguments(reading: Reading) -> Iterator[Judgement]:
    """A task's arguments are released once it has ended."""
    well = {call.task for call in reading.calls if isinstance(call.end, seen.Ended)}
    for at, event in reading.of(seen.Released):
        started = [call for call in reading.calls if call.at < at]
        since = [c for c in started if all(c.at > own.over for own in reading.calls_of(event.task))]
        if event.task not in well or (event.at >= 0 and len(since) < 2):
            continue
        if any(run.cancelled_at is not None for run in reading.runs):
            continue
        when = f"when t{event.at} starts" if event.at >= 0 else "after the run"
        if event.gone:
            yield HELD
        else:
            yield Violation(
                f"what t{event.task} was given is let go of once t{event.task} has ended",
                f"it was still held {when}",
                f"\"t{event.task}'s argument is held {when}\" not in log",
            )
