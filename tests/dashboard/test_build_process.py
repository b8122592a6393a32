"""A build in a process of its own."""

from __future__ import annotations

import pytest

from dashboard.build_process import BuildProcess
from data.settings import Settings, load_settings


def test_nothing_to_build_can_be_shown_at_once(built: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    process = BuildProcess(load_settings())
    assert process.building.wait()
    assert process.end() == 0
    assert process.building.built == []
    assert capfd.readouterr().out == "Everything is up to date.\n"
