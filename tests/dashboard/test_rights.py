"""Who may change models on the pages."""

from __future__ import annotations

import pytest

from dashboard.rights import RIGHTS_SETTINGS, ModelChanges, is_local, load_model_changes, why_no_changes
from data.errors import SettingError
from data.settings import ROOT


def test_the_setting_is_one_of_three_words() -> None:
    assert load_model_changes({}) is ModelChanges.LOCAL
    assert load_model_changes({"SCOREROOM_MODEL_CHANGES": "all"}) is ModelChanges.ALL
    with pytest.raises(SettingError, match="SCOREROOM_MODEL_CHANGES is '1'; set it to local, all, none"):
        load_model_changes({"SCOREROOM_MODEL_CHANGES": "1"})


@pytest.mark.parametrize(
    ("address", "environment", "local"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {"SCOREROOM_HOSTS": ""}, True),
        ("0.0.0.0", {}, False),
        ("10.0.0.5", {}, False),
        ("None", {}, False),
        ("127.0.0.1", {"SCOREROOM_HOSTS": "scores.example.com"}, False),
        ("localhost", {"SCOREROOM_TRUSTED_PROXIES": "127.0.0.1"}, False),
    ],
)
def test_a_proxy_or_another_address_serves_others(address: str, environment: dict[str, str], local: bool) -> None:
    assert is_local(address, environment) == local


def test_who_may_not_is_told_the_command() -> None:
    local, everybody, nobody = ModelChanges
    assert why_no_changes(local, "train", served_locally=True) == ""
    assert why_no_changes(everybody, "train", served_locally=False) == ""
    assert why_no_changes(local, "promote", served_locally=False) == (
        "Models are not changed on this page, because this dashboard is served to others. Run "
        "`python -m scripts.promote` on the server, or have SCOREROOM_MODEL_CHANGES set to `all` there."
    )
    assert "SCOREROOM_MODEL_CHANGES is `none`" in why_no_changes(nobody, "train", served_locally=True)


def test_the_setting_is_documented_with_its_default() -> None:
    documented = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for setting in RIGHTS_SETTINGS:
        assert f"| `{setting.name}` | `{setting.default}` | {setting.help} |" in documented
