"""Settings of the dashboard's server: read, refused, and documented."""

from __future__ import annotations

import pytest

from dashboard.server.settings import LOG_SETTINGS, load_log_settings
from data.errors import SettingError
from data.settings import ROOT, Setting


def test_settings_are_read_and_bad_ones_refused() -> None:
    given = {"SCOREROOM_LOG": "warning", "SCOREROOM_LOG_FILE": "a.jsonl", "SCOREROOM_USER_HEADER": "X-User"}
    settings = load_log_settings(given)
    assert (settings.level, settings.file, settings.user_header) == ("warning", ROOT / "a.jsonl", "x-user")
    assert (load_log_settings({}).level, load_log_settings({}).file) == ("info", None)
    for name, text in (("LOG", "loud"), ("USER_HEADER", "X User"), ("USER_HEADER", "X:\n")):
        with pytest.raises(SettingError, match=f"SCOREROOM_{name} is"):
            load_log_settings({f"SCOREROOM_{name}": text})


@pytest.mark.parametrize("setting", LOG_SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: Setting) -> None:
    documented = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    default = f"`{setting.default}`" if setting.default else "none"
    assert f"| `{setting.name}` | {default} | {setting.help} |" in documented
