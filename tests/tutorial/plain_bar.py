"""A dependency by default value; an optional value by a bar."""

from pathlib import Path

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def enter(line: str) -> None:
    with Path("ledger.txt").open("a") as ledger:
        ledger.write(line + "\n")


def reader(tasks: BackgroundTasks, name: str | None = None) -> str | None:
    if name:
        tasks.add_task(enter, f"asked for by {name}")
    return name


@app.post("/loans/{title}")
async def lend(
    title: str, tasks: BackgroundTasks, name: str | None = Depends(reader)
) -> dict[str, str | None]:
    tasks.add_task(enter, f"lent: {title}")
    return {"title": title, "reader": name}
