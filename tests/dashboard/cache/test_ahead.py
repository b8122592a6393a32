"""What is loaded before it is asked for."""

from __future__ import annotations

import shutil

import pytest

from dashboard import cache
from data.settings import Settings


def test_getting_ready_does_what_pages_would_do_first(
    copied: tuple[Settings, cache.Dataset], capfd: pytest.CaptureFixture[str]
) -> None:
    _, dataset = copied
    for cached in (cache.get_ready, cache.column_groups):
        cached.clear()
    cache.get_ready(dataset, is_whole=True)
    groups, contributions = cache.column_groups(dataset), cache.explained(dataset).contributions
    assert contributions is not None
    # What was made ready is what is shown.
    assert cache.column_groups(dataset) is groups
    assert cache.explained(dataset).contributions is contributions
    assert cache.application_table()[1]["kind"] == "synthetic"
    assert "ScriptRunContext" not in capfd.readouterr().err


def test_getting_ready_is_no_error_where_files_are_missing(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    settings.applications.unlink()
    settings.contributions.unlink()
    shutil.rmtree(settings.model)
    cache.get_ready.clear()
    cache.get_ready(dataset, is_whole=True)
