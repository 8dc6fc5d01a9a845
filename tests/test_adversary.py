"""The adversary keeps every MUST, answers as its seed says, and shows what a test relies on."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import anyio
import pytest

from bgspec import BgspecError, SupportsBackgroundTasks
from bgspec.adversary import DEEPEST, OPEN, SEED, Adversary, Refused, drawn
from bgspec.spec import CLAUSES, Level, Profile
from tests.adversary_seeds import broken_by, member_of
from tests.gallery.matrix import failures

PAGE = Path(__file__).parent.parent / "docs" / "adversary.md"
EVERY_ANSWER = (0, 1, 6, 8)
"""Seeds that together give every answer to every choice."""

AS_ITSELF = {"a single failure": "raised as itself"}
WITHIN = "RUN-9, within a task of its own"

on_each_loop = pytest.mark.anyio


def answering(wanted: dict[str, str]) -> Adversary:
    """An adversary that gives these answers."""
    return Adversary(next(seed for seed in count() if wanted.items() <= drawn(seed).items()))


@pytest.fixture
def seen() -> list[Any]:
    """What the tasks of a test did, in the order in which they did it."""
    return []


# The contract.


@pytest.mark.parametrize("seed", EVERY_ANSWER)
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_suite_finds_no_must_broken_and_no_choice_answered_twice(
    seed: int, backend: str
) -> None:
    found = {verdict.clause for verdict in failures(member_of(seed, backend))}
    assert found
    assert found <= broken_by(seed)


def test_every_choice_of_the_profile_is_settled_but_for_the_event_loops() -> None:
    choices = {
        clause.id
        for clause in CLAUSES.values()
        if clause.level is Level.CHOICE and Profile.COLLECTOR in clause.profiles
    }
    assert choices - {"CALL-9"} <= {name.partition(",")[0] for name in drawn(0)}


def test_a_few_seeds_give_every_answer() -> None:
    given = {item for seed in EVERY_ANSWER for item in drawn(seed).items()}
    assert given == {(name, answer) for name, answers in OPEN.items() for answer in answers}


def test_no_answer_has_a_late_add_wait_for_a_run_that_is_refused() -> None:
    answers = [drawn(seed) for seed in range(200)]
    assert ("next run", "refused") not in {(given["RUN-5"], given["RUN-6"]) for given in answers}


# Seeds.


def test_the_answers_of_a_seed_are_the_same_in_every_process() -> None:
    names = ("RUN-5", "RUN-6", "CTX-2", "ERR-4")
    assert [drawn(17)[name] for name in names] == ["refused", "refused", "the add", "stop"]


def test_the_repr_has_the_seed() -> None:
    assert repr(Adversary(17)) == "Adversary(seed=17)"


def test_the_environment_has_the_seed_of_those_that_are_given_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SEED, "17")
    assert (Adversary().seed, Adversary(18).seed) == (17, 18)
    monkeypatch.setenv(SEED, "seventeen")
    with pytest.raises(ValueError, match="seventeen"):
        Adversary()


def test_without_any_seed_one_is_drawn_for_the_process_and_told_by_log() -> None:
    code = "from bgspec.adversary import Adversary; print(Adversary().seed, Adversary().seed)"
    environment = {name: value for name, value in os.environ.items() if name != SEED}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    one, other = done.stdout.split()
    assert one == other
    assert done.stderr.count(f"{SEED}={one}\n") == 1


@on_each_loop
@pytest.mark.parametrize("how", ["raised as itself", "raised in a group"])
async def test_what_a_run_raises_has_the_seed_in_a_note(how: str) -> None:
    tasks = answering({"a single failure": how})
    tasks.add_task([].pop)
    with pytest.raises(Exception, match=r"pop from empty list|tasks failed") as raised:
        await tasks()
    assert any(repr(tasks) in note for note in raised.value.__notes__)


# Adding.


def test_it_is_a_container_to_a_type_checker() -> None:
    tasks: SupportsBackgroundTasks = Adversary(0)
    tasks.add_task(print, "hello")


@pytest.mark.parametrize("name", ["func", "self", "args", "kwargs"])
def test_some_keywords_are_refused(name: str) -> None:
    tasks: Any = Adversary(0)
    with pytest.raises(TypeError, match=name):
        tasks.add_task(print, **{name: 1})


@on_each_loop
async def test_what_cannot_be_called_is_found_out_at_the_run() -> None:
    tasks: Any = answering(AS_ITSELF)
    tasks.add_task(None)
    with pytest.raises(TypeError, match="not callable"):
        await tasks()


@on_each_loop
async def test_misfits_are_told_when_the_answer_says() -> None:
    def one(given: int) -> None:
        """Take one."""

    at_the_add: Any = answering({"ADD-9": "at the add"})
    with pytest.raises(TypeError, match="given") as raised:
        at_the_add.add_task(one)
    assert repr(at_the_add) in raised.value.__notes__[0]
    at_the_run: Any = answering({"ADD-9": "at the run", **AS_ITSELF})
    at_the_run.add_task(one)
    with pytest.raises(TypeError, match="given"):
        await at_the_run()


@on_each_loop
async def test_a_wrapper_is_asked_for_its_own_signature(seen: list[Any]) -> None:
    def with_a_session(func: Callable[[str, int], None]) -> Callable[[int], None]:
        @functools.wraps(func)
        def wrapper(given: int) -> None:
            func("session", given)

        return wrapper

    found: dict[str, int] = {}
    tasks = answering({"ADD-9": "at the add"})
    tasks.add_task(with_a_session(lambda session, given: seen.append((session, given))), 1)
    tasks.add_task(found.update, one=1)  # which has no signature
    await tasks()
    assert (seen, found) == ([("session", 1)], {"one": 1})


# Running.


@on_each_loop
@pytest.mark.parametrize("answer", ["this run", "next run", "refused"])
async def test_a_late_add_is_treated_as_the_answer_says(answer: str, seen: list[Any]) -> None:
    def add() -> None:
        tasks.add_task(seen.append, 1)

    tasks = answering({"RUN-5": answer, "RUN-6": "nothing", **AS_ITSELF})
    tasks.add_task(add)
    if answer == "refused":
        with pytest.raises(Refused, match="RUN-5"):
            await tasks()
    else:
        await tasks()
    at_first = [*seen]
    await tasks()
    assert (at_first, seen) == {
        "this run": ([1], [1]),
        "next run": ([], [1]),
        "refused": ([], []),
    }[answer]


@on_each_loop
@pytest.mark.parametrize(("answer", "calls"), [("again", 2), ("nothing", 1)])
async def test_a_second_run_does_what_the_answer_says(
    answer: str, calls: int, seen: list[Any]
) -> None:
    tasks = answering({"RUN-6": answer})
    tasks.add_task(seen.append, 1)
    await tasks()
    await tasks()
    assert len(seen) == calls


@on_each_loop
async def test_where_a_second_run_is_refused_so_is_an_add_for_it(seen: list[Any]) -> None:
    tasks = answering({"RUN-6": "refused"})
    tasks.add_task(seen.append, 1)
    await tasks()
    with pytest.raises(BgspecError, match="a second run may be refused"):
        await tasks()
    with pytest.raises(RuntimeError, match="RUN-7"):
        tasks.add_task(seen.append, 2)
    assert seen == [1]


@on_each_loop
@pytest.mark.parametrize("context", ["the add", "the run"])
async def test_a_container_that_runs_itself_again_and_again_is_told_so(context: str) -> None:
    tasks = answering({WITHIN: "again", "CTX-2": context, "ERR-4": "stop"})
    runs = count()

    async def itself() -> None:
        next(runs)
        await tasks()

    tasks.add_task(itself)
    with pytest.raises(Exception, match=r"background tasks failed|again and again"):
        await tasks()
    assert next(runs) == DEEPEST


@on_each_loop
@pytest.mark.parametrize("context", ["the add", "the run"])
async def test_whoever_joins_waits_for_the_end_unless_it_is_within(
    context: str, seen: list[Any]
) -> None:
    tasks = answering({WITHIN: "joined", "RUN-9, twice at once": "joined", "CTX-2": context})
    other = Adversary(tasks.seed)
    began = anyio.Event()

    async def through_another() -> None:
        began.set()
        await other()
        await anyio.lowlevel.checkpoint()
        seen.append("task")

    async def join() -> None:
        await began.wait()
        await tasks()
        seen.append("joined")

    other.add_task(tasks)
    tasks.add_task(through_another)
    async with anyio.create_task_group() as group:
        group.start_soon(join)
        await tasks()
    assert seen == ["task", "joined"]


# Tasks.


@on_each_loop
async def test_without_a_way_back_into_the_loop_each_sync_task_has_a_fresh_thread(
    seen: list[Any],
) -> None:
    tasks = answering({"CALL-8": "no"})
    for _ in range(3):
        tasks.add_task(lambda: seen.append(threading.current_thread()))
    await tasks()
    assert len({*seen}) == 3


@on_each_loop
@pytest.mark.parametrize("context", ["the add", "the run"])
async def test_a_sync_task_may_run_a_loop_of_its_own(context: str, seen: list[Any]) -> None:
    async def note() -> None:
        seen.append(1)

    tasks = answering({"CTX-2": context})
    tasks.add_task(anyio.run, note)
    await tasks()
    assert seen == [1]


@on_each_loop
@pytest.mark.parametrize(("context", "value"), [("the add", "of the add"), ("the run", "set")])
async def test_what_an_async_task_sets_leaks_where_it_sees_the_runs_context(
    context: str, value: str, seen: list[Any]
) -> None:
    variable = ContextVar("variable", default="nothing")

    async def use() -> None:
        seen.append(variable.get())
        variable.set("set")

    tasks = answering({"CTX-2": context})
    variable.set("of the add")
    tasks.add_task(use)
    variable.set("of the run")
    await tasks()
    assert seen == [f"of {context}"]
    assert variable.get() == ("of the run" if value == "of the add" else value)


@on_each_loop
async def test_an_async_mock_is_awaited() -> None:
    tasks, mock = Adversary(0), AsyncMock()
    tasks.add_task(mock, 1, two=2)
    await tasks()
    mock.assert_awaited_once_with(1, two=2)


@on_each_loop
async def test_the_failure_of_a_task_left_behind_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    started, cancelled = threading.Event(), threading.Event()

    def fail() -> None:
        started.set()
        cancelled.wait()
        raise LookupError("left behind")

    async def cancel(scope: anyio.CancelScope) -> None:
        while not started.is_set():
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    tasks = answering({"CAN-4": "left behind"})
    tasks.add_task(fail)
    async with anyio.create_task_group() as group:
        group.start_soon(cancel, group.cancel_scope)
        await tasks()
    cancelled.set()
    with anyio.fail_after(10):
        while "left behind" not in caplog.text:
            await anyio.lowlevel.checkpoint()
    assert "LookupError" in caplog.text


@on_each_loop
async def test_a_failure_before_a_run_was_left_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    tasks = answering({"ERR-4": "continue"})
    tasks.add_task([].pop)
    tasks.add_task(leave)
    with pytest.raises(KeyboardInterrupt):
        await tasks()
    assert "pop from empty list" in caplog.text


# The documentation.


def test_the_page_says_what_is_true() -> None:
    namespace: dict[str, object] = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), namespace)
    assert len(blocks) == 4
