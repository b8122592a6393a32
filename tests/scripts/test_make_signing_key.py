from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from data.store.signing import SigningKey
from scripts import make_signing_key


def test_writes_a_key_for_its_owner_alone_and_none_over_another(call: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "key"
    done = call(make_signing_key, path)
    assert done.out.startswith(f"Wrote a key. Set SCOREROOM_SIGNING_KEY_FILE={path} wherever")
    key = SigningKey.load(path)
    assert len(key.secret) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    again = call(make_signing_key, path)
    assert (again.code, again.out) == (2, "")
    assert str(path) in again.err
    assert SigningKey.load(path) == key
