"""Files are replaced whole or not at all, whatever goes wrong; the limits are the system's own, nothing is faked."""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from data.errors import FileError
from data.store import owners
from data.store.storage import check_file_place, sha256_of, sweep_parts, write_atomically, write_parquet

ROOT = Path(__file__).resolve().parents[3]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def in_child(code: str, *arguments: Path, prepare: Callable[[], None]) -> subprocess.CompletedProcess[str]:
    """Run `code` in a fresh interpreter after `prepare` (limits, rights), which must not outlive it."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, preexec_fn=prepare, capture_output=True, text=True, check=False, timeout=60
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file_takes_the_place_and_nothing_stays_beside(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "er" / "file"
    with write_atomically(place) as beside:
        beside.write_text("new")
        assert not place.exists()
    assert place.read_text() == "new"
    assert names(place.parent) == ["file"]


def test_reader_sees_the_old_file_until_the_end(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")
    with write_atomically(place) as beside:
        beside.write_text("new")
        assert place.read_text() == "old"
    assert place.read_text() == "new"


def test_failure_keeps_the_old_file_and_passes_on(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")

    def write() -> None:
        with write_atomically(place) as beside:
            beside.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert place.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_directory_replaces_a_directory_whole(tmp_path: Path) -> None:
    place = tmp_path / "model"
    place.mkdir()
    (place / "stale").touch()
    with write_atomically(place) as beside:
        (beside / "sub").mkdir(parents=True)
        (beside / "sub" / "fresh").write_text("x")
    assert names(place) == ["sub"]
    assert names(tmp_path) == ["model"]


def test_file_never_replaces_a_directory(tmp_path: Path) -> None:
    place = tmp_path / "processed"
    place.mkdir()
    (place / "precious").touch()
    with pytest.raises(
        FileError, match=r"processed: cannot be written \(Is a directory\); nothing was changed there\.$"
    ):
        write_text(place)
    assert names(place) == ["precious"]
    assert names(tmp_path) == ["processed"]


def test_directory_never_replaces_a_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")

    def write() -> None:
        with write_atomically(place) as beside:
            beside.mkdir()

    with pytest.raises(FileError, match=r"cannot be written \(Not a directory\)"):
        write()
    assert place.read_text() == "old"


def test_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_text(link)
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_pipe_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError, match=r"pipe: cannot be written \(a device or a pipe is already there;"):
        write_text(pipe)
    assert pipe.is_fifo()


def test_full_device_is_not_replaced() -> None:
    with pytest.raises(FileError, match=r"^/dev/full: cannot be written \(a device or a pipe is already there;"):
        write_text(Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_parent_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileError, match=r"file/below: cannot be written \(.+\); nothing was changed there\.$"):
        write_text(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "old"


def test_loop_of_links_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(FileError, match=r"a/file: cannot be written \("):
        write_text(tmp_path / "a" / "file")


def test_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    def write() -> None:
        with write_atomically(tmp_path / "file"):
            pass

    with pytest.raises(FileError, match="No such file"):
        write()


def test_two_writers_in_one_process_do_not_meet(tmp_path: Path) -> None:
    place = tmp_path / "file"
    with write_atomically(place) as first:
        first.write_text("first")
        with write_atomically(place) as second:
            second.write_text("second")
        assert place.read_text() == "second"
    assert place.read_text() == "first"
    assert names(tmp_path) == ["file"]


WRITE = """
import sys
from pathlib import Path
from data.errors import FileError
from data.store.storage import write_atomically
try:
    with write_atomically(Path(sys.argv[1])) as beside:
        beside.write_bytes(bytes(2_000_000))
except FileError as error:
    sys.exit(str(error))
"""


def test_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("old")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = in_child(WRITE, place, prepare=limit)
    assert done.stderr == f"{place}: cannot be written (File too large); nothing was changed there.\n"
    assert place.read_text() == "old"
    assert names(tmp_path) == ["file"]


def obey_rights() -> None:
    # The super-user passes over rights by two capabilities; without them even it may do only what the modes say.
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, capability) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


CHECK = """
import sys
from pathlib import Path
from data.errors import FileError
from data.store.storage import check_file_place, write_parquet
import polars as pl
said = []
for act in (check_file_place, lambda path: write_parquet(pl.DataFrame({"a": [1]}), path)):
    try:
        act(Path(sys.argv[1]))
    except FileError as error:
        said.append(str(error))
