from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import make_api_key


def test_shows_the_key_once_and_keeps_only_its_digest(call: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key = call(make_api_key, "analyst", "--file", file, "--expires", "2999-01-31").out.strip()
    text = file.read_text()
    assert key not in text
    assert hashlib.sha256(key.encode()).hexdigest() in text
    assert "analyst" in text
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--expires", "31.1.2027"], "31.1.2027"), (["--scope", "everything"], "everything")]
)
def test_a_bad_argument_makes_no_key(
    call: Callable[..., Any], tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = call(make_api_key, "analyst", "--file", tmp_path / "keys", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert not (tmp_path / "keys").exists()
