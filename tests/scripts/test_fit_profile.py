from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts import fit_profile


def test_a_missing_table_leaves_the_profile_as_it_is(call: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text("kept")
    done = call(fit_profile, "--real", tmp_path / "none.csv", "--out", tmp_path / "profile.json")
    assert (done.code, done.err) == (2, f"{tmp_path}/none.csv: no such file; check the path.\n")
    assert (tmp_path / "profile.json").read_text() == "kept"
