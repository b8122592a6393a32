"""Whatever stands where a file is expected is said in one sentence, and nobody waits for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data.errors import FileError, SettingError
from data.files.raw import find_raw
from data.settings import ROOT, load_settings
from data.store.opening import check_readable, open_readable
from data.store.storage import sha256_of
from inference.service.keys import Keys, add_key

CHECKS: tuple[Callable[[Path], object], ...] = (check_readable, Keys.load, lambda path: add_key(path, "me"))


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        # Its address may be no longer than a hundred letters.
        before = Path.cwd()
        os.chdir(path.parent)
        listening.bind(path.name)
        os.chdir(before)


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "is a device or a pipe; name a file."),
    "endless": (lambda path: path.symlink_to("/dev/zero"), "is a device or a pipe; name a file."),
    "socket": (a_socket, "is a device or a pipe; name a file."),
    "directory": (Path.mkdir, "is a directory; name the file inside it."),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_said_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    make, said = KINDS[kind]
    make(path)
    for check in CHECKS:
        with pytest.raises(FileError) as caught:
            check(path)
        assert str(caught.value) == f"{path}: {said}"
    with pytest.raises(OSError, match="directory" if kind == "directory" else "is a device or a pipe"):
        sha256_of(path)


@pytest.mark.parametrize("kind", ["pipe", "endless", "socket"])
def test_a_setting_that_is_no_folder_is_said_before_any_work(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    KINDS[kind][0](path)
    for name in ("SCOREROOM_RAW", "SCOREROOM_PROCESSED", "SCOREROOM_MODEL"):
        with pytest.raises(SettingError) as caught:
            load_settings({name: str(path)})
        assert str(caught.value) == f"{name} is {path}, which is not a folder; set it to a folder that may be read."
    with pytest.raises(FileError, match="cannot be read"):
        find_raw(path)


# Imported as root, asked as nobody: what a service without rights finds.
AS_NOBODY = """
import os, sys
from pathlib import Path
from data.errors import ScoreroomError
from data.store.opening import check_readable
from data.files.raw import find_raw
from data.settings import load_settings
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
folder = Path(sys.argv[1])
for ask in (
    lambda: check_readable(folder / "table.csv"), lambda: find_raw(folder),
    lambda: load_settings({"SCOREROOM_MODEL": str(folder)}),
    lambda: load_settings({"SCOREROOM_MODEL": str(folder / "inside")}),
):
    try:
        ask()
    except ScoreroomError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can become somebody without rights")
def test_a_folder_without_rights_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "table.csv").write_text("a\n1\n")
    folder.chmod(0o000)
    for parent in (tmp_path, *tmp_path.parents[:4]):
        parent.chmod(parent.stat().st_mode | 0o011)
    asked = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert asked.stdout.splitlines() == [
        f"{folder}/table.csv: cannot be read (Permission denied); check the path and its rights.",
        f"{folder}: cannot be read (Permission denied); check the path and its rights.",
        f"SCOREROOM_MODEL is {folder}, which may not be read; set it to a folder that may be read.",
        f"SCOREROOM_MODEL is {folder}/inside, which cannot be read (Permission denied); set it to a folder that may be "
        "read.",
    ]


def test_what_can_be_read_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    with open_readable(path) as handle:
        assert handle.read() == b"abc"
