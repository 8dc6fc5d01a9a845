"""ASGI middleware: one container a request, run after the response however the request ended.

Theory of operation
-------------------
A request gets a *holder*, in a context variable and in the scope, and nothing more. The container
is made when somebody first asks for it. When the application has returned or raised, the last
`send` has returned too, and what was added is run.

If it returned, the run is made *in place*: in the call that served the request. If a supervisor was
given it is handed over to that, and the request ends there and then. (`bgspec.adapters._run` has
both.)

If it raised, or was cancelled, the request ends at once in either case, with a supervisor of the
middleware's own if need be. A server must not learn of an exception when the tasks have run:
uvicorn 0.54 then closes the connection, with the answer to the next request on it, and a 500 that
is sent further out would wait for the tasks. Only where there is no lifespan, or the supervisor is
full, the run is made in place all the same.

The application's exception is kept as a value meanwhile: tasks that ran while it was being handled
would have it as the context of theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any, Final, Literal, TypeAlias

from anyio import CapacityLimiter

from bgspec.adapters._client import Client
from bgspec.adapters._lifespan import Lifespan
from bgspec.adapters._request import Holder, OutsideRequest, RequestTasks
from bgspec.adapters._run import OnError, Run, raise_as_it_is, what_it_raised
from bgspec.errors import SupervisorRefused
from bgspec.observer import Observer
from bgspec.runner import BackgroundTasks
from bgspec.supervisor import Supervisor

__all__ = ["SCOPE_KEY", "BackgroundTasksMiddleware", "OutsideRequest", "current", "tasks_of"]

# Frameworks have types of their own for what ASGI passes around, and no two agree.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[object]]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]

OnDisconnect = Literal["run", "drop"]

SCOPE_KEY: Final = "bgspec.background_tasks"
"""Where the scope of a request has its holder, whose ``tasks`` is the container."""

GRACE: Final = 30
"""For how many seconds a supervisor of the middleware's own waits at the shutdown."""

_holder: ContextVar[Holder] = ContextVar("bgspec_request")


def current() -> BackgroundTasks:
    """The container of the request that is being served here.

    It is the same object wherever in the request it is asked for, also in threads and tasks that
    were started with a copy of the request's context variables, as anyio and asyncio do.

    Raises:
        OutsideRequest: no request is being served here, or not through the middleware.
    """
    holder = _holder.get(None)
    if holder is None:
        raise OutsideRequest(
            "no request is being served here: wrap the application in BackgroundTasksMiddleware, "
            "and ask for its container within a request"
        )
    return holder.tasks


def tasks_of(scope: Scope) -> BackgroundTasks:
    """The container of the request that has this scope.

    Args:
        scope: the ASGI scope of a request or websocket.

    Raises:
        OutsideRequest: the scope has not come through the middleware.
    """
    holder = scope.get(SCOPE_KEY)
    if not isinstance(holder, Holder):
        raise OutsideRequest(
            "this scope has not come through BackgroundTasksMiddleware: wrap the application in it"
        )
    return holder.tasks


