from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.settings import Settings
from scripts import backup, restore, rollback
from scripts._kills import Portfolios, state_of


def test_puts_the_archived_portfolio_back_in_service(
    call: Callable[..., Any], tmp_path: Path, in_force: Settings, portfolios: Portfolios
) -> None:
    assert call(backup, tmp_path / "portfolio.tar").code == 0
    assert call(rollback).code == 0
    assert state_of(in_force.processed, in_force.model) == portfolios.earlier
    done = call(restore, tmp_path / "portfolio.tar")
    assert done.code == 0
    assert done.out.startswith(f"Model {portfolios.later['model.onnx'][:12]} of the backup from 20")
    assert state_of(in_force.processed, in_force.model) == portfolios.later


def test_a_file_that_is_no_backup_changes_nothing(
    call: Callable[..., Any], tmp_path: Path, in_force: Settings, portfolios: Portfolios
) -> None:
    (tmp_path / "other.tar").write_bytes(b"no archive")
    done = call(restore, tmp_path / "other.tar")
    assert (done.code, done.out) == (2, "")
    assert "other.tar" in done.err
    assert state_of(in_force.processed, in_force.model) == portfolios.later
