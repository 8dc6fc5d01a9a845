"""Checks of the chapter ADD: what an add takes, keeps and refuses."""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.missing import RESERVED, fits, judged
from bgspec_conformance.checks.reading import Call, Reading
from bgspec_conformance.checks.refusals import refused
from bgspec_conformance.plan import MISFIT, SYNC, UNCALLABLE, Shape, Task

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


def _before_any_run(reading: Reading, at: int, container: int) -> bool:
    return not any(run.container == container and run.began < at for run in reading.runs)


@check("ADD-1")
def calls_nothing(reading: Reading) -> Iterator[Judgement]:
    """The function is not called, nor its coroutine made, before the run."""
    for call in reading.calls:
        if call.container < 0:
            continue
        early = call.run is None and not any(run.began < call.at for run in reading.runs)
        if early:
            yield Violation(
                f"{call.name} is not called before the run",
                f"{call.name} was called before any run had begun",
                f"log.index('{call.name} started') > log.index('run 0 began')"
                if reading.runs
                else f"'{call.name} started' not in log",
            )
        elif call.start.made == "the add" and _added_before(reading, call):
            yield Violation(
                f"a coroutine of {call.name} is made at the run",
                "it was made at the add",
                f"'{call.name} was made at the add' not in log",
            )
        elif reading.shape(call.task) in {Shape.FUNCTION, Shape.ASYNC_FUNCTION}:
            yield HELD


def _added_before(reading: Reading, call: Call) -> bool:
    """Whether the task was added before the plan's first run began."""
    first = min((run.began for run in reading.runs), default=0)
    return all(add.at < first for add in reading.adds if add.task == call.task)


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
    for run in reading.runs:
        if not run.first or reading.shared_by_runs(run):
            continue
        waiting = reading.waiting_for(run)
        order = [call.task for call in reading.calls_in(run)]
        for thread in sorted({add.thread for add in waiting if add.thread}):
            own = [add.task for add in waiting if add.thread == thread]
            if len(set(own)) < len(own) or not set(own) <= set(order):
                continue
            if len({add.thread for add in waiting}) < 2:  # one thread alone: ORD-1's
                continue
            met = [task for task in order if task in own]
            if len(met) > len(own):
                continue
            if met == own:
                yield HELD
            elif not _in_order([add.task for add in waiting], order):
                names = ", ".join(f"t{task}" for task in own)
                lines = [f"t{task} started" for task in own]
                yield Violation(
                    f"the adds of one thread start in its own order: {names}",
                    "they started in the order " + ", ".join(f"t{task}" for task in met),
                    f"[line for line in log if line in {sorted(lines)}] == {lines}",
                )


def _in_order(due: list[int], order: list[int]) -> bool:
    return [task for task in order if task in due] == due


def _keywords(reading: Reading, call: Call, reserved: bool) -> Iterator[Judgement]:
    """Whether the keywords of one kind arrived at a call."""
    names = [n for n, _ in reading.task(call.task).kwargs if (n in RESERVED) is reserved]
    if not names or reading.shape(call.task) in MISFIT | UNCALLABLE | {Shape.CONTAINER}:
        return
    arrived = dict(call.start.kwargs)
    lost = [name for name in names if name not in arrived]
    if lost:
        yield Violation(
            f"{call.name} gets the keyword {lost[0]!r}",
            f"{call.name} was called without it",
            f"all(' {lost[0]}=' in line.replace(',', ' ') for line in log "
            f"if line.startswith('{call.name} got'))",
        )
    else:
        yield HELD


def _refused_keywords(reading: Reading, reserved: bool) -> Iterator[tuple[seen.Refused, list[str]]]:
    """The refusals, before any run, of adds whose keywords are all that is special."""
    for at, event in reading.of(seen.Refused):
        task = reading.task(event.task)
        names = [name for name, _ in task.kwargs]
        kind = [name for name in names if (name in RESERVED) is reserved]
        other = any((name in RESERVED) is not reserved for name in names)
        alone = bool(kind) and not other and task.shape not in MISFIT | UNCALLABLE
        if alone and event.by == -1 and _before_any_run(reading, at, event.container):
            yield event, kind


@check("ADD-5")
def hands_every_keyword_on(reading: Reading) -> Iterator[Judgement]:
    """A keyword argument reaches the function, or the add is refused with TypeError."""
    for event, names in _refused_keywords(reading, reserved=False):
        if event.type_error:
            yield HELD
        else:
            yield Violation(
                f"t{event.task} is taken with the keyword {names[0]!r}, or refused with TypeError",
                f"it was refused with {event.error}",
                f"'t{event.task} refused: {event.error}' not in log",
            )
    for call in reading.calls:
        yield from _keywords(reading, call, reserved=False)
    for judgement in judged(reading, "ADD-5"):
        if judgement is not HELD:
            yield judgement


@check("ADD-6")
def hands_reserved_keywords_on(reading: Reading) -> Iterator[Judgement]:
    """So do those named func, self, args and kwargs."""
    for event, names in _refused_keywords(reading, reserved=True):
        yield Violation(
            f"t{event.task} is taken with the keyword {names[0]!r}",
            f"the keyword {', '.join(map(repr, names))} was refused with {event.error}",
            f"not any(line.startswith('t{event.task} refused: ') for line in log)",
        )
    for call in reading.calls:
        yield from _keywords(reading, call, reserved=True)
    for judgement in judged(reading, "ADD-6"):
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
    if reading.plan.containers < 2:
        return
    for call in reading.calls:
        others = [
            run
            for run in reading.runs
            if run.began < call.at < run.ended and run.container != call.container
        ]
        owned = len(reading.containers_of(call.task)) == 1
        if call.run is None and owned and others:
            run = others[0]
            yield Violation(
                f"run {run.run}, of container c{run.container}, calls its own tasks alone",
                f"it called {call.name}, which was added to c{call.container}",
                f"'{call.name} started' not in log[log.index('run {run.run} began'):"
                f"log.index('run {run.run} ended')]",
            )


@check("ADD-9")
def tells_misfits_one_way(reading: Reading) -> Iterator[Judgement]:
    """Arguments that do not fit surface at the add or at the run."""
    for at, event in reading.of(seen.Refused):
        task = reading.task(event.task)
        if (
            task.shape in MISFIT
            and not fits(task)
            and _before_any_run(reading, at, event.container)
        ):
            if event.type_error:
                yield Answer("at the add", f"'t{event.task} refused: TypeError' in log")
            elif not task.kwargs:
                yield Violation(
                    f"t{event.task}, whose arguments do not fit, is refused with TypeError",
                    f"it was refused with {event.error}",
                    f"'t{event.task} refused: TypeError' in log",
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
                f"'t{event.task} added' in log",
            )
