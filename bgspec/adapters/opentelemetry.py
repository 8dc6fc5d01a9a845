"""A span for each task, by OpenTelemetry, linked to the span that was current at its add.

It is a link and not a parent: the request's span has ended when the task runs, and one request may
add many. The task's own span is current while it runs, so that what the task calls is traced below.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import NamedTuple

from bgspec.observer import Observer, TaskRun

try:
    from opentelemetry import context, trace
except ImportError as error:
    raise ImportError(
        "bgspec.adapters.opentelemetry needs OpenTelemetry's API: "
        "pip install 'bgspec[opentelemetry]'"
    ) from error

__all__ = ["SpanPerTask"]


class _Open(NamedTuple):
    """The span of the task in progress."""

    span: trace.Span
    token: Token[context.Context]


_open: ContextVar[_Open] = ContextVar("bgspec_open_span")


class SpanPerTask(Observer):
    """An observer that makes a span for each task.

    The span is called after the task's function and has as attributes ``bgspec.task.added_at``, the
    file and line of the add, and ``bgspec.task.waited``, the seconds from add to start. A failure
    is recorded in it as an exception, and sets its status.

    Args:
        tracer: makes the spans; by default that of the global tracer provider.

    Example:
        ::

            tasks = BackgroundTasks(observer=SpanPerTask())
    """

    def __init__(self, tracer: trace.Tracer | None = None) -> None:
        self._tracer = tracer or trace.get_tracer("bgspec")

    def started(self, run: TaskRun) -> None:
        """Start a span, and make it the current one of the task."""
        adding = trace.get_current_span().get_span_context()
        span = self._tracer.start_span(
            run.name,
            context=context.Context(),  # of nothing: it has no parent
            links=[trace.Link(adding)] if adding.is_valid else [],
            attributes={"bgspec.task.added_at": run.where, "bgspec.task.waited": run.waited},
        )
        _open.set(_Open(span, context.attach(trace.set_span_in_context(span))))

    def ended(self, run: TaskRun) -> None:
        """End the span."""
        span, token = _open.get()
        context.detach(token)
        span.end()

    def failed(self, run: TaskRun, error: BaseException) -> None:
        """End the span with the failure."""
        span = _open.get().span
        span.record_exception(error)
        span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        self.ended(run)
