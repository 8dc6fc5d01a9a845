"""A span a task, linked to the span of its add."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bgspec import BackgroundTasks
from bgspec.adapters.opentelemetry import SpanPerTask

pytestmark = pytest.mark.anyio

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
tracer = provider.get_tracer("tests")


@pytest.fixture(autouse=True)
def _nothing_exported() -> None:
    exporter.clear()


def sync() -> None:
    with tracer.start_as_current_span("within"):
        pass


async def suspending() -> None:
    await anyio.lowlevel.checkpoint()
    sync()


def failing() -> None:
    raise ValueError("why")


def finished() -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


@pytest.mark.parametrize("func", [sync, suspending])
async def test_a_task_has_a_span_linked_to_that_of_its_add(func: Callable[[], object]) -> None:
    tasks = BackgroundTasks(observer=SpanPerTask(tracer))
    with tracer.start_as_current_span("request") as request:
        tasks.add_task(func)
    await tasks()
    spans = finished()
    span, within = spans[func.__name__], spans["within"]
    assert span.parent is None
    assert [link.context for link in span.links] == [request.get_span_context()]
    assert within.parent == span.get_span_context()
    assert span.attributes is not None
    assert str(span.attributes["bgspec.task.added_at"]).startswith(__file__)
    assert isinstance(span.attributes["bgspec.task.waited"], float)
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_an_add_without_a_span_is_linked_to_nothing() -> None:
    tasks = BackgroundTasks(observer=SpanPerTask(tracer))
    tasks.add_task(sync)
    await tasks()
    assert list(finished()["sync"].links) == []


async def test_a_failure_is_recorded_in_the_span() -> None:
    tasks = BackgroundTasks(observer=SpanPerTask(tracer))
    tasks.add_task(failing)
    with pytest.raises(ValueError, match="why"):
        await tasks()
    span = finished()["failing"]
    assert (span.status.status_code, span.status.description) == (
        trace.StatusCode.ERROR,
        "ValueError",
    )
    assert [event.name for event in span.events] == ["exception"]


async def test_each_task_has_a_span_of_its_own() -> None:
    tasks = BackgroundTasks(observer=SpanPerTask(tracer))
    for _ in range(3):
        tasks.add_task(sync)
    await tasks()
    names = [span.name for span in exporter.get_finished_spans()]
    assert names == ["within", "sync"] * 3
