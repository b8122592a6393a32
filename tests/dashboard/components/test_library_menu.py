"""The portfolios that can be shown, as the menu words them."""

from __future__ import annotations

import shutil

from dashboard.components.library_menu import has_others, offers
from data.library.entries import Reading, begin_entry, finish_entry, neutral_definition
from data.predictions.roles.answers import NOTHING_SAID
from data.settings import Settings


def test_the_library_s_portfolios_follow_the_server_s_own(built: Settings) -> None:
    assert not has_others()
    part = begin_entry(built.library)
    (part / "portfolio.toml").write_text(neutral_definition("Loans"))
    entry = finish_entry(built.library, part, "Loans", Reading("loans.csv", NOTHING_SAID, (), 1_234, "0" * 64))
    try:
        assert has_others()
        assert [(offer.key, offer.name, offer.told) for offer in offers()] == [
            ("", "Home Credit Default Risk", "embedded, always there"),
            ("loans", "Loans", f"1,234 applications, imported predictions, {entry.made.date().isoformat()}"),
        ]
    finally:
        shutil.rmtree(built.library)
