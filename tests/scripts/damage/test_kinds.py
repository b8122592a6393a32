from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from data.settings import Settings
from scripts.damage.kinds import all_damages, places

DAMAGES = {damage.name: damage for damage in all_damages()}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder with files that are no portfolio, for damage to their bytes."""
    made = Settings(tmp_path / "raw", tmp_path / "processed", tmp_path / "model", 1_000, 7, "CPUExecutionProvider")
    for path in places(made).values():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(range(250)) * 40)
    return made


def test_there_are_at_least_152_kinds_and_each_file_has_its_own(
    settings: Settings, record_property: Callable[[str, object], None]
) -> None:
    for_anybody = [name for name, damage in DAMAGES.items() if not damage.needs_user]
    record_property("kinds of damage", len(for_anybody))
    assert len(for_anybody) >= 152
    by_file = Counter(name.partition(":")[0] for name in DAMAGES)
    assert min(by_file[name] for name in places(settings)) >= 20


@pytest.mark.parametrize(
    ("what", "n_bytes", "n_changed"),
    [
        ("last byte cut", 9_999, 1),
        ("first byte flipped", 10_000, 1),
        ("bytes appended", 10_100, 100),
        ("empty", 0, 10_000),
    ],
)
def test_damage_changes_one_file_as_its_name_says(settings: Settings, what: str, n_bytes: int, n_changed: int) -> None:
    before = {name: path.read_bytes() for name, path in places(settings).items()}
    DAMAGES[f"predictions.parquet: {what}"].act(settings)
    after = {name: path.read_bytes() for name, path in places(settings).items()}
    assert [name for name in before if before[name] != after[name]] == ["predictions.parquet"]
    old, new = before["predictions.parquet"], after["predictions.parquet"]
    assert len(new) == n_bytes
    assert sum(a != b for a, b in zip(old, new, strict=False)) + abs(len(old) - len(new)) == n_changed


def test_another_file_can_stand_in_its_place(settings: Settings) -> None:
    settings.predictions.write_bytes(b"other")
    DAMAGES["applications.parquet: predictions.parquet in its place"].act(settings)
    assert settings.applications.read_bytes() == b"other"
