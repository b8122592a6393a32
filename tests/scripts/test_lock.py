from __future__ import annotations

import tomllib

from data.settings import ROOT
from scripts import lock
from scripts._locks import DEVELOP, RUN, read_lock


def test_every_pin_of_the_project_is_locked_at_that_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = dict(each.split(";")[0].strip().split("==") for each in project["dependencies"] if "==" in each)
    assert pinned
    for name in (RUN, DEVELOP):
        locked = {pin.name: pin.version for pin in read_lock(ROOT / name)}
        assert {key: locked.get(key.lower().replace("_", "-").split("[")[0]) for key in pinned} == pinned


def test_locks_are_for_the_pythons_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"].startswith(f">={lock.PYTHONS[0]}")
