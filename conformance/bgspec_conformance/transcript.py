"""The transcript: a history as lines of text, as a witness prints them too.

A check proves a violation by an expression over these lines, and the witness, which makes only the
lines that its proof speaks of, evaluates the same expression. So the two must agree to the letter:

======================================  ===========================================================
line                                    meaning
======================================  ===========================================================
``t0 added`` / ``t0 refused: E``        the add returned / raised an error of type E, and
                                        TypeError stands for every kind of it
``t0 added: 'X'``                       ... and returned an X, where None was expected
``run 0 began``                         the first run is about to start
``run 0 ended``, and then one of        the await of its container came to its end
``run 0 returned`` / ``raised E`` /     how it ended; ``returned: 'X'`` where it was not None
``cancelled``
``run 0 carries t1``                    t1's exception is reached from what the run raised
``run 0 is t1``                         ... and is the very object, where the contract allows
``run 0 carries a TypeError``           one that no task raised is reached from what the run raised
``t0 started`` / ``ended`` /            the calls of a task
``raised`` / ``cancelled``
``t0 suspended`` / ``t0 resumed``       around each suspension
``t0 runs on P``                        where it was called: the loop's thread, another thread, ...
``t0 got A, B, name=C``                 the arguments that arrived, by name
``t0 sees VAR = V``                     the context variable when it was called
``t0 was made at the add``              when the function was called
``t0 reads N1, N2``                     the names on the list that all tasks share
======================================  ===========================================================
"""

from __future__ import annotations

from collections.abc import Iterator

from bgspec_conformance import history as seen

__all__ = ["is_itself", "lines", "transcript"]

ENDS_A_RUN = frozenset({"KeyboardInterrupt", "SystemExit", "CancelledError", "Cancelled"})
"""What may carry the failures before it as its context (ERR-5)."""


def transcript(history: seen.History) -> list[str]:
    """The history's lines."""
    return [line for event in history.events for line in lines(event)]


def lines(event: seen.Event) -> Iterator[str]:
    """The lines of one event."""
    match event:
        case seen.Added(task=task, returned=returned):
            yield f"t{task} added" + ("" if returned == "None" else f": {returned!r}")
        case seen.Refused(task=task, error=error, type_error=type_error):
            yield f"t{task} refused: {'TypeError' if type_error else error}"
        case seen.Paused(task=task):
            yield f"t{task} paused in add_task"
        case seen.RunBegan(run=run):
            yield f"run {run} began"
        case seen.RunEnded():
            yield from _end(event)
        case seen.Started():
            yield from _start(event)
        case seen.Suspended(task=task):
            yield f"t{task} suspended"
        case seen.Resumed(task=task, place=place):
            yield f"t{task} resumed"
            yield f"t{task} goes on, on {place}"
        case seen.Turned(task=task):
            yield f"t{task} saw the loop turn"
        case seen.CalledBack(task=task, error=error):
            yield f"t{task} called back" + (f": {error}" if error else "")
        case seen.Written(task=task):
            yield f"t{task} wrote"
        case seen.Expired(task=-1, call=run, what=what):
            yield f"run {run} waited in vain for {what}"
        case seen.Expired(task=task, what=what):
            yield f"t{task} waited in vain for {what}"
        case seen.Cancelled(task=task):
            yield f"t{task} cancelled"
        case seen.Ended(task=task):
            yield f"t{task} ended"
        case seen.Raised(task=task):
            yield f"t{task} raised"
        case seen.CancelRequested(run=run, by=by):
            yield f"run {run} is cancelled by {by}"
        case seen.VarSeen(run=run, value=value):
            yield f"after run {run} VAR = {value}"
        case seen.Logged(task=task):
            yield f"t{task} logged"
        case seen.Released(task=task, at=at, gone=gone):
            when = f"when t{at} starts" if at >= 0 else "after the run"
            yield f"t{task}'s argument is {'gone' if gone else 'held'} {when}"
        case seen.Pending(run=run, tasks=tasks):
            names = ", ".join(f"t{task}" if task >= 0 else "a stranger" for task in tasks)
            yield f"after run {run} pending: {names}"
        case seen.Settled(shared=shared, held=held):
            yield f"in the end the list holds {', '.join(shared)}"
            yield f"in the end {held} thread tokens are held"


def _start(event: seen.Started) -> Iterator[str]:
    name = f"t{event.task}"
    yield f"{name} started"
    yield f"{name} runs on {event.place}"
    yield f"{name} got " + ", ".join(
        [*event.args, *(f"{key}={value}" for key, value in event.kwargs)]
    )
    for argument in event.changed:
        yield f"{argument} was changed"
    yield f"{name} sees VAR = {event.var}"
    yield f"{name} was made at {event.made}"
    yield f"{name} reads {', '.join(event.shared)}"


def _end(event: seen.RunEnded) -> Iterator[str]:
    name = f"run {event.run}"
    yield f"{name} ended"
    for found in event.surfaced:
        yield f"{name} carries t{found.task}"
        if is_itself(found):
            yield f"{name} is t{found.task}"
    if event.type_error:
        yield f"{name} carries a TypeError"
    match event.way:
        case seen.Way.RETURNED:
            yield f"{name} returned" + ("" if event.value == "None" else f": {event.value!r}")
        case seen.Way.RAISED:
            yield f"{name} raised {event.error}"
        case seen.Way.CANCELLED:
            yield f"{name} cancelled"


def is_itself(found: seen.Surfaced) -> bool:
    """Whether a task's exception surfaced as ERR-2 allows.

    It is the very object, its traceback reaches into the task, and the run raised it, alone or as
    a member of a group. It is the cause only of a RuntimeError for a StopIteration, and the context
    only of another task's exception or of what ends a run, if it does not end one itself.
    """
    if not (found.same and found.into_task):
        return False
    for step, through in zip(found.path, found.through, strict=True):
        of_task = through.startswith("t") and through[1:].isdigit()
        if step == "cause" and (through, found.kind) != ("RuntimeError", "StopIteration"):
            return False
        below = (of_task or through in ENDS_A_RUN) and found.kind not in ENDS_A_RUN
        if step == "context" and not below:
            return False
    return True
