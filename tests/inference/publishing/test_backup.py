"""A backup comes back byte for byte; whatever is wrong with an archive is one sentence, and nothing is changed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.errors import FileError
from data.home_credit.synthetic import make_applications
from data.settings import ROOT, Settings
from data.store.signing import KEY_FILE, SigningError, make_key
from inference.publishing.backup import BackupError, back_up, restore
from inference.publishing.pipeline import build
from inference.publishing.rollback import roll_back
from scripts._kills import Portfolios, quiet, settings_in, state_of


@pytest.fixture
def settings(portfolios: Portfolios, tmp_path: Path) -> Settings:
    """A copy of the later portfolio in service, under its seed."""
    return settings_in(Path(shutil.copytree(portfolios.template, tmp_path / "work")), portfolios.SEEDS[1])


@pytest.fixture(scope="module")
def archive(portfolios: Portfolios, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the later portfolio."""
    root = tmp_path_factory.mktemp("backup")
    template = Path(shutil.copytree(portfolios.template, root / "work"))
    return back_up(settings_in(template, portfolios.SEEDS[1]), root / "portfolio.tar")[0]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_portfolio_comes_back_byte_for_byte_and_is_up_to_date(
    portfolios: Portfolios, archive: Path, tmp_path: Path
) -> None:
    other = settings_in(tmp_path / "elsewhere", portfolios.SEEDS[1])
    assert restore(other, archive).hold is None
    assert state_of(other.processed, other.model) == portfolios.later
    assert build(other, quiet) == ()
    assert archive.stat().st_mode & 0o077 == 0
    with tarfile.open(archive) as tar:
        names = tar.getnames()[1:]
        files = {Path(name).name: tar.extractfile(name) for name in names}
        digests = {name: hashlib.sha256(file.read()).hexdigest() for name, file in files.items() if file}
    assert digests == portfolios.later


def test_a_restore_can_be_undone(portfolios: Portfolios, settings: Settings, archive: Path) -> None:
    roll_back(settings)
    assert restore(settings, archive).hold is None
    assert state_of(settings.processed, settings.model) == portfolios.later
    assert build(settings, quiet) == ()
    roll_back(settings)
    assert state_of(settings.processed, settings.model) == portfolios.earlier


def test_what_other_settings_would_undo_is_held(portfolios: Portfolios, archive: Path, tmp_path: Path) -> None:
    other = settings_in(tmp_path / "elsewhere", 77)
    hold = restore(other, archive).hold
    assert hold is not None
    assert hold.notice().startswith(f"Restored model {portfolios.later['model.onnx'][:12]} at 20")
    assert build(other, quiet) == ()
    assert state_of(other.processed, other.model) == portfolios.later


def test_the_file_that_it_came_from_comes_back_too(portfolios: Portfolios, tmp_path: Path) -> None:
    theirs = settings_in(tmp_path / "theirs", 3)
    theirs.raw.mkdir(parents=True)
    raw = theirs.raw / "application_train (1).csv"
    make_applications(1_000, seed=3).write_csv(raw)
    build(theirs, quiet)
    archive, index = back_up(theirs, tmp_path)
    assert archive.name.startswith(f"scoreroom-{index.model}-20")
    other = settings_in(tmp_path / "elsewhere", 3)
    other.raw.mkdir(parents=True)
    (other.raw / "application_train.csv").write_text("another")
    with pytest.raises(BackupError, match=r"raw: holds application_train\.csv, and the backup was made from another"):
        restore(other, archive)
    (other.raw / "application_train.csv").unlink()
    assert restore(other, archive).hold is None
    assert (other.raw / raw.name).read_bytes() == raw.read_bytes()
    assert build(other, quiet) == ()
    with pytest.raises(BackupError, match="made from another table"):
        restore(replace(other, processed=tmp_path / "p"), _archive_of(portfolios, tmp_path))


def _archive_of(portfolios: Portfolios, folder: Path) -> Path:
    template = Path(shutil.copytree(portfolios.template, folder / "again"))
    return back_up(settings_in(template, portfolios.SEEDS[1]), folder / "synthetic.tar")[0]


def test_what_is_not_whole_is_not_backed_up(settings: Settings, tmp_path: Path) -> None:
    settings.predictions.unlink()
    with pytest.raises(BackupError, match="holds no whole portfolio; run `make build` first"):
        back_up(settings, tmp_path / "a.tar")
    assert not (tmp_path / "a.tar").exists()


