"""The memory of dropped files: bounded for as long as a visit keeps one."""

from __future__ import annotations

import gc

import pytest

from dashboard import dropped_files
from data.files.memory import BusyError


class Kept:
    n_bytes = dropped_files.budget()._most


def test_a_file_counts_for_as_long_as_a_visit_keeps_it() -> None:
    kept = Kept()
    dropped_files.keep(kept)
    with dropped_files.budget().lease() as lease, pytest.raises(BusyError):
        lease.hold(1)
    del kept
    gc.collect()
    with dropped_files.budget().lease() as lease:
        lease.hold(1)
