"""A background task, added by the endpoint."""

from pathlib import Path

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def print_label(title: str, shelf: str = "") -> None:
    Path("labels.txt").write_text(f"{title} goes to {shelf}")


@app.post("/books/{title}")
async def take_in(title: str, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(print_label, title, shelf="new arrivals")
    return {"title": title}
