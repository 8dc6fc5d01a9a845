"""The version is that of the installed distribution, and nothing else appears out of nowhere."""

from __future__ import annotations

import importlib.metadata

import pytest

import bgspec


def test_the_version_is_read_from_the_installed_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", "the version of {}".format)
    assert bgspec.__version__ == "the version of bgspec"


def test_no_other_name_is_made_up() -> None:
    with pytest.raises(AttributeError, match="module 'bgspec' has no attribute 'missing'"):
        getattr(bgspec, "missing")  # noqa: B009  # checkers would refuse the plain form
