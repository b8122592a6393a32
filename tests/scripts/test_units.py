"""The units for systemd: they name what exists, take no more rights than they need, and systemd reads them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from data.settings import ROOT, SETTINGS

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
BOUND = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "CapabilityBoundingSet": "",
    "IPAddressDeny": "any",
    "User": "scoreroom",
    "ReadWritePaths": "/var/lib/scoreroom",
    "RestrictNamespaces": "yes",
    "MemorySwapMax": "0",
}
EXPOSURE = {"scoreroom-build": 8, "scoreroom-dashboard": 12, "scoreroom-api": 12}


def settings_of(unit: Path) -> dict[str, list[str]]:
    settings = defaultdict(list)
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, text = line.partition("=")
            settings[name].append(text)
    return settings


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system with the units, what they start, and what they are ordered by."""
    made = tmp_path_factory.mktemp("root")
    units, program = made / "etc" / "systemd" / "system", made / "opt" / "scoreroom" / ".venv" / "bin" / "python"
    units.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, units)
    for target in ("basic", "sysinit", "shutdown", "network", "multi-user"):
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/true\n")
    program.chmod(0o755)
    return made


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_bound_and_limited(unit: Path) -> None:
    settings = settings_of(unit)
    assert {name: settings[name] for name in BOUND} == {name: [text] for name, text in BOUND.items()}
    assert settings["SystemCallFilter"] == ["@system-service", "~@privileged"]
    assert [name for name in ("MemoryMax", "TasksMax", "LimitNOFILE") if len(settings[name]) != 1] == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_script_that_there_is_with_settings_that_there_are(unit: Path) -> None:
    settings = settings_of(unit)
    (started,) = settings["ExecStart"]
    program, module = started.split(" -m ")
    assert program == "/opt/scoreroom/.venv/bin/python"
    assert importlib.util.find_spec(module) is not None
    named = {word.split("=")[0] for line in settings["Environment"] for word in line.split()}
    assert {name for name in named if name.startswith("SCOREROOM_")} <= {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_reads_a_unit_and_finds_it_little_exposed(unit: Path, root: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        if os.environ.get("CI"):
            pytest.fail("systemd-analyze is missing; .ci/run installs it")
        pytest.skip("systemd-analyze is not installed")
    for check in (["verify"], ["security", "--offline=true", f"--threshold={EXPOSURE[unit.stem]}"]):
        ended = subprocess.run(
            ["systemd-analyze", *check, f"--root={root}", unit.name],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
