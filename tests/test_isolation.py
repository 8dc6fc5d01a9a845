"""A parent outlives whatever its child does, says what it was, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anyio
import pytest

from bgspec_conformance.isolation import Ending, Exited, Finished, Silent, TooLarge, supervise
from tests import children
from tests.children import MIB, OPEN, SLEEPER, assert_gone, posix, run

pytestmark = pytest.mark.anyio
nothing_left = children.nothing_left

EATER = f"eaten = b'x' * {300 * MIB}; {SLEEPER}"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# What a child that behaves gets.


async def test_exit_status_after_goodbye_is_told() -> None:
    assert await run(OPEN + "lifeline.goodbye(); sys.exit(3)") == Finished(code=3)


@pytest.mark.parametrize("sign", ["beat()", "note('')", "send(b'')"])
async def test_signs_of_life_keep_a_child(sign: str) -> None:
    program = f"""{OPEN}
end = time.monotonic() + 2
while time.monotonic() < end:
    lifeline.{sign}
    time.sleep(0.001)
lifeline.goodbye()
"""
    assert isinstance(await run(program, silence=1.0), Finished)


async def test_a_slow_start_is_not_silence() -> None:
    program = f"import time; time.sleep(1)\n{OPEN}\nlifeline.goodbye()"
    assert await run(program, silence=0.3) == Finished(code=0)


async def test_time_in_which_the_parent_is_held_up_is_not_silence(tmp_path: Path) -> None:
    def hold_up(_: bytes) -> None:
        time.sleep(1.5)
        (tmp_path / "go on").touch()

    program = f"""{OPEN}
lifeline.send(b"")
while not Path({str(tmp_path / "go on")!r}).exists():
    time.sleep(0.001)
lifeline.goodbye()
"""
    assert await run(program, silence=1.0, on_message=hold_up) == Finished(code=0)


async def test_two_children_at_once_do_not_meet() -> None:
    endings: dict[str, Ending] = {}

    async def supervised(program: str) -> None:
        ending = await run(OPEN + program)
        endings[ending.note] = ending

    async with anyio.create_task_group() as group:
        group.start_soon(supervised, "lifeline.note('hung'); time.sleep(600)")
        group.start_soon(supervised, "lifeline.note('done'); lifeline.goodbye()")
    assert endings == {
        "hung": Silent(seconds=1.0, note="hung"),
        "done": Finished(code=0, note="done"),
    }


# Hanging.

HANGS = {
    "suspended": "asyncio.run(asyncio.Event().wait())",
    "blocking the loop": "asyncio.run(asyncio.sleep(threading.Event().wait()))",
    "spinning": "while True: pass",
    "printing": "while True: print('again')",
    "deaf to signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "stopped": "os.kill(os.getpid(), signal.SIGSTOP)",
    "in a thread at exit": "threading.Thread(target=time.sleep, args=[600]).start()",
    "in an exit handler": "atexit.register(time.sleep, 600)",
}


@posix
@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS.keys())
async def test_a_child_that_hangs_is_silent_and_its_note_is_told(hang: str) -> None:
    ending = await run(f"{OPEN}\nlifeline.note('the plan')\n{hang}")
    assert isinstance(ending, Silent)
    assert (ending.seconds, ending.note) == (1.0, "the plan")


async def test_messages_from_before_a_hang_arrive() -> None:
    messages: list[bytes] = []
    await run(OPEN + "lifeline.send(b'1'); time.sleep(600)", on_message=messages.append)
    assert messages == [b"1"]


# Ending on the spot.

EXITS = {
    "os._exit": ("os._exit(3)", 3),
    "sys.exit": ("sys.exit(4)", 4),
    "running out": ("pass", 0),
    "an exception": ("raise ValueError", 1),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -9),
    "SIGSEGV": ("os.kill(os.getpid(), signal.SIGSEGV)", -11),
    "its whole session": ("os.killpg(0, signal.SIGTERM)", -15),
}


@posix
@pytest.mark.parametrize(("end", "code"), EXITS.values(), ids=EXITS.keys())
async def test_a_child_that_is_gone_before_goodbye_has_exited(end: str, code: int) -> None:
    ending = await run(f"{OPEN}\nlifeline.note('the plan')\nprint('last words')\n{end}")
    assert isinstance(ending, Exited)
    assert (ending.code, ending.note) == (code, "the plan")
    assert ending.output.startswith("last words")


async def test_a_child_that_fails_before_it_opens_its_lifeline_has_exited() -> None:
    ending = await run("import nowhere")
    assert isinstance(ending, Exited)
    assert (ending.code, ending.note) == (1, "")
    assert "ModuleNotFoundError" in ending.output


async def test_a_program_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        await supervise(
            ["./nowhere"], b"", silence=1, memory=MIB, on_message=lambda _: pytest.fail("sent")
        )


# Memory.


async def test_a_child_over_its_memory_is_too_large() -> None:
    program = f"""{OPEN}
