from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts import make_api_key, revoke_api_key


def test_takes_one_key_out_and_leaves_the_others(call: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "keys"
    for name in ("analyst", "batch"):
        call(make_api_key, name, "--file", file)
    done = call(revoke_api_key, "analyst", "--file", file)
    assert (done.code, done.out.split(" ")[0]) == (0, "analyst")
    assert "analyst" not in file.read_text()
    assert "batch" in file.read_text()
    again = call(revoke_api_key, "analyst", "--file", file)
    assert (again.code, again.out) == (2, "")
    assert "analyst" in again.err
