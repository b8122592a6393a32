"""A small portfolio with a challenger; copied for each test that changes it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from data.settings import Settings
from inference.inventory.challenger import Order, train_challenger
from inference.inventory.entry import ModelKind
from scripts._kills import Portfolios, quiet, settings_in

SEED = Portfolios.SEEDS[1]
LEFT_OUT = "EXT_SOURCE_2"


@pytest.fixture(scope="session")
def template(portfolios: Portfolios, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The later portfolio with the model `lean`, which does not see one column and keeps no direction."""
    place = tmp_path_factory.mktemp("inventory") / "work"
    settings = settings_in(Path(shutil.copytree(portfolios.template, place)), SEED)
    order = Order(ModelKind.LIGHTGBM, "lean", leave_out=(LEFT_OUT,), given={"trees": "30"}, is_constrained=False)
    train_challenger(settings, order, quiet)
    return place


@pytest.fixture(scope="session")
def untouched(template: Path) -> Settings:
    """That portfolio, for tests that change nothing."""
    return settings_in(template, SEED)


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    """A copy of that portfolio."""
    return settings_in(Path(shutil.copytree(template, tmp_path / "work")), SEED)


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Reads every file in a folder."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
