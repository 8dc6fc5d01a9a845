"""The programs on the pages of the adapters, carried out."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.asgi_client import Client
from tests.asgi_lifespan import living

on_both = pytest.mark.anyio
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])

DOCS = Path(__file__).parent.parent / "docs"

WHOLE = ["start", "last"]


@pytest.fixture
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the page that a test is parametrized with defines."""
    path = DOCS / f"{request.param}.md"
    module: Any = ModuleType(f"page_{request.param}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```", path.read_text()))
    exec(compile(code, str(path), "exec", dont_inherit=True), module.__dict__)
    return module


def of_page(name: str) -> pytest.MarkDecorator:
    """The page that a test is about."""
    return pytest.mark.parametrize("page", [name], indirect=True)


@on_both
@of_page("asgi")
@pytest.mark.parametrize("name", ["app", "supervised"])
async def test_the_application_of_the_page_sends_its_mail(
    page: Any, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client([])
    async with living(getattr(page, name)) as life:
        await client.request(life.app)
    assert (client.status, client.body) == (202, b"accepted")
    assert capsys.readouterr().out == "to someone@example.org: Welcome\n"


@on_both
@of_page("fastapi")
@pytest.mark.parametrize("name", ["api", "app"])
@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("POST", "/loans/Emma", "lent: Emma"),
        ("POST", "/returns/Emma", "returned: Emma"),
        ("GET", "/health", "asked how it is"),
    ],
)
async def test_the_library_on_fastapi(
    page: Any, name: str, method: str, path: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client([], path, method=method)
    await client.request(getattr(page, name))
    assert client.status == 200
    assert capsys.readouterr().out == f"{line}\n"


@of_page("fastapi")
def test_the_test_on_the_page(page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    page.test_a_loan_is_logged()
    assert capsys.readouterr().out == ""


@on_both
@of_page("frameworks")
@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/loans/Emma", ["lent: Emma"]),
        ("/loans/Emma?name=Ann", ["asked for by Ann", "lent: Emma"]),
        ("/returns/Emma", ["returned: Emma"]),
    ],
)
async def test_the_library_on_litestar(
    page: Any, path: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path, _, query = path.partition("?")
    seen: list[Any] = []
    client = Client(seen, path, method="POST")
    client.scope["query_string"] = query.encode()
    async with living(page.litestar) as life:
        await client.request(life.app)
    assert (client.status, seen) == (201, WHOLE)
    assert capsys.readouterr().out.splitlines() == lines


@on_both
@on_asyncio
@of_page("frameworks")
async def test_the_library_on_quart(page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    client = Client([], "/loans/Emma", method="POST")
    async with living(page.quart) as life:
        await client.request(life.app)
    assert client.status == 202
    assert capsys.readouterr().out == "POST /loans/Emma: lent: Emma\n"
