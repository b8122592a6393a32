"""An entry comes back as it was written, and what is none is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from data.store.signing import KEY_FILE, SigningError, make_key
from inference.inventory.entry import InventoryError, ModelEntry, ModelKind, check_name

ENTRY = ModelEntry(
    "lean", ModelKind.SCORECARD, "out of fold", "Made by hand.", "ab" * 32, "2026-01-02T03:04:05+00:00", n_features=7
)


def test_an_entry_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(ENTRY.to_json())
    assert ModelEntry.load(path) == ENTRY
    assert not ENTRY.is_champion


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"format": 2}',
        orjson.dumps({**orjson.loads(ENTRY.to_json()), "kind": "oracle"}),
        orjson.dumps({**orjson.loads(ENTRY.to_json()), "n_features": "7"}),
    ],
)
def test_what_is_no_entry_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(content)
    with pytest.raises(InventoryError, match=r"entry\.json: cannot be used \(.+\); delete the model, and train"):
        ModelEntry.load(path)
    path.unlink()
    with pytest.raises(InventoryError, match=r"cannot be used \(no such file\)"):
        ModelEntry.load(path)


def test_with_a_key_in_force_only_what_it_signed_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "entry.json"
    path.write_bytes(ENTRY.to_json())
    make_key(tmp_path / "key")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    with pytest.raises(SigningError, match="is not signed"):
        ModelEntry.load(path)
    path.write_bytes(ENTRY.to_json())
    assert ModelEntry.load(path) == ENTRY
    path.write_bytes(path.read_bytes().replace(b"by hand", b"by foot"))
    with pytest.raises(SigningError, match="was changed"):
        ModelEntry.load(path)


def test_names_are_short_and_plain() -> None:
    for name in ("a", "lgbm-2026-11-30", "A_b.c", "7" * 40):
        check_name(name)
    for name in ("", "a" * 41, ".hidden", "..", "a/b", "a b", "é", "-x", "a\n"):
        with pytest.raises(InventoryError, match="cannot be a model's name"):
            check_name(name)
    with pytest.raises(InventoryError, match="always means the model in service"):
        check_name("Champion")