def test_one_changed_byte_anywhere_is_noticed_and_nothing_is_changed(settings: Settings, archive: Path) -> None:
    whole, before = archive.read_bytes(), everything(settings.processed.parent)
    damaged = settings.processed.parent.parent / "damaged.tar"
    # Every field of the first two headers, the index, and all through the rest.
    rest = range(2_560, len(whole), len(whole) // 40)
    for place in [*range(0, 345, 23), *range(512, 2_560, 97), *rest, len(whole) - 1]:
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(
            BackupError, match=r"^[^\n]+damaged\.tar: is not a whole backup \(.+\); nothing was changed"
        ):
            restore(settings, damaged)
    for content in (b"", whole[:1], whole[:512], whole[:3_000], whole[: len(whole) // 2], whole[:-1], whole + b"\0"):
        damaged.write_bytes(content)
        with pytest.raises(BackupError, match="is not a whole backup"):
            restore(settings, damaged)
    assert everything(settings.processed.parent) == before


Told = dict[str, Any]
Files = list[tuple[tarfile.TarInfo, bytes]]
Change = Callable[[Told, Files], None]


def _escaping(index: Told, files: Files) -> None:
    for told in index["members"]:
        told["name"] = told["name"].replace("processed/contributions", "processed/../../escaped")
    files[2][0].name = "processed/../../escaped.parquet"


def _foreign(index: Told, files: Files) -> None:
    content = b"#!/bin/sh"
    index["members"].append(
        {"name": "model/run.sh", "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    )
    files.append((tarfile.TarInfo("model/run.sh"), content))


def _linking(_: Told, files: Files) -> None:
    files[0][0].type, files[0][0].linkname = tarfile.SYMTYPE, "/etc/passwd"


def _device(_: Told, files: Files) -> None:
    files[0][0].type, files[0][0].devmajor, files[0][0].devminor = tarfile.CHRTYPE, 1, 5


def _lacking(index: Told, files: Files) -> None:
    del index["members"][0], files[0]


def _empty(index: Told, files: Files) -> None:
    index["members"].clear()
    files.clear()


def _ordering(index: Told, _: Files) -> None:
    index["created"] = "\x1b]0;a terminal's title\x07"


def _source_elsewhere(index: Told, files: Files) -> None:
    index["source"] = "../application_train.csv"
    index["members"].append({"name": "source", "sha256": hashlib.sha256(b"x").hexdigest(), "size": 1})
    files.append((tarfile.TarInfo("source"), b"x"))


def _large(index: Told, _: Files) -> None:
    index["members"][0]["size"] = 1 << 32


def _huge(index: Told, _: Files) -> None:
    index["members"][0]["size"] = 1 << 33


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_escaping, "its index cannot be read"),
        (_foreign, "its index cannot be read"),
        (_linking, "is not where it should be"),
        (_device, "is not where it should be"),
        (_lacking, "its index cannot be read"),
        (_empty, "its index cannot be read"),
        (_ordering, "its index cannot be read"),
        (_source_elsewhere, "its index cannot be read"),
        (_large, "is not where it should be"),
        (_huge, "its index cannot be read"),
    ],
)
def test_an_archive_that_somebody_made_up_is_refused(
    settings: Settings, archive: Path, change: Change, said: str
) -> None:
    with tarfile.open(archive) as tar:
        (_, told), *files = [(entry, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]
    index = json.loads(told)
    change(index, files)
    content = json.dumps(index).encode()
    made_up = settings.processed.parent.parent / "made-up.tar"
    with tarfile.open(made_up, "w", format=tarfile.USTAR_FORMAT) as tar:
        entries = [(tarfile.TarInfo(f"scoreroom-backup-{hashlib.sha256(content).hexdigest()}.json"), content), *files]
        for entry, file in entries:
            entry.size = len(file)
            tar.addfile(entry, io.BytesIO(file))
    before = everything(settings.processed.parent)
    with pytest.raises(BackupError, match=said):
        restore(settings, made_up)
    assert everything(settings.processed.parent) == before
    assert not (settings.processed.parent.parent / "escaped.parquet").exists()


def test_with_a_key_an_unsigned_backup_is_refused(
    settings: Settings, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(tmp_path / "key")
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    before = everything(settings.processed.parent)
    with pytest.raises(SigningError, match=r"portfolio\.tar: is not signed"):
        restore(settings, archive)
    assert everything(settings.processed.parent) == before


def test_the_commands_say_what_they_did_and_end_with_2_for_what_is_no_backup(
    portfolios: Portfolios, settings: Settings, tmp_path: Path
) -> None:
    places = {"RAW": settings.raw, "PROCESSED": settings.processed, "MODEL": settings.model}
    told = {**places, "ROWS": settings.rows, "SEED": settings.seed}
    environment = os.environ | {f"SCOREROOM_{name}": str(value) for name, value in told.items()}

    def run(name: str, argument: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"scripts.{name}", str(argument)]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    model = portfolios.later["model.onnx"][:12]
    saved = run("backup", tmp_path / "a.tar")
    assert (saved.returncode, saved.stderr) == (0, "")
    assert saved.stdout.startswith(f"{tmp_path / 'a.tar'}: model {model}, ")
    assert f"Model {model} of the backup from 20" in run("restore", tmp_path / "a.tar").stdout
    ended = run("restore", ROOT / "README.md")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "README.md: is not a whole backup (it does not begin as one); nothing was changed" in ended.stderr


@pytest.mark.parametrize("name", ["nowhere.tar", ".", "/dev/zero"])
def test_what_is_no_file_is_said(settings: Settings, tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=f"^{re.escape(str(tmp_path / name))}: "):
        restore(settings, tmp_path / name)