lifeline.note("the plan")
eaten = b"x" * {300 * MIB}
while True:
    lifeline.beat()
"""
    ending = await run(program, silence=30, memory=100 * MIB)
    assert isinstance(ending, TooLarge)
    assert ending.size > 100 * MIB
    assert ending.note == "the plan"


async def test_the_memory_of_descendants_counts() -> None:
    program = f"""{OPEN}
subprocess.Popen([sys.executable, "-c", {EATER!r}])
while True:
    lifeline.beat()
"""
    assert isinstance(await run(program, silence=30, memory=100 * MIB), TooLarge)


# What a target leaves behind.


@pytest.mark.parametrize("left", ["time.sleep(600)", "[lifeline.beat() for _ in iter(int, 1)]"])
async def test_threads_left_behind_after_goodbye_do_not_hold_up_the_parent(left: str) -> None:
    program = f"{OPEN}\nthreading.Thread(target=lambda: {left}).start()\nlifeline.goodbye()"
    assert await run(program, silence=600, grace=1.0) == Finished(code=None)


@posix
@pytest.mark.parametrize("own_session", [False, True])
async def test_descendants_end_with_the_child(own_session: bool) -> None:
    pids: list[bytes] = []
    program = f"""{OPEN}
left = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}], start_new_session={own_session})
lifeline.send(b"%d" % left.pid)
time.sleep(600)
"""
    await run(program, on_message=pids.append)
    assert_gone(int(pids[0]))


@posix
async def test_descendants_end_when_the_child_has_exited() -> None:
    pids: list[bytes] = []
    program = f"""{OPEN}
left = subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
lifeline.send(b"%d" % left.pid)
lifeline.goodbye()
os._exit(0)
"""
    assert await run(program, on_message=pids.append) == Finished(code=0)
    assert_gone(int(pids[0]))


# The parent's own end.


async def test_cancellation_ends_the_child() -> None:
    pids: list[bytes] = []

    def receive(message: bytes) -> None:
        pids.append(message)
        scope.cancel()

    with anyio.CancelScope() as scope:
        await run(
            OPEN + "lifeline.send(b'%d' % os.getpid()); time.sleep(600)",
            silence=600,
            on_message=receive,
        )
    assert scope.cancelled_caught
    assert_gone(int(pids[0]))


async def test_an_error_of_the_receiver_ends_the_child_and_surfaces() -> None:
    error = RuntimeError("cannot receive")

    def refuse(_: bytes) -> None:
        raise error

    with pytest.raises(RuntimeError) as caught:
        await run(OPEN + "lifeline.send(b''); time.sleep(600)", silence=600, on_message=refuse)
    assert caught.value is error


PARENT = f"""
import anyio, signal, sys
from bgspec_conformance.isolation import supervise

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
argv = [sys.executable, "-c", {OPEN + "lifeline.send(b'%d' % os.getpid()); time.sleep(600)"!r}]

async def main():
    await supervise(
        argv, b"", silence=600, memory=1 << 40, on_message=lambda pid: print(int(pid), flush=True)
    )

anyio.run(main)
"""


def stopped_parent(number: int, directory: Path) -> int:
    """Start a parent and its child, send the parent a signal, and return the child's pid."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(directory)},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait(60)
    return pid


@posix
def test_ctrl_c_ends_the_child_and_leaves_no_file() -> None:
    assert_gone(stopped_parent(signal.SIGINT, Path(tempfile.gettempdir())))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    assert_gone(stopped_parent(signal.Signals["SIGKILL"], tmp_path))