sys.exit("\\n".join(said))
"""


def test_no_right_to_write_is_said(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    place = locked / "file"
    done = in_child(CHECK, place, prepare=obey_rights)
    assert done.stderr.splitlines() == [
        f"{place}: cannot be written (no right to write in {locked}); nothing was changed there.",
        f"{place}: cannot be written (Permission denied); nothing was changed there.",
    ]
    assert names(locked) == []


def test_place_is_checked_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_file_place(tmp_path / "not" / "yet" / "there")
    check_file_place(tmp_path / "file")
    with pytest.raises(FileError, match="a directory is already there"):
        check_file_place(tmp_path)
    with pytest.raises(FileError, match=r"/file is a file\)"):
        check_file_place(tmp_path / "file" / "below" / "it")
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("is_folder", [False, True])
def test_parts_of_dead_processes_are_swept_and_those_of_live_ones_stay(tmp_path: Path, is_folder: bool) -> None:
    place, dead = tmp_path / "file", dead_owner()
    names_of = [f".file.{owner}-0123abcd.part{old}" for owner in (dead, owners.own()) for old in ("", ".old")]
    for name in (*names_of, f".other.{dead}-0123abcd.part", f".file.{dead}-0123abcd.part.txt"):
        if is_folder:
            (tmp_path / name / "sub").mkdir(parents=True)
        else:
            (tmp_path / name).touch()
    place.touch()
    write_text(place)
    assert names(tmp_path) == sorted(
        ["file", f".file.{dead}-0123abcd.part.txt", f".other.{dead}-0123abcd.part", *names_of[2:]]
    )


def test_parts_of_another_machine_are_left_for_a_day(tmp_path: Path) -> None:
    owner = "0" * 8 + owners.own()[8:]
    fresh, old = (tmp_path / f".file.{owner}-{n}123abcd.part" for n in (0, 1))
    fresh.touch()
    old.touch()
    os.utime(old, (time.time() - 86_500, time.time() - 86_500))
    write_text(tmp_path / "file")
    assert names(tmp_path) == [fresh.name, "file"]


def test_a_directory_that_stepped_aside_for_one_that_never_came_is_put_back(tmp_path: Path) -> None:
    aside = tmp_path / f".model.{dead_owner()}-0123abcd.part.old"
    (aside / "whole").mkdir(parents=True)
    sweep_parts(tmp_path)
    assert names(tmp_path / "model") == ["whole"]
    assert names(tmp_path) == ["model"]


def test_readers_meet_a_directory_at_any_time(tmp_path: Path) -> None:
    place = tmp_path / "model"
    stop, missed, seen = threading.Event(), [], 0

    def read() -> None:
        nonlocal seen
        while not stop.is_set():
            seen += 1
            if not place.exists():
                missed.append(seen)

    write_folder(place)
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(200):
        write_folder(place)
    stop.set()
    reader.join()
    assert seen > 200
    assert missed == []
    assert names(tmp_path) == ["model"]


def test_parquet_is_zstd_in_row_groups_with_its_metadata(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": pl.int_range(150_000, eager=True)})
    write_parquet(frame, tmp_path / "file.parquet", metadata={"key": "value"})
    metadata = pq.read_metadata(tmp_path / "file.parquet")
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [65_536, 65_536, 18_928]
    assert groups[0].column(0).compression == "ZSTD"
    assert metadata.metadata[b"key"] == b"value"
    assert pl.read_parquet(tmp_path / "file.parquet").equals(frame)


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_digest_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = bytes(index % 251 for index in range(size))
    (tmp_path / "file").write_bytes(content)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


def dead_owner() -> str:
    """A process that has ended."""
    command = [sys.executable, "-c", "from data.store import owners; print(owners.own())"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def write_folder(path: Path) -> None:
    with write_atomically(path) as beside:
        beside.mkdir()
        (beside / "file").touch()


def write_text(path: Path) -> None:
    with write_atomically(path) as beside:
        beside.write_text("new")
