"""Who saved cohorts belong to: a browser by its token, or who is signed in."""

from __future__ import annotations

import re

COOKIE = "scoreroom_reader"
_TOKEN = re.compile(r"[0-9a-f]{32}")


def is_token(text: str) -> bool:
    """Whether `text` has the form of a token that the server gives."""
    return _TOKEN.fullmatch(text) is not None


def reader_of(token: str, user: str | None) -> str:
    """The reader: the signed-in user where there is one, else the browser; empty for a browser without a token."""
    if user:
        return f"user {user}"
    return f"browser {token}" if is_token(token) else ""
