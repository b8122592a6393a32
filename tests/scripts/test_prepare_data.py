"""The converter as a person starts it: a real process, its exit code, what it prints, and what it leaves behind."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from data.files.convert import read_source

ROOT = Path(__file__).resolve().parents[2]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def prepare(*arguments: str | Path, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.prepare_data", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, preexec_fn=before, capture_output=True, text=True, check=False, timeout=60)


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The last line on stderr (the progress bar stands above it) of a run that ended with exit code 2."""
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def table(make_table: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    return make_table(2_000, seed=5)


@pytest.fixture
def raw(tmp_path: Path, table: pl.DataFrame) -> Path:
    path = tmp_path / "application train.csv"
    table.write_csv(path)
    return path


def test_good_file_is_converted_and_reported(tmp_path: Path, raw: Path, table: pl.DataFrame) -> None:
    out = tmp_path / "new folder" / "applications.parquet"
    done = prepare("--raw", raw, "--out", out)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    rows, sizes, speed = done.stdout.splitlines()
    assert re.fullmatch(r"2,000 rows x 122 columns in \d+\.\d s: " + re.escape(str(out)), rows)
    assert re.fullmatch(r"Size: \d+\.\d MB -> \d+\.\d MB \(\d+\.\d times smaller\)", sizes)
    assert re.fullmatch(r"Loading: CSV \d\.\d{3} s, Parquet \d\.\d{3} s \(\d+\.\d times faster\)", speed)
    assert pl.read_parquet(out).equals(table)
    assert read_source(out)["name"] == "application train.csv"


def test_wrong_cell_ends_with_one_sentence(tmp_path: Path, raw: Path) -> None:
    raw.write_text(re.sub(r"\n100003,[01],", "\n100003,2,", raw.read_text()))
    out = tmp_path / "out.parquet"
    assert complaint(prepare("--raw", raw, "--out", out)) == (
        f"{raw}: column TARGET has 1 row with a wrong value, for example '2' on line 4; expected 0 or 1; "
        "correct them or leave those rows out."
    )
    assert not out.exists()


def test_raw_is_asked_for() -> None:
    done = prepare()
    assert done.returncode == 2
    assert "--raw" in done.stderr
    assert "Traceback" not in done.stderr


def obey_rights() -> None:
    # The super-user passes over rights by two capabilities; without them even it may do only what the modes say.
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, capability) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


def test_no_right_to_read_is_said(tmp_path: Path, raw: Path) -> None:
    raw.chmod(0)
    done = prepare("--raw", raw, "--out", tmp_path / "out.parquet", before=obey_rights)
    assert complaint(done) == f"{raw}: cannot be read (Permission denied); check the path and its rights."


def test_no_right_to_look_into_the_folder_is_said(tmp_path: Path, raw: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    moved = raw.rename(closed / "a.csv")
    closed.chmod(0o600)
    done = prepare("--raw", moved, "--out", tmp_path / "out.parquet", before=obey_rights)
    closed.chmod(0o700)
    assert complaint(done) == f"{moved}: cannot be read (Permission denied); check the path and its rights."


def test_no_right_to_write_is_said(tmp_path: Path, raw: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    out = locked / "out.parquet"
    done = prepare("--raw", raw, "--out", out, before=obey_rights)
    assert complaint(done) == (f"{out}: cannot be written (no right to write in {locked}); nothing was changed there.")
    assert list(locked.iterdir()) == []


def limit_file_size() -> None:
    # With the signal ignored, a write beyond the limit fails as one on a full disk does.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))


def test_full_disk_leaves_the_older_output_and_no_other_file(tmp_path: Path, raw: Path) -> None:
    folder = tmp_path / "processed"
    folder.mkdir()
    out = folder / "applications.parquet"
    out.write_bytes(b"older")
    done = prepare("--raw", raw, "--out", out, before=limit_file_size)
    assert complaint(done) == f"{out}: cannot be written (File too large); nothing was changed there."
    assert out.read_bytes() == b"older"
    assert [path.name for path in folder.iterdir()] == ["applications.parquet"]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"PAR1", b"\xff\xfe\0"])
def test_rubbish_ends_with_one_sentence(tmp_path: Path, content: bytes) -> None:
    raw = tmp_path / "rubbish.csv"
    raw.write_bytes(content)
    assert complaint(prepare("--raw", raw, "--out", tmp_path / "out.parquet")).startswith(f"{raw}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["rubbish.csv"]


def test_directory_as_output_is_refused(tmp_path: Path, raw: Path) -> None:
    folder = tmp_path / "processed"
    folder.mkdir()
    (folder / "precious").touch()
    assert complaint(prepare("--raw", raw, "--out", folder)) == (
        f"{folder}: cannot be written (a directory is already there; name another place); nothing was changed there."
    )
    assert [path.name for path in folder.iterdir()] == ["precious"]
