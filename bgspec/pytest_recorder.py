"""A pytest plugin: the fixture `background_tasks`, a `Recorder`.

Nothing loads it unasked: by an entry point it would import the runner in every session of pytest,
wherever bgspec is installed. The ``conftest.py`` at the root of the tests asks for it::

    pytest_plugins = ["bgspec.pytest_recorder"]
"""

from __future__ import annotations

import pytest

from bgspec.recorder import Recorder

__all__ = ["background_tasks"]


@pytest.fixture
def background_tasks() -> Recorder:
    """A container that records what is added to it: assert it, and run it when needed."""
    return Recorder()
