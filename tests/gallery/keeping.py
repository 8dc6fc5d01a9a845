"""Members that break RUN-10, of arguments that are kept."""

from __future__ import annotations

from typing import Any

from tests.gallery.member import breaks
from tests.gallery.model import Entry, Model, is_async, now_and_then

# RUN-10: arguments ---------------------------------------------------------------------------


class Recording(Model):
    """Has a record."""

    def __init__(self) -> None:
        super().__init__()
        self.record: list[Any] = []


@breaks("RUN-10")
class KeepsAll(Recording):
    """Keeps every entry, for the record."""

    def accept(self, entry: Entry) -> None:
        self.record.append(entry)
        super().accept(entry)


@breaks("RUN-10")
class KeepsUntilTheEnd(Recording):
    """Keeps every entry until the run ends."""

    def drop(self, entry: Entry) -> None:
        self.record.append(entry)
        super().drop(entry)

    async def run(self) -> None:
        await super().run()
        self.record.clear()


@breaks("RUN-10")
class KeepsKeywords(Recording):
    """Keeps the keyword arguments of async tasks."""

    def accept(self, entry: Entry) -> None:
        if is_async(entry.func):
            self.record.append(entry.kwargs)
        super().accept(entry)


@breaks("RUN-10")
class KeepsSomeAtTimes(Recording):
    """Keeps one entry in eight."""

    def drop(self, entry: Entry) -> None:
        if now_and_then():
            self.record.append(entry)
        super().drop(entry)
