"""Checks of the chapter ADD: what an add takes, keeps and refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.arrivals import arrivals
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import RESERVED, fits, judged
from bgspec_conformance.checks.reading import Call, Reading, RunOf, names
from bgspec_conformance.checks.refusals import about_itself, before_the_run, refused
from bgspec_conformance.checks.running import repeated
from bgspec_conformance.plan import Task
from bgspec_conformance.vocabulary import MISFIT, PLAIN, SYNC, UNCALLABLE, Shape

__all__ = [
    "calls_nothing",
    "counts_every_add",
    "hands_every_keyword_on",
    "hands_reserved_keywords_on",
    "keeps_adds_of_threads",
    "refuses_what_cannot_be_called",
    "returns_none",
    "shares_nothing",
    "takes_any_callable",
    "tells_misfits_one_way",
]


@check("ADD-1")
def calls_nothing(reading: Reading) -> Iterator[Judgement]:
    """The function is not called, nor its coroutine made, before the run."""
    for call in reading.calls:
        if reading.shape(call.task) in UNCALLABLE:  # the plan itself made that coroutine
            continue
        if _precedes_its_run(reading, call) and not _others(reading, call):
            yield Violation(
                f"{call.name} is not called before the run",
                f"{call.name} was called before it",
                _not_before_its_run(reading, call),
            )
        elif call.start.made == "the add":
            yield Violation(
                f"a coroutine of {call.name} is made at the run",
                "it was made at the add",
                f"'{call.name} was made at the add' not in log",
            )
        elif reading.shape(call.task) in PLAIN:
            yield HELD


def _precedes_its_run(reading: Reading, call: Call) -> bool:
    """Whether a task that the script added was called before any run that could have called it."""
    adds = [add for add in reading.adds if add.task == call.task]
    if call.run is not None or any(add.by != -1 for add in adds):
        return False
    since = min((add.at for add in adds), default=-1)
    return not any(min(since, call.at) < run.began < call.at for run in _own(reading, call))


def _not_before_its_run(reading: Reading, call: Call) -> str:
    """That a task is called after its run began, or not at all where there was none."""
    later = [run for run in _own(reading, call) if run.began > call.at]
    if not later:
        return f"'{call.name} started' not in log"
    return f"'{call.name} started' not in log[:log.index('run {later[0].run} began')]"


def _own(reading: Reading, call: Call) -> list[RunOf]:
    """The runs of the containers that a task was added to; all, where its add was refused."""
    containers = reading.containers_of(call.task)
    return [run for run in reading.runs if run.container in containers or not containers]


def _others(reading: Reading, call: Call) -> list[RunOf]:
    """The runs of other containers that were in progress when a task was called."""
    own = _own(reading, call)
    return [run for run in reading.runs if run.began < call.at < run.ended and run not in own]


@check("ADD-2")
def takes_any_callable(reading: Reading) -> Iterator[Judgement]:
    """Any callable is taken, and called."""
    yield from refused(reading, "ADD-2")
    yield from judged(reading, "ADD-2")


@check("ADD-3")
def counts_every_add(reading: Reading) -> Iterator[Judgement]:
    """Every add counts: equal adds are separate tasks, and there is no cap."""
    yield from refused(reading, "ADD-3")
    yield from judged(reading, "ADD-3")


@check("ADD-4")
def keeps_adds_of_threads(reading: Reading) -> Iterator[Judgement]:
    """Adds from several threads are all kept, each thread's in its own order."""
    yield from refused(reading, "ADD-4")
    yield from judged(reading, "ADD-4")
    yield from repeated(reading, "ADD-4")
    for run in reading.runs:
        if not run.first or reading.shared_by_runs(run):
            continue
        waiting = reading.waiting_for(run)
        adds = Counter(add.task for add in waiting)
        for thread in sorted({add.thread for add in waiting if add.thread}):
            own = [a.task for a in waiting if a.thread == thread and adds[a.task] == 1]
            met = [call.task for call in reading.calls_in(run) if call.task in own]
            due = [task for task in own if task in met]
            if len(due) < 2 or len(met) > len(due):
                continue
            if met == due:
                yield HELD
            else:
                lines = [f"t{task} started" for task in due]
                yield Violation(
                    f"the adds of one thread start in its own order: {names(due)}",
                    f"they started in the order {names(met)}",
                    f"[line for line in log if line in {sorted(lines)}] == {lines}",
                )


