"""Namespaces without network: what this needs of a machine is said where it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.offline.seclusion import SeclusionError, secluded_command


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("unshare", "unshare was not found; this check needs Linux and the Debian package util-linux"),
        ("strace", "strace was not found; this check needs Linux and the Debian package strace"),
        ("mount", "mount was not found; this check needs Linux and the Debian package mount"),
    ],
)
def test_a_missing_tool_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, said: str
) -> None:
    for other in {"strace", "unshare", "mount"} - {tool}:
        (tmp_path / other).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SeclusionError, match=said):
        secluded_command(["python"])


def test_what_is_not_allowed_is_said_with_what_would_be_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("strace", "mount"):
        (tmp_path / tool).symlink_to("/bin/true")
    refusing = tmp_path / "unshare"
    refusing.write_text('#!/bin/sh\n[ "$1" = --version ] || { echo "unshare failed: not permitted" >&2; exit 1; }\n')
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SeclusionError, match=r"not allowed here \(unshare failed: not permitted\); run this as root"):
        secluded_command(["python"])
