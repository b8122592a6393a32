"""Going back serves the whole portfolio that was there before, holds builds, and can itself be undone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data.settings import Settings
from inference.errors import HoldError
from inference.publishing.pipeline import build
from inference.publishing.rollback import roll_back
from inference.publishing.staging import HELD, PREVIOUS, read_hold
from scripts._kills import Portfolios, State, quiet, settings_in, state_of


@pytest.fixture
def settings(portfolios: Portfolios, tmp_path: Path) -> Settings:
    """A copy of the later portfolio in service, with the earlier one kept, under the later one's seed."""
    return settings_in(Path(shutil.copytree(portfolios.template, tmp_path / "work")), portfolios.SEEDS[1])


def served(settings: Settings) -> State:
    return state_of(settings.processed, settings.model)


def kept(settings: Settings) -> State:
    return state_of(settings.processed / PREVIOUS, settings.processed / PREVIOUS / "model")


def test_back_and_forward_exchange_whole_portfolios(portfolios: Portfolios, settings: Settings) -> None:
    assert (served(settings), kept(settings)) == (portfolios.later, portfolios.earlier)
    back = roll_back(settings)
    assert (served(settings), kept(settings)) == (portfolios.earlier, portfolios.later)
    assert portfolios.earlier["model.onnx"].startswith(back.served)
    assert portfolios.later["model.onnx"].startswith(back.kept)
    forward = roll_back(settings, forward=True)
    assert (served(settings), kept(settings)) == (portfolios.later, portfolios.earlier)
    assert (forward.served, forward.kept, forward.hold) == (back.kept, back.served, None)
    assert build(settings, quiet) == ()


def test_no_build_undoes_it_before_it_is_released(portfolios: Portfolios, settings: Settings) -> None:
    hold = roll_back(settings).hold
    assert hold is not None
    assert read_hold(settings) == hold
    assert build(settings, quiet) == ()
    # Contributions follow from what is served, and nothing else does.
    settings.contributions.unlink()
    assert build(settings, quiet) == ("contributions",)
    assert served(settings) == portfolios.earlier
    settings.predictions.unlink()
    with pytest.raises(HoldError, match=r"is damaged, and nothing was built\. Rolled back to model [0-9a-f]{12} at 20"):
        build(settings, quiet)
    assert build(settings, quiet, release=True) == ("applications", "predictions", "contributions", "quality")
    assert served(settings) == portfolios.later
    assert not (settings.processed / HELD).exists()


def test_what_cannot_be_done_is_said_and_changes_nothing(portfolios: Portfolios, settings: Settings) -> None:
    with pytest.raises(HoldError, match="Nothing was rolled back"):
        roll_back(settings, forward=True)
    previous = settings.processed / PREVIOUS
    for name in ("model/model.onnx", "applications.parquet"):
        whole = (previous / name).read_bytes()
        middle = len(whole) // 2
        (previous / name).write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with pytest.raises(HoldError, match=r"previous: cannot be served \(.+\); nothing was changed\.$"):
            roll_back(settings)
        (previous / name).write_bytes(whole)
    roll_back(settings)
    with pytest.raises(HoldError, match="it is the later one; nothing was changed"):
        roll_back(settings)
    assert served(settings) == portfolios.earlier
    roll_back(settings, forward=True)
    shutil.rmtree(previous)
    with pytest.raises(HoldError, match="no previous portfolio is kept"):
        roll_back(settings)
    assert served(settings) == portfolios.later


def test_damage_to_what_is_served_leaves_what_is_kept_whole(portfolios: Portfolios, settings: Settings) -> None:
    for path in (settings.applications, settings.predictions, settings.model / "model.onnx"):
        with path.open("r+b") as file:
            file.write(bytes(100))
    roll_back(settings)
    assert served(settings) == portfolios.earlier
