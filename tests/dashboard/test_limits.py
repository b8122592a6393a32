"""What visitors may take of the machine: the settings, and what the system's own limits make of them."""

from __future__ import annotations

import pytest

from dashboard.limits import LIMIT_SETTINGS, Limits, load_limits, most_visits
from data.errors import SettingError
from data.settings import ROOT, Setting


def test_defaults_and_given_values() -> None:
    assert load_limits({}) == Limits(100, 500_000_000, 1_500_000_000, 2)
    assert load_limits({"SCOREROOM_VISITS": "7", "SCOREROOM_FILES_MB": "9"}) == Limits(7, 500_000_000, 9_000_000, 2)
    assert load_limits({"SCOREROOM_REPORTS": "5"}).reports == 5
    assert load_limits({"SCOREROOM_OPEN_MB": "7"}).open_bytes == 7_000_000
    with pytest.raises(SettingError, match="SCOREROOM_VISITS is '0'"):
        load_limits({"SCOREROOM_VISITS": "0"})


@pytest.mark.parametrize(("descriptors", "visits"), [(1_024, 106), (65_536, 16_234), (256, 1)])
def test_a_visit_takes_four_descriptors(descriptors: int, visits: int) -> None:
    assert most_visits(descriptors) == visits


@pytest.mark.parametrize("setting", LIMIT_SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: Setting) -> None:
    documented = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    default = f" `{setting.default}`" if setting.default else ""
    assert f"| `{setting.name}` |{default} |" in documented
