"""The recorder: what it keeps, what it asserts and says where that fails, and what it runs."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import ANY, Mock

import anyio
import pytest

from bgspec import BackgroundTasks, RunInProgress, SupportsBackgroundTasks, TaskRefused
from bgspec.errors import ArgumentsRefused
from bgspec.recorder import Recorder

PAGE = Path(__file__).parent.parent / "docs" / "recorder.md"


def send_mail(to: str, *, subject: str, copies: int = 0) -> None: ...


async def audit(event: str, *details: int, **fields: object) -> None: ...


def generate() -> Iterator[int]:
    yield 1


def failure_of(assertion: Callable[..., None], *args: Any, **kwargs: Any) -> str:
    """The message of an assertion that fails, with the places of adds left out."""
    with pytest.raises(AssertionError) as failed:
        assertion(*args, **kwargs)
    return re.sub(r"(?m), added at .*?test_recorder\.py:\d+$", "", str(failed.value))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def mailed(recorder: Recorder) -> Recorder:
    """A recorder with two mails and something else."""
    recorder.add_task(audit, "start")
    recorder.add_task(send_mail, "a@example.org", subject="Welcome")
    recorder.add_task(send_mail, to="b@example.org", subject="Welcome", copies=2)
    return recorder


# Adding.


def test_nothing_is_called_at_the_add(recorder: Recorder) -> None:
    called = Mock()
    recorder.add_task(called)
    called.assert_not_called()
    assert len(recorder) == 1


def test_the_calls_of_a_function_and_all_calls_can_be_read_in_order(mailed: Recorder) -> None:
    assert [call.arguments["to"] for call in mailed.added(send_mail)] == [
        "a@example.org",
        "b@example.org",
    ]
    assert [call.func for call in mailed.calls] == [audit, send_mail, send_mail]
    assert mailed.added(print) == ()


def test_a_call_tells_its_arguments_with_defaults_and_where_it_was_added(mailed: Recorder) -> None:
    call, _ = mailed.added(send_mail)
    assert call.arguments == {"to": "a@example.org", "subject": "Welcome", "copies": 0}
    assert repr(call) == "send_mail(to='a@example.org', subject='Welcome', copies=0)"
    assert call.where.startswith(f"{__file__}:")


def test_any_keyword_reaches_the_call(recorder: Recorder) -> None:
    def take(**kwargs: object) -> None: ...

    adding: Any = recorder
    adding.add_task(take, func=1, self=2, args=3)
    adding.add_task(func=take)
    assert [call.arguments for call in recorder.added(take)] == [
        {"kwargs": {"func": 1, "self": 2, "args": 3}},
        {"kwargs": {}},
    ]
    adding.assert_added(take, func=1, self=2, args=3)


@pytest.mark.parametrize("func", [None, 42, generate])
def test_what_cannot_be_run_is_refused_at_the_add(recorder: Recorder, func: Any) -> None:
    with pytest.raises(TaskRefused):
        recorder.add_task(func)
    assert (recorder.calls, recorder.tasks) == ((), ())


@pytest.mark.parametrize(
    ("args", "kwargs", "names"),
    [
        ((), {"subject": "Hi"}, "'to'"),
        (("a@example.org",), {}, "'subject'"),
        (("a@example.org",), {"subject": "Hi", "copy": 1}, "'copy'"),
        (("a@example.org",), {"subject": "Hi", "to": "b@example.org"}, "'to'"),
        (("a@example.org", "Hi"), {}, "too many positional"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_at_the_add(
    recorder: Recorder, args: tuple[Any, ...], kwargs: dict[str, Any], names: str
) -> None:
    adding: Any = recorder
    with pytest.raises(ArgumentsRefused, match=names) as refused:
        adding.add_task(send_mail, *args, **kwargs)
    assert str(refused.value).startswith("send_mail(to, *, subject, copies=0) cannot be called")
    assert isinstance(refused.value, TypeError)
    assert (recorder.calls, recorder.tasks) == ((), ())


def test_a_method_is_checked_without_its_self(recorder: Recorder) -> None:
    class Mailer:
        def send(self, to: str) -> None: ...

    mailer, adding = Mailer(), recorder
    adding.add_task(mailer.send, "a@example.org")
    recorder.assert_added(mailer.send, to="a@example.org")
    untyped: Any = mailer.send
    with pytest.raises(ArgumentsRefused, match="'to'"):
        recorder.add_task(untyped)


def test_what_has_no_signature_takes_anything(recorder: Recorder) -> None:
    untyped: Any = dict
    recorder.add_task(untyped, 1, 2, 3, four=4)
    recorder.assert_added(untyped, 1, 2, 3, four=4)
    assert failure_of(recorder.assert_added, untyped, 1, 2, 4, four=4).splitlines()[2:] == [
        "    args[2]: expected 4, was 3"
    ]


def decorated(func: Callable[..., object], *first: object) -> Any:
    """A wrapper that hands on what it gets, after what it adds itself."""

    @functools.wraps(func)
    def wrapper(*args: object, **kwargs: object) -> object:
        return func(*first, *args, **kwargs)

    return wrapper


def test_a_wrapper_is_compared_by_the_names_of_what_it_wraps(recorder: Recorder) -> None:
    wrapper = decorated(send_mail)
    recorder.add_task(wrapper, "a@example.org", subject="Hi")
    recorder.assert_added(wrapper, to="a@example.org", subject="Hi", copies=0)


def test_a_wrapper_that_adds_an_argument_is_not_refused(recorder: Recorder) -> None:
    wrapper = decorated(send_mail, "a@example.org")
    recorder.add_task(wrapper, subject="Hi")
    recorder.assert_added(wrapper, subject="Hi")
    assert "kwargs['subject']: expected 'Ho', was 'Hi'" in failure_of(
        recorder.assert_added, wrapper, subject="Ho"
    )


def test_a_partial_counts_as_the_call_that_it_makes(recorder: Recorder) -> None:
    recorder.add_task(partial(partial(send_mail, "a@example.org"), copies=1), subject="Hi")
    recorder.assert_added_once(send_mail, "a@example.org", subject="Hi", copies=1)
    recorder.assert_added_once(partial(send_mail, subject="Hi", copies=1), to="a@example.org")
    assert len(recorder.added(partial(send_mail))) == 1


# Assertions that hold.


def test_an_argument_by_position_equals_the_same_by_name(mailed: Recorder) -> None:
    mailed.assert_added(send_mail, to="a@example.org", subject="Welcome")
    mailed.assert_added(send_mail, "b@example.org", copies=2, subject="Welcome")


def test_an_argument_left_out_equals_its_default(mailed: Recorder) -> None:
    mailed.assert_added(send_mail, "a@example.org", subject="Welcome", copies=0)


def test_any_stands_for_an_argument_but_not_for_one_left_out(mailed: Recorder) -> None:
    mailed.assert_added(send_mail, ANY, subject=ANY, copies=2)
    with pytest.raises(AssertionError, match=r"fields\['by'\]: expected <ANY>, was left out"):
        mailed.assert_added(audit, "start", by=ANY)


def test_arguments_that_cannot_be_compared_are_the_same_where_they_are_one(
    recorder: Recorder,
) -> None:
    class Array:
        def __eq__(self, other: object) -> bool:
            raise ValueError("ambiguous")

        __hash__ = None  # type: ignore[assignment]  # as of arrays

    array = Array()
    recorder.add_task(audit, "sum", array=array)
    recorder.assert_added(audit, "sum", array=array)


def test_once_counts_calls_with_these_arguments_alone(mailed: Recorder) -> None:
    mailed.assert_added_once(send_mail, "a@example.org", subject="Welcome")


def test_what_was_not_added_was_not(mailed: Recorder, recorder: Recorder) -> None:
    mailed.assert_not_added(print)
    Recorder().assert_nothing_added()


# Assertions that fail.


def test_a_failure_shows_what_was_added_the_nearest_first(mailed: Recorder) -> None:
    assert failure_of(mailed.assert_added, send_mail, "b@example.org", subject="Hi", copies=2) == (
        "send_mail(to='b@example.org', subject='Hi', copies=2) was not added; "
        "what was, the nearest first:\n"
        "  send_mail(to='b@example.org', subject='Welcome', copies=2)\n"
        "    subject: expected 'Hi', was 'Welcome'\n"
        "  send_mail(to='a@example.org', subject='Welcome', copies=0)\n"
        "    to: expected 'b@example.org', was 'a@example.org'\n"
        "    subject: expected 'Hi', was 'Welcome'\n"
        "    copies: expected 2, was 0\n"
        "  audit(event='start')"
    )


def test_a_failure_shows_where_a_call_was_added(mailed: Recorder) -> None:
    with pytest.raises(AssertionError, match=r"added at .*test_recorder\.py:\d+"):
        mailed.assert_added(print)


def test_a_failure_tells_the_arguments_of_args_and_kwargs_one_by_one(recorder: Recorder) -> None:
    recorder.add_task(audit, "sum", 1, 2, by="me", at=3)
    message = failure_of(recorder.assert_added, audit, "sum", 1, 3, 4, by="you")
    assert message.splitlines()[1:] == [
        "  audit(event='sum', details[0]=1, details[1]=2, fields['by']='me', fields['at']=3)",
        "    details[1]: expected 3, was 2",
        "    details[2]: expected 4, was left out",
        "    fields['by']: expected 'you', was 'me'",
        "    fields['at']: expected left out, was 3",
    ]


def test_a_failure_tells_of_another_object_of_the_same_name(recorder: Recorder) -> None:
    class Mailer:
        def send(self) -> None: ...

    recorder.add_task(audit, "start")
    recorder.add_task(Mailer().send)
    message = failure_of(recorder.assert_added, Mailer().send)
    assert message.splitlines()[1:3] == [
        f"  {Mailer.send.__qualname__}()",
        "    another object of the same name",
    ]


def test_a_failure_where_nothing_was_added_says_so(recorder: Recorder) -> None:
    assert failure_of(recorder.assert_added_once, audit, "start") == (
        "audit(event='start') was not added, and nothing else was"
    )


def test_a_failure_shows_some_of_many_and_counts_the_rest(recorder: Recorder) -> None:
    for number in range(9):
        recorder.add_task(audit, "count", number)
    message = failure_of(recorder.assert_not_added, audit)
    assert message.splitlines()[0] == "audit was added 9 times:"
    assert message.splitlines()[-2:] == ["  audit(event='count', details[0]=4)", "  and 4 more"]


def test_once_fails_where_it_was_twice(mailed: Recorder) -> None:
    mailed.add_task(audit, event="start")
    assert failure_of(mailed.assert_added_once, audit, "start") == (
        "audit(event='start') was added 2 times, not once:\n"
        "  audit(event='start')\n"
        "  audit(event='start')"
    )


def test_nothing_added_fails_where_something_was(recorder: Recorder) -> None:
    recorder.add_task(audit, "start")
    assert failure_of(recorder.assert_nothing_added) == (
        "something was added:\n  audit(event='start')"
    )


@pytest.mark.parametrize("func", [None, 42, generate])
def test_an_assertion_of_what_cannot_be_added_is_refused(recorder: Recorder, func: Any) -> None:
    for assertion in (recorder.assert_added, recorder.assert_not_added, recorder.added):
        with pytest.raises(TaskRefused):
            assertion(func)


def test_an_assertion_of_a_call_that_does_not_fit_is_refused(mailed: Recorder) -> None:
    asserting: Any = mailed
    with pytest.raises(ArgumentsRefused, match="'subject'"):
        asserting.assert_added(send_mail, "a@example.org")


# Running.


@pytest.mark.anyio
async def test_a_run_runs_each_once_and_what_was_added_stays(recorder: Recorder) -> None:
    seen: list[str] = []

    async def note(what: str) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(what)

    recorder.add_task(seen.append, "sync")
    recorder.add_task(note, "async")
    await recorder.run()
    recorder.add_task(note, "later")
    await recorder()
    await recorder.run()
    assert seen == ["sync", "async", "later"]
    assert (len(recorder), len(recorder.calls)) == (0, 3)


@pytest.mark.anyio
async def test_what_a_task_adds_is_recorded_and_run(recorder: Recorder) -> None:
    seen: list[str] = []
    recorder.add_task(recorder.add_task, seen.append, "late")
    await recorder.run()
    assert seen == ["late"]
    recorder.assert_added(seen.append, "late")


@pytest.mark.anyio
async def test_a_failure_tells_where_its_task_was_added(recorder: Recorder) -> None:
    def fail() -> None:
        raise ValueError("failed")

    recorder.add_task(fail)
    recorder.add_task(recorder)
    with pytest.raises(ExceptionGroup) as failed:
        await recorder.run()
    first, second = failed.value.exceptions
    assert re.search(r"added at .*test_recorder\.py:\d+$", first.__notes__[0])
    assert isinstance(second, RunInProgress)


def test_it_is_a_container() -> None:
    tasks: SupportsBackgroundTasks = Recorder()
    assert isinstance(tasks, BackgroundTasks)
    assert repr(tasks) == "<Recorder: 0 pending>"


# The page.


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, each where the page says that it is."""
    folder = tmp_path_factory.mktemp("shop")
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE.read_text())
    for name, block in zip(["shop.py", "conftest.py", "test_shop.py"], blocks, strict=True):
        (folder / name).write_text(block)
    return folder


def pytest_in(folder: Path, *args: str) -> str:
    """What a session of pytest by itself prints."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_tests_on_the_page_pass(shop: Path) -> None:
    shown = pytest_in(shop, "test_shop.py", "-W", "error")
    assert re.search(r"(?m)^[34] passed in", shown), shown


def test_the_message_on_the_page_is_what_pytest_shows_and_no_code_of_the_recorder(
    shop: Path,
) -> None:
    (shop / "test_fails.py").write_text(
        "from shop import send_mail, sign_up\n"
        "def test_fails(background_tasks):\n"
        "    sign_up('a@example.org', background_tasks)\n"
        "    background_tasks.assert_added(send_mail, 'a@example.org', subject='Hello')\n"
    )
    (message,) = re.findall(r"(?ms)^```text\n(.*?)^```", PAGE.read_text())
    shown = pytest_in(shop, "test_fails.py").replace(f"{shop}/", "")
    errors = re.findall(r"(?m)^E {7}(?:AssertionError: )?(.*)$", shown)
    assert errors == message.splitlines()
    assert "recorder.py" not in shown
