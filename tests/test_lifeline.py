"""What a child says arrives, and nothing that a target prints or closes gets in between."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from bgspec_conformance.isolation import Exited, Finished
from tests import children
from tests.children import MIB, OPEN, posix, run

pytestmark = pytest.mark.anyio
nothing_left = children.nothing_left


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_job_goes_in_and_messages_come_out_in_order() -> None:
    program = OPEN + "for n in range(500): lifeline.send(b'%s %d' % (lifeline.job, n))\n"
    messages: list[bytes] = []
    ending = await run(program + "lifeline.goodbye()", job=b"job", on_message=messages.append)
    assert ending == Finished(code=0)
    assert messages == [b"job %d" % n for n in range(500)]


async def test_an_asynchronous_receiver_is_awaited() -> None:
    messages: list[bytes] = []

    async def receive(message: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        messages.append(message)

    await run(OPEN + "lifeline.send(b'1'); lifeline.send(b'2')", on_message=receive)
    assert messages == [b"1", b"2"]


async def test_a_finished_child_exits_as_usual_and_is_heard_to_the_last() -> None:
    messages: list[bytes] = []
    program = OPEN + "atexit.register(lifeline.send, b'flushed'); lifeline.goodbye()"
    assert await run(program, on_message=messages.append) == Finished(code=0)
    assert messages == [b"flushed"]


async def test_standard_input_is_empty() -> None:
    ending = await run(OPEN + "print(repr(sys.stdin.read())); lifeline.goodbye()", job=b"job")
    assert ending.output.strip() == "''"


# What a target prints.


async def test_what_is_printed_is_output_and_no_message() -> None:
    messages: list[bytes] = []
    program = f"""{OPEN}
print("to stdout")
os.write(1, b"to descriptor 1\\n")
print("to stderr", file=sys.stderr)
subprocess.run([sys.executable, "-c", "print('to a descendant of it')"])
print("\\N{{SNOWMAN}} \\udc80")
lifeline.send(b"sent")
lifeline.goodbye()
"""
    ending = await run(program, silence=30, on_message=messages.append)
    assert messages == [b"sent"]
    assert ending.output.splitlines() == [
        "to stdout",
        "to descriptor 1",
        "to stderr",
        "to a descendant of it",
        "\N{SNOWMAN} \\udc80",
    ]


@posix
async def test_a_flood_of_output_is_cut_back_to_its_end() -> None:
    program = f"""{OPEN}
print("x" * {4 * MIB})
while os.fstat(1).st_size > {MIB}:
    lifeline.beat()
print("the end")
lifeline.goodbye()
"""
    ending = await run(program)
    assert ending.output.endswith("xxx\nthe end\n")
    assert len(ending.output) == 8192


# The channel, when a target tampers with it.


@posix
async def test_closed_descriptors_do_not_cut_the_lifeline(tmp_path: Path) -> None:
    messages: list[bytes] = []
    program = f"""{OPEN}
os.closerange(0, 256)
files = [os.open({str(tmp_path)!r} + f"/{{n}}", os.O_RDWR | os.O_CREAT) for n in range(32)]
lifeline.note("a note")
lifeline.send(b"a message")
lifeline.goodbye()
os._exit(sum(os.fstat(file).st_size for file in files))
"""
    ending = await run(program, on_message=messages.append)
    assert messages == [b"a message"]
    assert ending == Finished(code=0, note="a note")


@posix
async def test_a_forked_copy_of_the_child_has_no_say() -> None:
    messages: list[bytes] = []
    program = f"""{OPEN}
if os.fork() == 0:
    lifeline.send(b"copy")
    lifeline.goodbye()
    os._exit(0)
os.wait()
lifeline.send(b"original")
"""
    assert isinstance(await run(program, on_message=messages.append), Exited)
    assert messages == [b"original"]


async def test_a_message_cut_short_is_not_delivered() -> None:
    messages: list[bytes] = []
    program = OPEN + "lifeline.send(b'whole'); (home / 'messages').open('ab').write(b'half')"
    await run(program, on_message=messages.append)
    assert messages == [b"whole"]


async def test_a_message_with_a_line_break_is_refused() -> None:
    ending = await run(OPEN + "lifeline.send(b'two\\nlines')")
    assert ending.output.endswith("ValueError: a message is one line\n")


async def test_a_long_note_of_any_characters_is_told_whole() -> None:
    text = "\N{SNOWMAN}\udc80" * 50_000
    ending = await run(OPEN + "lifeline.note('old'); lifeline.note('\\u2603\\udc80' * 50_000)")
    assert ending.note == text


async def test_a_note_over_the_capacity_is_refused() -> None:
    ending = await run(OPEN + "lifeline.note('kept'); lifeline.note('x' * (NOTE_CAPACITY + 1))")
    assert ending.note == "kept"
    assert "ValueError: a note holds 1048576 bytes" in ending.output


async def test_a_program_started_by_hand_is_told_so() -> None:
    ending = await run(OPEN + "Lifeline.open()")
    assert ending.output.endswith("this program is started by supervise()\n")
