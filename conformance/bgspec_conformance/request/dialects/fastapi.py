"""FastAPI: containers are parameters, at every level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from bgspec_conformance.errors import Beyond
from bgspec_conformance.request.dialects.starlette import (
    RESPONSES,
    STATUS,
    added,
    classes,
    needed,
)
from bgspec_conformance.request.dialects.writing import (
    chunks,
    indented,
    module,
    tasks_of,
    works,
)
from bgspec_conformance.request.plan import (
    YIELDING,
    Application,
    Dependency,
    Endpoint,
    Failing,
    Form,
    Own,
    Reply,
    Scope,
    Spelling,
)

__all__ = ["FastAPIDialect"]

SOURCES = {
    "fastapi": "from fastapi import BackgroundTasks",
    "starlette": "from starlette.background import BackgroundTasks",
}


@dataclass(frozen=True, slots=True)
class FastAPIDialect:
    """Writes plans as FastAPI applications.

    Attributes:
        annotated: it knows ``Annotated``, as since 0.95; without, no program is spelled so.
        scopes: it lets a dependency say its scope, as since 0.121.
        container: the line that imports ``BackgroundTasks``, where it is not FastAPI's own.
        around: a middleware that the application is put into last, and the line that imports it.
    """

    annotated: bool = True
    scopes: bool = True
    container: str = ""
    around: tuple[str, str] | None = None

    def __call__(self, plan: Application) -> str:
        """The source of a module that defines ``app``.

        Raises:
            Beyond: the plan has what this FastAPI has not.
        """
        if plan.scope is Scope.FUNCTION and not self.scopes:
            raise Beyond("this FastAPI gives dependencies one scope")
        if not self.annotated:
            plan = replace(plan, spelling=Spelling.PLAIN)
        return _Writer(plan, self.container or SOURCES[plan.typed_by], self.around).module()


@dataclass(slots=True)
class _Writer:
    plan: Application
    container: str
    around: tuple[str, str] | None
    imports: set[str] = field(default_factory=set[str])

    def module(self) -> str:
        self.imports |= {"import anyio", "from fastapi import APIRouter, FastAPI", self.container}
        self.imports |= needed(self.plan)
        parts = [
            [*works(self.plan)],
            [line for n, d in enumerate(self.plan.dependencies) for line in self.dependency(n, d)],
            classes(self.plan),
            [*self.router()],
            [*self.endpoint(self.plan.endpoint)],
            [*self.app()],
        ]
        return module(self.imports, *parts)

    # Parameters ---------------------------------------------------------------------------------

    def depends(self, number: int) -> str:
        """The declaration of a dependency."""
        dependency = self.plan.dependencies[number]
        scoped = self.plan.scope is Scope.FUNCTION and dependency.form in YIELDING
        kind = "Security" if dependency.security and not scoped else "Depends"  # it has no scope
        self.imports.add(f"from fastapi import {kind}")
        name = f"original_of_d{number}" if dependency.overridden else f"d{number}"
        options = [name]
        if not dependency.cached:
            options.append("use_cache=False")
        if scoped:
            options.append('scope="function"')
        if kind == "Security":
            options.append('scopes=["all"]')  # without any it is one like another
        return f"{kind}({', '.join(options)})"

    def parameters(self, function: Endpoint | Dependency, *first: str) -> str:
        """The parameters of a function: containers, and what else it depends on."""
        made = [*first, *(f"{name}: BackgroundTasks" for name in tasks_of(function))]
        for number in function.needs:
            if self.plan.spelling is Spelling.ANNOTATED:
                self.imports.add("from typing import Annotated")
                made.append(f"d{number}: Annotated[object, {self.depends(number)}]")
            else:
                made.append(f"d{number}: object = {self.depends(number)}")
        return ", ".join(made)

    # Functions ----------------------------------------------------------------------------------

    def adds(self, name: str, function: Endpoint | Dependency, added: Iterable[int]) -> list[str]:
        """The lines that add; two containers take turns."""
        names = tasks_of(function)
        if not names:
            return []
        return [
            f'scene.add("{name}", {names[place % len(names)]}, t{work})'
            for place, work in enumerate(added)
        ]

    def failing(self, failing: Failing) -> list[str]:
        """The lines that raise."""
        if failing is Failing.HTTP:
            self.imports.add("from fastapi import HTTPException")
            return ["raise HTTPException(409)"]
        return ['raise LookupError("the function failed")'] if failing is Failing.ERROR else []

    def dependency(self, number: int, dependency: Dependency) -> Iterator[str]:
        """A dependency's definition, in its form."""
        name = f"d{number}"
        called = ", ".join([f'"{name}"', *tasks_of(dependency)])
        body = [f"scene.called({called})", *self.adds(name, dependency, dependency.adds)]
        body += self.failing(dependency.failing)
        if dependency.form in YIELDING:
            closing = self.adds(name, dependency, dependency.closing)
            body += ["try:", "    yield", "finally:", f'    scene.closing("{name}")']
            body += indented(closing)
        yield from ("", "")
        match dependency.form:
            case Form.CLASS:
                yield f"class d{number}:"
                yield f"    def __init__({self.parameters(dependency, 'self')}):"
                yield from indented(indented(body))
            case Form.INSTANCE:
                yield f"class D{number}:"
                yield f"    def __call__({self.parameters(dependency, 'self')}):"
                yield from indented(indented(body))
                yield from ("", "", f"d{number} = D{number}()")
            case form:
                is_async = form in {Form.ASYNC_FUNCTION, Form.ASYNC_GENERATOR}
                head = "async def" if is_async else "def"
                yield f"{head} {name}({self.parameters(dependency)}):"
                yield from indented(body)
        if dependency.overridden:
            yield from (
                "",
                "",
                f"def original_of_d{number}():",
                f'    scene.called("original {name}")',
            )

    def router(self) -> Iterator[str]:
        declared = ", ".join(self.depends(number) for number in self.plan.routed)
        yield from ("", "")
        yield f"router = APIRouter({f'dependencies=[{declared}]' if declared else ''})"

    def endpoint(self, endpoint: Endpoint) -> Iterator[str]:
        """The endpoint's definition."""
        called = ", ".join(['"endpoint"', *tasks_of(endpoint)])
        body = [f"scene.called({called})", *self.adds("endpoint", endpoint, endpoint.adds)]
        first: list[str] = []
        if endpoint.websocket:
            self.imports.add("from fastapi import WebSocket")
            first.append("websocket: WebSocket")
            body = ["await websocket.accept()", *body]
            last = ["await websocket.close()"]
        else:
            if endpoint.own is Own.INJECTED:
                self.imports.add("from fastapi import Response")
                first.append("response: Response")
            last = self.answer(endpoint)
        if endpoint.asynchronous:
            body.append("await scene.hold()")
        body += self.failing(endpoint.failing) or last
        if endpoint.reply is Reply.STREAM:
            yield from chunks(self.plan)
        yield from ("", "", self.route(endpoint))
        head = "async def" if endpoint.asynchronous or endpoint.websocket else "def"
        yield f"{head} endpoint({self.parameters(endpoint, *first)}):"
        yield from indented(body)

    def route(self, endpoint: Endpoint) -> str:
        if endpoint.websocket:
            return '@router.websocket("/")'
        options = ['"/"', 'methods=["GET", "HEAD"]']
        if endpoint.reply in STATUS:
            options.append(f"status_code={STATUS[endpoint.reply]}")
        if endpoint.failing is Failing.VALIDATION:
            options.append("response_model=int")
        return f"@router.api_route({', '.join(options)})"

    def answer(self, endpoint: Endpoint) -> list[str]:
        """The lines that give the response back."""
        lines: list[str] = []
        more = ""
        if endpoint.own is not Own.NONE:
            self.imports.add("from starlette import background as own")
            own = (f"own.BackgroundTask(t{n}, scene.added(t{n}))" for n in endpoint.background)
            lines.append(f"background = own.BackgroundTasks([{', '.join(own)}])")
            if endpoint.own is Own.INJECTED:
                lines.append("response.background = background")
            else:
                more = ", background=background"
        if endpoint.reply in RESPONSES:
            made = RESPONSES[endpoint.reply].format(more=more)
            self.imports.add(f"from fastapi.responses import {made.partition('(')[0]}")
            return [*lines, f"return {made}"]
        if more:
            self.imports.add("from fastapi.responses import JSONResponse")
            status = f", {STATUS[endpoint.reply]}" if endpoint.reply in STATUS else ""
            return [*lines, f'return JSONResponse({{"answer": 42}}{status}{more})']
        value = "None" if endpoint.reply is Reply.NO_CONTENT else '{"answer": 42}'
        return [*lines, f"return {value}"]

    # The application ----------------------------------------------------------------------------

    def app(self) -> Iterator[str]:
        declared = ", ".join(self.depends(number) for number in self.plan.applied)
        yield from ("", "")
        yield f"app = FastAPI({f'dependencies=[{declared}]' if declared else ''})"
        yield "app.include_router(router)"
        for number, dependency in enumerate(self.plan.dependencies):
            if dependency.overridden:
                yield f"app.dependency_overrides[original_of_d{number}] = d{number}"
        yield from added(self.plan)
        if self.around is not None:
            line, name = self.around
            self.imports.add(line)
            yield f"app = {name}(app)"
