"""Annotated of typing_extensions; an optional value by Union."""

# ruff: noqa: UP007, UP035 - the spelling is what is tested

from pathlib import Path
from typing import Union

from fastapi import BackgroundTasks, Depends, FastAPI
from typing_extensions import Annotated

app = FastAPI()


def enter(line: str) -> None:
    with Path("ledger.txt").open("a") as ledger:
        ledger.write(line + "\n")


def reader(tasks: BackgroundTasks, name: Union[str, None] = None) -> Union[str, None]:
    if name:
        tasks.add_task(enter, f"asked for by {name}")
    return name


@app.post("/loans/{title}")
async def lend(
    title: str, tasks: BackgroundTasks, name: Annotated[Union[str, None], Depends(reader)]
) -> dict[str, Union[str, None]]:
    tasks.add_task(enter, f"lent: {title}")
    return {"title": title, "reader": name}