@check("ADD-5")
def hands_every_keyword_on(reading: Reading) -> Iterator[Judgement]:
    """A keyword argument reaches the function, or the add is refused with TypeError."""
    for event, keywords in _refused_keywords(reading, "ADD-5"):
        if event.type_error:
            yield HELD
        elif _for_its_keywords(reading, event):
            yield Violation(
                f"t{event.task} is taken with the keyword {keywords[0]!r}, or refused with "
                "TypeError",
                f"it was refused with {event.error}",
                f"'t{event.task} refused: {event.error}' not in log",
            )
    yield from _handed_on(reading, "ADD-5")


@check("ADD-6")
def hands_reserved_keywords_on(reading: Reading) -> Iterator[Judgement]:
    """So do those named func, self, args and kwargs."""
    for event, keywords in _refused_keywords(reading, "ADD-6"):
        if _for_its_keywords(reading, event):
            yield Violation(
                f"t{event.task} is taken with the keyword {keywords[0]!r}",
                f"the keyword {', '.join(map(repr, keywords))} was refused with {event.error}",
                f"not any(line.startswith('t{event.task} refused: ') for line in log)",
            )
    yield from _handed_on(reading, "ADD-6")


def _of_keyword(key: str) -> str:
    """The clause that speaks for a keyword of this name."""
    return "ADD-6" if key in RESERVED else "ADD-5"


def _refused_keywords(reading: Reading, clause: str) -> Iterator[tuple[seen.Refused, list[str]]]:
    """The refusals, before any run, of adds all of whose keywords one clause speaks for."""
    for _, event in before_the_run(reading):
        task = reading.task(event.task)
        keywords = [key for key, _ in task.kwargs]
        alike = all(_of_keyword(key) == clause for key in keywords)
        if keywords and alike and task.shape not in MISFIT | UNCALLABLE:
            yield event, keywords


def _for_its_keywords(reading: Reading, event: seen.Refused) -> bool:
    """Whether nothing but its keywords can be what an add was refused for."""
    task = reading.task(event.task)
    plain = task.shape in PLAIN and not task.args
    adds = [add for add in reading.plan.adds() if add.task == event.task]
    at = reading.events.index(event)
    return plain and len(adds) == 1 and event.thread == 0 and about_itself(reading, at, event)


def _handed_on(reading: Reading, clause: str) -> Iterator[Judgement]:
    """Whether a clause's keywords arrived; not where another task's did (ARG-3)."""
    for arrival in arrivals(reading):
        name = arrival.call.name
        due = [key for key, _ in arrival.kwargs if _of_keyword(key) == clause]
        arrived = {key for key, _ in arrival.call.start.kwargs}
        if not due or arrival.kwargs_of_another:
            continue
        lost = [key for key in due if key not in arrived]
        if lost:
            yield Violation(
                f"{name} gets the keyword {lost[0]!r}",
                f"{name} was called without it",
                f"all(' {lost[0]}=' in line for line in log if line.startswith('{name} got '))",
            )
        else:
            yield HELD
    for judgement in judged(reading, clause):
        if judgement is not HELD:
            yield judgement


