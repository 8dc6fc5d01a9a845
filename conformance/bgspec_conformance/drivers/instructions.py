"""Being called at each instruction that a thread carries out in some code.

From Python 3.12 on by `sys.monitoring`: there a trace function that asks for instructions hears of
none in code that is run for the first time, and on 3.13 of none at all once an untraced thread has
run it. Before, by `sys.settrace`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

__all__ = ["instructions"]

if sys.version_info >= (3, 12):
    from sys import monitoring

    TOOLS = (4, 3)
    """The ids that are nobody's by convention."""

    @contextmanager
    def instructions(
        is_watched: Callable[[str], bool], each: Callable[[], object]
    ) -> Generator[None, None, None]:
        """While inside, have `each` called before every instruction of this thread.

        Args:
            is_watched: whether it is wanted for code of this file; asked as a function starts.
            each: called in the midst of what the thread does.
        """
        thread = threading.get_ident()
        watched: set[CodeType] = set()
        tool = next(tool for tool in TOOLS if monitoring.get_tool(tool) is None)
        events = monitoring.events

        def start(code: CodeType, _: int) -> None:
            if threading.get_ident() != thread or code in watched:
                return
            if is_watched(code.co_filename):
                watched.add(code)
                monitoring.set_local_events(tool, code, events.INSTRUCTION)

        def instruction(code: CodeType, _: int) -> None:
            if threading.get_ident() == thread:
                each()

        monitoring.use_tool_id(tool, "bgspec")
        monitoring.register_callback(tool, events.PY_START, start)
        monitoring.register_callback(tool, events.INSTRUCTION, instruction)
        monitoring.set_events(tool, events.PY_START)
        try:
            yield
        finally:
            monitoring.set_events(tool, events.NO_EVENTS)
            for code in watched:
                monitoring.set_local_events(tool, code, events.NO_EVENTS)
            monitoring.register_callback(tool, events.PY_START, None)
            monitoring.register_callback(tool, events.INSTRUCTION, None)
            monitoring.free_tool_id(tool)

else:

    @contextmanager
    def instructions(
        is_watched: Callable[[str], bool], each: Callable[[], object]
    ) -> Generator[None, None, None]:
        """While inside, have `each` called before every instruction of this thread.

        Args:
            is_watched: whether it is wanted for code of this file; asked as a function starts.
            each: called in the midst of what the thread does.
        """

        def call(frame: FrameType, event: str, arg: Any) -> Any:
            if not is_watched(frame.f_code.co_filename):
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            return instruction

        def instruction(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "opcode":
                each()
            return instruction

        before = sys.gettrace()
        sys.settrace(call)
        try:
            yield
        finally:
            sys.settrace(before)
