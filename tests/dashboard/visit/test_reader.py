"""Who saved cohorts belong to."""

from __future__ import annotations

from dashboard.visit.reader import reader_of

TOKEN = "0123456789abcdef" * 2


def test_a_signed_in_user_is_the_same_reader_in_every_browser() -> None:
    assert reader_of(TOKEN, "ann") == reader_of("", "ann") == "user ann"


def test_a_browser_is_known_by_a_token_of_the_servers_form_only() -> None:
    assert reader_of(TOKEN, None) == f"browser {TOKEN}"
    assert [reader_of(text, None) for text in ("", TOKEN[:-1], TOKEN.upper(), f"{TOKEN}\n", "user ann")] == [""] * 5
