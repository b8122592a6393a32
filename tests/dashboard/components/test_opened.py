"""What the page Open is at, as far as it needs no page: the tables of a folder on the server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dashboard.components.opened import server_tables
from dashboard.limits import load_limits


def test_tables_of_the_named_folder_alone_are_offered(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    (folder / "2024").mkdir(parents=True)
    for name in ("b.csv", "2024/a.parquet", "notes.md", "c.CSV.GZ"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "secret.csv").write_bytes(b"x")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    limits = load_limits({"SCOREROOM_OPEN_FOLDER": str(folder)})
    assert server_tables(limits) == {name: folder / name for name in ("2024/a.parquet", "b.csv", "c.CSV.GZ")}
    assert server_tables(load_limits({})) == {}
    assert server_tables(replace(limits, open_folder=tmp_path / "none")) == {}
