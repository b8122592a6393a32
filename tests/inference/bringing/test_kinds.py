from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from data.errors import FileError, SettingError
from data.settings import ROOT, Setting
from inference.bringing.errors import BringingError
from inference.bringing.kinds import BRINGING_SETTINGS, MEGABYTE, FileKind, import_limits, read_model_file

MOST = 10 * MEGABYTE


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.txt", b"tree\nversion=v4\nnum_class=1\n", FileKind.LIGHTGBM),
        ("model.json", b'{"learner":{}}', FileKind.XGBOOST),
        ("model.ubj", b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner", FileKind.XGBOOST),
        ("model.cbm", b"CBM1\x10\x00", FileKind.CATBOOST),
        ("model.onnx", b"\x08\x08\x12\x07skl2onnx", FileKind.ONNX),
        ("model.bin", b"\x80\x04\x95", FileKind.PICKLE),
        ("model.joblib", b"\x78\x9c\x00", FileKind.PICKLE),
        ("model.pkl", b"csomething\n", FileKind.PICKLE),
    ],
)
def test_kinds_are_told_by_content(name: str, content: bytes, kind: FileKind, folder: Path) -> None:
    (folder / name).write_bytes(content)
    found = read_model_file(folder / name, MOST)
    assert (found.kind, found.content) == (kind, content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\0" * 5000, "is empty"),
        (b"id,income\n1,2\n", "is no model file that is read here"),
        (b'{"name":"tree","tree_info":[]}', "save LightGBM as text"),
        (b"\x1f\x8b\x08\x00", "is compressed; unpack it"),
    ],
)
def test_what_is_no_model_is_refused(content: bytes, reason: str, folder: Path) -> None:
    (folder / "model").write_bytes(content)
    with pytest.raises(BringingError, match=reason):
        read_model_file(folder / "model", MOST)


def test_two_gigabytes_of_zeros_are_not_read(folder: Path) -> None:
    with (folder / "model.onnx").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(
        BringingError, match=r"has 2,000 MB, more than the 10 MB that are opened; set SCOREROOM_IMPORT_MB"
    ):
        read_model_file(folder / "model.onnx", MOST)


def test_a_pipe_and_a_folder_are_no_files(folder: Path) -> None:
    os.mkfifo(folder / "pipe.onnx")
    with pytest.raises(FileError, match="is a device or a pipe"):
        read_model_file(folder / "pipe.onnx", MOST)
    with pytest.raises(FileError, match="is a directory"):
        read_model_file(folder, MOST)


def archive(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in members.items():
            file.writestr(name, part)
    return content.getvalue()


def test_an_archive_is_looked_through_before_it_is_unpacked(folder: Path) -> None:
    path = folder / "model.skops"
    path.write_bytes(archive({"schema.json": b"{}", "array.npy": b"x"}))
    assert read_model_file(path, MOST).kind is FileKind.SKOPS
    path.write_bytes(archive({"other.json": b"{}"}))
    with pytest.raises(BringingError, match="no skops file"):
        read_model_file(path, MOST)
    # 60 MB of zeros in 60 kB.
    path.write_bytes(archive({"schema.json": b"{}", "bomb.npy": bytes(60 * MEGABYTE)}))
    assert path.stat().st_size < MEGABYTE
    with pytest.raises(BringingError, match="2 parts that unpack to 60 MB, more than is opened"):
        read_model_file(path, MOST)
    path.write_bytes(archive({f"part-{at}": b"" for at in range(10_001)} | {"schema.json": b"{}"}))
    with pytest.raises(BringingError, match="10,002 parts"):
        read_model_file(path, MOST)
    path.write_bytes(archive({"schema.json": b"{}"})[:-5])
    with pytest.raises(BringingError, match="not a whole zip archive"):
        read_model_file(path, MOST)


@pytest.mark.parametrize("setting", BRINGING_SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: Setting) -> None:
    documented = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"`{setting.name}`" in documented


def test_limits_are_whole_numbers() -> None:
    assert import_limits({"SCOREROOM_IMPORT_MB": "5"}) == {"MB": 5, "MEMORY_MB": 6_000, "SECONDS": 600}
    with pytest.raises(SettingError, match="SCOREROOM_IMPORT_SECONDS"):
        import_limits({"SCOREROOM_IMPORT_SECONDS": "0"})
