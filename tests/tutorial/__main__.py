"""Compare FastAPI's own class with ours, for each program in a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from bgspec.adapters.asgi import BackgroundTasksMiddleware
from tests.tutorial.swapped import outcome, swapped


def main(folder: Path) -> int:
    """Print what differs, and return how many programs do.

    Args:
        folder: where the programs are.
    """
    different = 0
    for path in sorted(folder.glob("*.py")):
        source = path.read_text()
        own = outcome(source)
        ours = [outcome(swapped(source)), outcome(swapped(source), BackgroundTasksMiddleware)]
        is_same = ours == [own, own] and bool(own.files)
        different += not is_same
        print(f"{path.name}: {'the same' if is_same else f'{own} became {ours}'}")
    return different


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