class BackgroundTasksMiddleware:
    """Gives each request and websocket a container, and runs it after the response.

    It belongs outermost, around the whole application: ``app = BackgroundTasksMiddleware(app)``.
    Within another one it leaves the request to that.

    A task that fails is logged as an error, with its name and where it was added, and touches
    neither the response nor the other tasks. KeyboardInterrupt and SystemExit go through.

    Args:
        app: the application.
        supervisor: runs the containers beside the requests, so that none holds its connection. The
            middleware starts it with the application's lifespan, and drains it at the shutdown for
            as long as its `grace` says; what it has to cut short it logs. While it refuses (it is
            full, or the server has no lifespan) the request's own call runs them. Also a function
            that makes one, where the lifespan comes more than once, as in tests.
        on_error: is called with each error of a task, on the event loop; if it returns an
            awaitable, that is awaited. What it raises is logged.
        on_disconnect: what becomes of the tasks when the client has left before it had the whole
            response: ``"run"`` them, or ``"drop"`` them and log each. That is so when
            ``http.disconnect`` was received by then, or `send` raised OSError.
        limiter: bounds the worker threads of sync tasks, as for `BackgroundTasks`.
        observer: is told when each task starts, ends and fails, as for `BackgroundTasks`.

    Raises:
        ValueError: `on_disconnect` is something else.

    Example:
        ::

            async def app(scope, receive, send):
                current().add_task(send_mail, "someone@example.org", subject="Welcome")
                ...

            app = BackgroundTasksMiddleware(app, supervisor=Supervisor(grace=10))
    """

    def __init__(
        self,
        app: Application,
        *,
        supervisor: Supervisor | Callable[[], Supervisor] | None = None,
        on_error: OnError | None = None,
        on_disconnect: OnDisconnect = "run",
        limiter: CapacityLimiter | None = None,
        observer: Observer | None = None,
    ) -> None:
        if on_disconnect not in ("run", "drop"):
            raise ValueError(f'on_disconnect is "run" or "drop", not {on_disconnect!r}')
        self._app = app
        self._given = supervisor
        self._supervisor = supervisor if isinstance(supervisor, Supervisor) else None
        self._on_error = on_error
        self._on_disconnect = on_disconnect
        self._limiter = limiter
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and run what it has added; or carry the lifespan through.

        Raises:
            SupervisorRefused: the supervisor was started before.
            BaseException: what the application raised; KeyboardInterrupt and SystemExit of a task;
                the cancellation of the request.
        """
        kind = scope["type"]
        if kind == "lifespan":
            given = self._given or Supervisor(grace=GRACE)
            self._supervisor = given if isinstance(given, Supervisor) else given()
            await Lifespan(self._supervisor, receive, send).serve(self._app, scope)
        elif kind not in ("http", "websocket") or _is_within_another(scope):
            await self._app(scope, receive, send)
        elif self._on_disconnect == "run":
            await self._serve(scope, receive, send, None)
        else:
            client = Client(receive, send)
            await self._serve(scope, client.receive, client.send, client)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, client: Client | None
    ) -> None:
        """Serve a request, and then see to its tasks."""
        holder = scope[SCOPE_KEY] = Holder(self._make)
        token = _holder.set(holder)
        errors: list[BaseException] = []
        try:
            await self._app(scope, receive, send)
        except GeneratorExit:  # nothing can be awaited any more, and this may be another context
            raise
        except BaseException as error:
            errors.append(error)
        holder.is_over = True
        if holder.made is not None:
            await self._see_to(holder.made, client, errors)
        _holder.reset(token)
        if errors:
            raise_as_it_is(errors)

    def _make(self) -> RequestTasks:
        """A container for a request."""
        late = self._supervisor.add_task if self._given and self._supervisor else None
        return RequestTasks(late=late, limiter=self._limiter, observer=self._observer)

    async def _see_to(
        self, tasks: RequestTasks, client: Client | None, errors: list[BaseException]
    ) -> None:
        """Have what was added run, or drop it.

        Args:
            tasks: the container.
            client: what is known of the client, if that is asked for.
            errors: what the application raised, or nothing; if something ends the run in place, it
                takes its place.
        """
        if tasks.at_end is not None:
            tasks.at_end()
        if client is not None and client.has_left:
            tasks.close()
            tasks.tell_unrun("the client left before it had the whole response")
            return
        run = Run(tasks, self._on_error)
        ends_now = self._given is not None or errors
        if ends_now and len(tasks) and self._hand_over(run):
            return
        end = await what_it_raised(run.in_place)
        if end is not None:
            if errors and end.__context__ is None:
                end.__context__ = errors[0]
            errors[:] = [end]

    def _hand_over(self, run: Run) -> bool:
        """Give the run to the supervisor; whether that has taken it."""
        if self._supervisor is None:
            return False

        async def supervised() -> None:
            await run.supervised()

        supervised.__qualname__ = run.name
        try:
            self._supervisor.add_task(supervised)
        except SupervisorRefused:
            return False
        return True


def _is_within_another(scope: Scope) -> bool:
    """Whether a middleware around this one serves the request already."""
    holder = scope.get(SCOPE_KEY)
    return isinstance(holder, Holder) and not holder.is_over