@check("ADD-7")
def refuses_what_cannot_be_called(reading: Reading) -> Iterator[Judgement]:
    """What cannot be called is refused with TypeError at the add."""
    for event in reading.refusals:
        shape = reading.shape(event.task)
        if shape in UNCALLABLE:
            if event.type_error:
                yield HELD
            else:
                yield Violation(
                    f"t{event.task}, {_what(shape)}, is refused with TypeError",
                    f"it was refused with {event.error}",
                    f"'t{event.task} refused: TypeError' in log",
                )
    for add in reading.adds:
        shape = reading.shape(add.task)
        if shape in UNCALLABLE:
            yield Violation(
                f"t{add.task}, {_what(shape)}, is refused with TypeError",
                f"{_what(shape)} was taken",
                f"'t{add.task} refused: TypeError' in log",
            )


def _what(shape: Shape) -> str:
    return "None" if shape is Shape.NONE else f"an {shape}" if shape[0] in "aeiou" else f"a {shape}"


@check("ADD-8")
def shares_nothing(reading: Reading) -> Iterator[Judgement]:
    """Two containers share nothing."""
    yield from refused(reading, "ADD-8")
    yield from judged(reading, "ADD-8")
    yield from repeated(reading, "ADD-8")
    adds = Counter(add.task for add in reading.adds)
    for call in reading.calls:
        others = _others(reading, call)
        if call.run is not None or not others:
            continue
        runs = sum(run.began < call.at for run in _own(reading, call))
        again = runs > 0 and call.call >= adds[call.task] * runs
        if again or _precedes_its_run(reading, call):
            yield Violation(
                f"run {others[0].run}, of container c{others[0].container}, "
                "calls its own tasks alone",
                f"it called {call.name}, which was added to c{call.container}",
                f"log.count('{call.name} started') <= {adds[call.task] * runs}"
                if again
                else _not_before_its_run(reading, call),
            )


@check("ADD-9")
def tells_misfits_one_way(reading: Reading) -> Iterator[Judgement]:
    """Arguments that do not fit surface at the add or at the run."""
    yield from judged(reading, "ADD-9")
    for _, event in before_the_run(reading):
        task, name = reading.task(event.task), f"t{event.task}"
        if task.shape not in MISFIT:
            continue
        if event.type_error and task.kwargs:  # it may be refused for the name (ADD-5)
            yield HELD
        elif event.type_error and not fits(task):
            yield Answer("at the add", f"'{name} refused: TypeError' in log")
        elif not task.kwargs:
            due = (
                "fit, is taken" if fits(task) else "do not fit, is refused with TypeError or taken"
            )
            yield Violation(
                f"{name}, whose arguments {due}",
                f"it was refused with {event.error}",
                f"'{name} added' in log"
                if fits(task)
                else f"'{name} added' in log or '{name} refused: TypeError' in log",
            )
    for run in reading.runs:
        if run.end is None or run.expired or run.cancelled_at is not None or not run.first:
            continue
        misfits = [add for add in reading.waiting_for(run) if _misfit(reading.task(add.task))]
        others = any(reading.fails(call.task) for call in reading.calls_in(run))
        if not misfits or others or reading.overlapping:
            continue
        if run.end.type_error:
            yield Answer("at the run", f"'run {run.run} carries a TypeError' in log")
        elif all(
            reading.shape(a.task) in SYNC | MISFIT | {Shape.ASYNC_FUNCTION}
            for a in reading.waiting_for(run)
        ):
            name = f"t{misfits[0].task}"
            yield Violation(
                f"that the arguments of {name} do not fit is told by a TypeError",
                "nobody was told",
                f"'run {run.run} carries a TypeError' in log",
            )


def _misfit(task: Task) -> bool:
    return task.shape in MISFIT and not fits(task)


@check("ADD-10")
def returns_none(reading: Reading) -> Iterator[Judgement]:
    """The add returns None."""
    for _, event in reading.of(seen.Added):
        if event.returned == "None":
            yield HELD
        else:
            yield Violation(
                f"the add of t{event.task} returns None",
                f"it returned a {event.returned}",
                f"not any(line.startswith('t{event.task} added: ') for line in log)",
            )
