"""Signatures against HMAC worked out beside them; what is unsigned, changed or signed otherwise is refused."""

from __future__ import annotations

import hashlib
import hmac
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from data.errors import FileError, ScoreroomError
from data.settings import ROOT
from data.store.signing import (
    KEY_FILE,
    SigningError,
    SigningKey,
    SigningKeyError,
    check_signed,
    key_in_force,
    make_key,
    signed,
)

DOCUMENT: dict[str, Any] = {"b": [1, 2.5, None], "a": {"z": "é", "y": True}}
PATH = Path("a.json")


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key in force."""
    path = tmp_path / "key"
    make_key(path)
    monkeypatch.setenv(KEY_FILE, str(path))
    return path


def test_the_signature_is_the_hmac_of_purpose_and_canonical_json(key: Path) -> None:
    message = b"purpose\x00" + '{"a":{"y":true,"z":"é"},"b":[1,2.5,null]}'.encode()
    wanted = hmac.new(bytes.fromhex(key.read_text()), message, hashlib.sha256).hexdigest()
    assert signed(DOCUMENT, "purpose") == {**DOCUMENT, "signature": wanted}
    assert check_signed({"signature": wanted, **DOCUMENT}, "purpose", PATH) == DOCUMENT


def test_without_a_key_nothing_is_signed_and_signatures_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_FILE, raising=False)
    assert key_in_force() is None
    assert signed(DOCUMENT, "purpose") == DOCUMENT
    assert check_signed({**DOCUMENT, "signature": "of another's key"}, "purpose", PATH) == DOCUMENT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"signature": None}, "is not signed"),
        ({"signature": ""}, "is not signed"),
        ({"signature": "0" * 64}, "was changed"),
        ({"signature": 5}, "was changed"),
        ({"signature": "\ud800"}, "was changed"),
        ({"b": [1, 2.5, 0]}, "was changed"),
        ({"c": 1}, "was changed"),
    ],
)
def test_what_the_key_does_not_vouch_for_is_refused(key: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(SigningError, match=rf"^a\.json: {said}"):
        check_signed({**signed(DOCUMENT, "purpose"), **change}, "purpose", PATH)


def test_another_purpose_or_key_is_refused(key: Path) -> None:
    document = signed(DOCUMENT, "purpose")
    with pytest.raises(SigningError, match="was changed, or signed with another key"):
        check_signed(document, "another", PATH)
    key.unlink()
    make_key(key)
    with pytest.raises(SigningError, match="was changed, or signed with another key"):
        check_signed(document, "purpose", PATH)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"", 0o600, "holds no signing key"),
        (b"ab" * 31, 0o600, "holds no signing key"),
        (b"\xff" * 64, 0o600, "holds no signing key"),
        (b"ab" * 32, 0o640, r"others than its owner may use it \(mode 0640\); run `chmod 600`"),
        (b"ab" * 32, 0o602, "others than its owner may use it"),
    ],
)
def test_a_file_that_is_no_key_or_not_secret_is_refused(tmp_path: Path, content: bytes, mode: int, said: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(SigningKeyError, match=said):
        SigningKey.load(path)


def test_a_missing_key_is_an_error_and_not_no_key(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        key_in_force({KEY_FILE: str(tmp_path / "nowhere")})


def test_the_command_makes_a_key_that_only_its_owner_may_read_and_replaces_none(tmp_path: Path) -> None:
    path = tmp_path / "key"
    command = [sys.executable, "-m", "scripts.make_signing_key", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"{KEY_FILE}={path} " in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(SigningKey.load(path).secret) == 32
    before = path.read_bytes()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (again.returncode, path.read_bytes()) == (2, before)
    with pytest.raises(ScoreroomError, match="something is already there"):
        make_key(path)
