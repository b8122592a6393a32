"""When files count as changed: once, when they have stood still for one look."""

from __future__ import annotations

import os
from pathlib import Path

from inference.serving.watch import Watch, version_of


def looks(watch: Watch, n: int) -> list[bool]:
    return [watch.has_changed() for _ in range(n)]


def test_a_change_is_told_once_and_at_the_second_look(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("one")
    watch = Watch((path,))
    assert looks(watch, 2) == [False, False]
    path.write_text("one two")
    assert looks(watch, 3) == [False, True, False]


def test_a_file_that_still_grows_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    watch = Watch((path,))
    for length in range(3):
        path.write_text("x" * length)
        assert not watch.has_changed()
    assert looks(watch, 2) == [True, False]


def test_going_coming_and_new_rights_are_changes_and_asking_at_once_is_one(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("one")
    watch = Watch((path,))
    path.unlink()
    assert looks(watch, 2) == [False, True]
    path.write_text("one")
    assert looks(watch, 2) == [False, True]
    path.chmod(0o400)
    assert looks(watch, 2) == [False, True]
    assert watch.has_changed(at_once=True)
    assert not watch.has_changed()


def test_another_file_of_the_same_size_and_time_differs(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    for each in (path, other):
        each.write_text("same")
        os.utime(each, ns=(1, 1))
    before = version_of([path])
    other.rename(path)
    assert version_of([path]) != before
    assert version_of([tmp_path / "none"]) == (None,)
