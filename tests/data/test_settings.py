"""Settings: defaults, overrides, refusals, and that each is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import SettingError
from data.settings import ROOT, SETTINGS, Setting, load_settings


def test_defaults_lie_inside_the_checkout() -> None:
    settings = load_settings({})
    assert settings.predictions == ROOT / "data" / "processed" / "predictions.parquet"
    assert settings.applications == ROOT / "data" / "processed" / "applications.parquet"
    assert settings.model == ROOT / "inference" / "artifacts"
    assert settings.rows == 307_511


def test_environment_overrules_and_absolute_folders_stay(tmp_path: Path) -> None:
    settings = load_settings({"SCOREROOM_PROCESSED": str(tmp_path), "SCOREROOM_ROWS": "2000"})
    assert settings.predictions == tmp_path / "predictions.parquet"
    assert settings.rows == 2_000


@pytest.mark.parametrize("text", ["many", "12.5", "999", "-5"])
def test_a_bad_row_count_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=rf"SCOREROOM_ROWS is '{text}'; set it to a whole number of at least 1,000"):
        load_settings({"SCOREROOM_ROWS": text})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: Setting) -> None:
    documented = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"`{setting.name}`" in documented
