"""Checks of the chapter CTX: context variables.

A plan gives the one variable a value before each add and before each run, so the value that a task
sees tells whose context it has. No event says what the script set: it is followed here beside the
events. Left aside is whoever has a context that the plan does not fix: adds from threads, and
containers that are awaited within a task.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from bgspec_conformance import history as seen
from bgspec_conformance.checks.judgement import HELD, Answer, Judgement, Violation, check
from bgspec_conformance.checks.reading import Call, Reading
from bgspec_conformance.history import UNSET
from bgspec_conformance.plan import Add, Run, SetVar, Together
from bgspec_conformance.vocabulary import ON_THE_LOOP, Shape

__all__ = ["as_of_one_moment", "own_values_stay_own", "values_are_seen"]


@dataclass(frozen=True, slots=True)
class View:
    """What a call saw, and what it may see.

    Attributes:
        call: which.
        at_add: the value that the adder had.
        at_run: the value that the awaiter had when the run began.
        added: the place of the add in the history.
        set_before: what tasks had set when it started.
    """

    call: Call
    at_add: str
    at_run: str
    added: int
    set_before: frozenset[str]

    @property
    def name(self) -> str:
        """As the transcript calls the task."""
        return self.call.name

    @property
    def value(self) -> str:
        """What it saw."""
        return self.call.start.var

    @property
    def legal(self) -> set[str]:
        """What it may see."""
        return {self.at_add, self.at_run}


@lru_cache(maxsize=1)  # three checks ask, one after the other
def _views(reading: Reading) -> tuple[View, ...]:
    """The calls whose context the plan fixes, in the order in which they started."""
    return tuple(_made(reading))


def _made(reading: Reading) -> Iterator[View]:
    at_add, at_run = _followed(reading)
    sets = _sets(reading)
    for call in reading.calls:
        run = call.run
        if run is None or run.run not in at_run or reading.shared_by_runs(run):
            continue
        before = [add for add in reading.adds if add.task == call.task and add.at < call.at]
        new = [add for add in reading.waiting_for(run) if add.task == call.task]
        calls = [other for other in reading.calls_in(run) if other.task == call.task]
        mine = next((adds for adds in (before, new) if len(adds) == len(calls)), None)
        if mine is None or (len(before) > 1 and reading.shape(call.task) is Shape.CONTAINER):
            continue
        add = mine[calls.index(call)]
        value = at_add.get(add.at)
        if add.by != -1:
            value = _of_adder(reading, add.by, call.task, add.at)
        if value is not None and add.container == call.container:
            set_before = frozenset(v for other, v in sets if other.at < call.at)
            yield View(call, value, at_run[run.run], add.at, set_before)


def _followed(reading: Reading) -> tuple[dict[int, str], dict[int, str]]:
    """The script's value at each of its adds, by their places, and at each of its runs.

    It is lost at a race, and until it is next set where a run let something leak.
    """
    after = {event.run: event.value for _, event in reading.of(seen.VarSeen)}
    added = [at for at, event in reading.of(seen.Added) if event.by == -1]
    refused = [at for at, event in reading.of(seen.Refused) if event.by == -1]
    adds = iter(sorted(added + refused))
    runs = iter([run for run in reading.runs if run.by == -1])
    value: str | None = UNSET
    at_add: dict[int, str] = {}
    at_run: dict[int, str] = {}
    for action in reading.plan.script:
        match action:
            case SetVar(value=new):
                value = new
            case Add(thread=thread):
                if (at := next(adds, None)) is not None and thread == 0 and value is not None:
                    at_add[at] = value
            case Run() | Together():
                together = len(action.containers) if isinstance(action, Together) else 1
                for run in islice(runs, together):
                    if value is not None:
                        at_run[run.run] = value
                    if after.get(run.run, value) != value:
                        value = None
            case _:
                break
    return at_add, at_run


def _of_adder(reading: Reading, adder: int, task: int, at: int) -> str | None:
    """The value that a task's body had when it added another; None where that is not plain."""
    calls = [call for call in reading.calls_of(adder) if call.call == 0 and call.at < at]
    value = calls[0].start.var if calls else None
    for step in reading.task(adder).body:
        match step:
            case SetVar(value=new):
                value = new
            case Add(task=added) if added == task:
                return value
            case Run():
                return None
            case _:
                pass
    return None


