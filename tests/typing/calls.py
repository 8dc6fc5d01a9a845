"""TYP-1 to TYP-3 on the bare protocol: right calls are accepted, wrong ones refused."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from bgspec.protocols import SupportsAddTask

T = TypeVar("T")


def write(path: str, text: str = "", *, mode: int = 0o644) -> None: ...


async def send(address: str, retries: int = 0) -> bool:
    return True


def count(*numbers: int, **weights: float) -> int:
    return len(numbers)


def first(items: list[T], default: T) -> T:
    return items[0] if items else default


def produce(limit: int) -> Iterator[int]:
    yield limit


def ping() -> None: ...


class Mailer:
    def __init__(self, host: str) -> None:
        self.host = host

    def deliver(self, letter: bytes) -> None: ...

    async def deliver_soon(self, letter: bytes) -> None: ...

    @classmethod
    def default(cls, port: int) -> None: ...

    @staticmethod
    async def check(port: int) -> None: ...

    def __call__(self, subject: str) -> None: ...


class AsyncHook:
    async def __call__(self, event: str) -> None: ...


def right(tasks: SupportsAddTask, mailer: Mailer, hook: AsyncHook) -> None:
    tasks.add_task(write, "log.txt")
    tasks.add_task(write, "log.txt", "line")
    tasks.add_task(write, "log.txt", text="line", mode=0o600)
    tasks.add_task(write, path="log.txt")
    tasks.add_task(send, "ada@example.org")
    tasks.add_task(send, "ada@example.org", retries=3)
    tasks.add_task(count, 1, 2, 3, half=0.5)
    tasks.add_task(count)
    tasks.add_task(first, [1, 2], 3)
    tasks.add_task(produce, 3)
    tasks.add_task(ping)
    tasks.add_task(mailer.deliver, b"letter")
    tasks.add_task(mailer.deliver_soon, letter=b"letter")
    tasks.add_task(Mailer.default, 25)
    tasks.add_task(Mailer.check, port=25)
    tasks.add_task(mailer, subject="hello")
    tasks.add_task(hook, "event")
    tasks.add_task(Mailer, "localhost")
    tasks.add_task(lambda: None)
    tasks.add_task(lambda *lines: print("done"), "line")
    tasks.add_task(functools.partial(write, "log.txt"))
    tasks.add_task(functools.partial(functools.partial(send, "ada@example.org"), retries=1))
    tasks.add_task(print, "a", "b", sep=", ")
    tasks.add_task([0].append, 1)
    tasks.add_task(len, "abc")


def unknown(tasks: SupportsAddTask, func: Callable[..., object], other: Any) -> None:
    tasks.add_task(func, 1, "two", three=3)
    tasks.add_task(other, 1, "two", three=3)


def wrong_count(tasks: SupportsAddTask, mailer: Mailer, hook: AsyncHook) -> None:
    tasks.add_task(write)  # E
    tasks.add_task(write, "log.txt", "line", 0o600)  # E
    tasks.add_task(send)  # E
    tasks.add_task(send, "ada@example.org", 3, 4)  # E
    tasks.add_task(ping, 1)  # E
    tasks.add_task(mailer.deliver)  # E
    tasks.add_task(mailer.deliver_soon, b"letter", b"another")  # E
    tasks.add_task(Mailer)  # E
    tasks.add_task(Mailer.default)  # E
    tasks.add_task(hook)  # E
    tasks.add_task(lambda: None, 1)  # E
    tasks.add_task(functools.partial(ping), 1)  # E: pyright


def wrong_type(tasks: SupportsAddTask, mailer: Mailer, hook: AsyncHook) -> None:
    tasks.add_task(write, 1)  # E
    tasks.add_task(write, "log.txt", mode="w")  # E
    tasks.add_task(send, "ada@example.org", retries="3")  # E
    tasks.add_task(count, 1, "two")  # E
    tasks.add_task(count, 1, half="0.5")  # E
    tasks.add_task(mailer.deliver, "letter")  # E
    tasks.add_task(Mailer.check, "25")  # E
    tasks.add_task(hook, 1)  # E
    tasks.add_task(Mailer, 1)  # E
    tasks.add_task([0].append, "1")  # E


def wrong_name(tasks: SupportsAddTask, mailer: Mailer) -> None:
    tasks.add_task(write, "log.txt", txt="line")  # E
    tasks.add_task(write, "log.txt", path="log.txt")  # E
    tasks.add_task(send, addres="ada@example.org")  # E
    tasks.add_task(mailer, topic="hello")  # E
    tasks.add_task(ping, delay=5)  # E


def no_function(tasks: SupportsAddTask, soon: Awaitable[None]) -> None:
    tasks.add_task()  # E
    tasks.add_task(None)  # E
    tasks.add_task("write", "log.txt")  # E
    tasks.add_task(send("ada@example.org"))  # E
    tasks.add_task(soon)  # E
    tasks.add_task(count(1, 2))  # E
    tasks.add_task(produce(3))  # E


async def no_result(tasks: SupportsAddTask) -> None:
    tasks.add_task(await send("ada@example.org"))  # E
    await tasks.add_task(ping)  # E
