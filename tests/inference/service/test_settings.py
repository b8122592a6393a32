"""Settings of the service: defaults, what is refused, and that each is documented."""

from __future__ import annotations

import pytest

from data.errors import SettingError
from data.settings import ROOT, Setting
from inference.service.settings import SERVICE_SETTINGS, load_service_settings


def test_nothing_is_asked_for_and_nobody_held_back_by_default() -> None:
    settings = load_service_settings({})
    assert (settings.keys, settings.rate) == (None, None)
    assert (settings.rows, settings.body_bytes, settings.in_flight) == (10_000, 100_000_000, 256)


def test_values_are_read() -> None:
    settings = load_service_settings(
        {
            "SCOREROOM_API_KEYS": "keys.txt",
            "SCOREROOM_API_RATE": "5/second",
        }
    )
    assert settings.keys == ROOT / "keys.txt"
    assert settings.rate is not None
    assert (settings.rate.amount, settings.rate.get_expiry()) == (5, 1)


def test_shadows_are_listed_once_each() -> None:
    settings = load_service_settings({"SCOREROOM_API_SHADOW": "next, card,next", "SCOREROOM_API_SHADOW_LOG": "0.25"})
    assert (settings.shadow, settings.shadow_log) == (("next", "card"), 0.25)
    assert (load_service_settings({}).shadow, load_service_settings({}).shadow_log) == ((), 0.0)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("RATE", "often", "SCOREROOM_API_RATE is 'often'; set it to a rate such as 600/minute, or leave it unset."),
        ("LOG", "loud", "SCOREROOM_API_LOG is 'loud'; set it to info or warning, or leave it unset."),
        ("ROWS", "0", "SCOREROOM_API_ROWS is '0'; set it to a whole number of at least 1"),
        ("BODY_MB", "1.5", "SCOREROOM_API_BODY_MB is '1.5'; set it to a whole number of at least 1"),
        ("SHADOW", "champion", "SCOREROOM_API_SHADOW is 'champion'; set it to names of up to 4 models besides the"),
        ("SHADOW", "../x", "SCOREROOM_API_SHADOW is '../x'; set it to names of up to 4 models besides the champion"),
        ("SHADOW", "a,b,c,d,e", "SCOREROOM_API_SHADOW is 'a,b,c,d,e'; set it to names of up to 4 models besides"),
        ("SHADOW_LOG", "nan", "SCOREROOM_API_SHADOW_LOG is 'nan'; set it to a number from 0 to 1, or leave it unset."),
        ("SHADOW_LOG", "2", "SCOREROOM_API_SHADOW_LOG is '2'; set it to a number from 0 to 1, or leave it unset."),
        ("DRAIN_SECONDS", "-1", "SCOREROOM_API_DRAIN_SECONDS is '-1'; set it to a whole number of at least 0"),
    ],
)
def test_a_bad_value_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_service_settings({f"SCOREROOM_API_{name}": text})
    assert said in str(caught.value)


@pytest.mark.parametrize("setting", SERVICE_SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: Setting) -> None:
    documented = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    default = f"`{setting.default}`" if setting.default else "none"
    assert f"| `{setting.name}` | {default} | {setting.help} |" in documented