def _sets(reading: Reading) -> list[tuple[Call, str]]:
    """The calls of tasks that set the variable, in order, with what each left it at."""
    found: list[tuple[Call, str]] = []
    for call in reading.calls:
        values = [s.value for s in reading.task(call.task).body if isinstance(s, SetVar)]
        if values and call.call == 0:
            found.append((call, values[-1]))
    return found


def _set_before_by_itself(reading: Reading, call: Call, value: str) -> bool:
    """Whether an earlier run had the same task set this value: its context may be the same."""
    return any(
        setter.task == call.task and value == left and setter.run is not call.run
        for setter, left in _sets(reading)
    )


# The clauses ---------------------------------------------------------------------------------


@check("CTX-1")
def values_are_seen(reading: Reading) -> Iterator[Judgement]:
    """A task sees the adder's value or the awaiter's, but for what earlier tasks set (CTX-3's)."""
    if not any(isinstance(action, SetVar) for action in reading.plan.script):
        return
    for view in _views(reading):
        if view.value in view.legal:
            if view.legal != {UNSET}:
                yield HELD
        elif view.value not in view.set_before:
            yield Violation(
                f"{view.name} ({_kind(reading, view.call)}) sees {_either(view)}",
                f"{view.name} ({_kind(reading, view.call)}) sees {_what(reading, view)}",
                _proof(reading, view),
            )


def _proof(reading: Reading, view: View) -> str:
    """That the task sees, however often it is called, the adder's values or the awaiter's."""
    own = [other for other in _views(reading) if other.call.task == view.call.task]
    if len(own) == 1:
        lines = [f"{view.name} sees VAR = {value}" for value in sorted(view.legal)]
        return " or ".join(f"{line!r} in log" for line in lines)
    sees = f"[line for line in log if line.startswith('{view.name} sees ')]"
    either = (
        [f"{view.name} sees VAR = {value}" for value in values]
        for values in ([other.at_add for other in own], [other.at_run for other in own])
    )
    return f"(seen := {sees}) and " + " or ".join(f"seen == {e}[:len(seen)]" for e in either)


def _either(view: View) -> str:
    if view.at_add == view.at_run:
        return f"{view.at_add!r}, as adder and awaiter do"
    return f"the adder's {view.at_add!r} or the awaiter's {view.at_run!r}"


def _what(reading: Reading, view: View) -> str:
    """A value that is neither the adder's nor the awaiter's, in words."""
    if view.value == UNSET:
        return "no value at all"
    if view.value in {other.at_add for other in _views(reading)}:
        return "the value of another add"
    return "a value that neither has"


def _kind(reading: Reading, call: Call) -> str:
    return "async" if reading.shape(call.task) in ON_THE_LOOP else "sync"


@check("CTX-2")
def as_of_one_moment(reading: Reading) -> Iterator[Judgement]:
    """The value is as of the add or as of the run, where the two can be told apart."""
    views = _views(reading)
    for view in views:
        own = [other for other in views if other.call.task == view.call.task]
        if view.value in view.set_before or view.value not in view.legal:
            continue
        line = f"{view.name} sees VAR = {view.value}"
        if all(other.at_run != view.value for other in own):
            yield Answer("the add", f"{line!r} in log")
        elif all(other.at_add != view.value for other in own):
            yield Answer("the run", f"{line!r} in log")


@check("CTX-3")
def own_values_stay_own(reading: Reading) -> Iterator[Judgement]:
    """What a task sets is seen by no task that was added before, nor by the caller."""
    callers = {event.run: event.value for _, event in reading.of(seen.VarSeen)}
    _, at_run = _followed(reading)
    for setter, value in _sets(reading):
        who = f"{setter.name} ({_kind(reading, setter)})"
        for view in _views(reading):
            call = view.call
            if call.at < setter.over or view.added > setter.at or value in view.legal:
                continue
            if _set_before_by_itself(reading, call, value):  # where RUN-6 has tasks run again
                continue
            if view.value != value:
                yield HELD
                continue
            name = f"{view.name} ({_kind(reading, call)})"
            yield Violation(
                f"{view.name}, which was added before {setter.name} set {value!r}, does not see it",
                f"{name} sees what {who} set",
                f"'{view.name} sees VAR = {value}' not in log",
            )
        run = setter.run
        if run is None or run.run not in callers or at_run.get(run.run, value) == value:
            continue
        if callers[run.run] != value:
            yield HELD
            continue
        yield Violation(
            f"who awaits run {run.run} does not see {value!r}, which {setter.name} set",
            f"the caller sees what {who} set",
            f"'after run {run.run} VAR = {value}' not in log",
        )
