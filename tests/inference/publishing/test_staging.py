"""One build at a time; what dead ones left is swept; a folder that may only be read is served as it is."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data.errors import FileError
from data.settings import ROOT, Settings
from inference.model.artifact import ONNX
from inference.publishing.pipeline import build
from inference.publishing.staging import HELD, INCOMING, PREVIOUS, STAGING, has_leftovers, read_hold, staging
from scripts._kills import Portfolios, quiet, settings_in, state_of

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


@pytest.fixture
def settings(portfolios: Portfolios, tmp_path: Path) -> Settings:
    """A copy of the later portfolio in service, under its seed."""
    return settings_in(Path(shutil.copytree(portfolios.template, tmp_path / "work")), portfolios.SEEDS[1])


def command(settings: Settings) -> dict[str, str]:
    places = {"RAW": settings.raw, "PROCESSED": settings.processed, "MODEL": settings.model}
    told = {**places, "ROWS": settings.rows, "SEED": settings.seed}
    return os.environ | {f"SCOREROOM_{name}": str(value) for name, value in told.items()}


def test_two_builds_at_once_end_well_and_build_once(portfolios: Portfolios, tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "new", portfolios.SEEDS[1])
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "scripts.build"],
            cwd=ROOT,
            env=command(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ended = sorted(each.communicate(timeout=120) for each in builds)
    assert [each.returncode for each in builds] == [0, 0]
    assert [said for said, _ in ended] == [
        "Built applications and predictions and contributions and quality.\n",
        "Everything is up to date.\n",
    ]
    assert "Waiting for another build to end: process " in ended[1][1]
    assert "(python -m scripts.build)." in ended[1][1]
    assert state_of(settings.processed, settings.model) == portfolios.later
    assert sorted(path.name for path in settings.processed.iterdir() if path.suffix != ".json") == [
        "applications.parquet",
        "contributions.parquet",
        "predictions.parquet",
    ]


def test_what_dead_builds_left_is_swept_though_nothing_is_to_be_built(
    portfolios: Portfolios, settings: Settings
) -> None:
    shutil.copytree(settings.model, settings.processed / STAGING / "model")
    (settings.processed / ".build.lock").write_text('{"pid": 1}')
    assert has_leftovers(settings)
    assert build(settings, quiet) == ()
    assert not has_leftovers(settings)
    assert state_of(settings.processed, settings.model) == portfolios.later


def test_a_portfolio_that_was_ready_takes_its_place_with_the_next_build(
    portfolios: Portfolios, settings: Settings
) -> None:
    with staging(settings) as stage:
        stage.take_previous()
        # Half of the move was done when its process died.
        shutil.copy2(stage.settings.applications, settings.processed / "half")
        (settings.processed / "half").replace(settings.applications)
        stage.settings.processed.rename(settings.processed / INCOMING)
    earlier = settings_in(settings.processed.parent, portfolios.SEEDS[0])
    assert build(earlier, quiet) == ()
    assert state_of(settings.processed, settings.model) == portfolios.earlier
    assert not has_leftovers(settings)


def test_a_folder_that_may_only_be_read_is_left_as_it_is(settings: Settings) -> None:
    (settings.processed / ".build.lock").touch()
    folders = (settings.processed, settings.model, settings.model.parent)
    for folder in folders:
        folder.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-m", "scripts.build"],
        cwd=ROOT,
        env=command(settings),
        preexec_fn=obey_rights,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    for folder in folders:
        folder.chmod(0o755)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Everything is up to date.\n", "")


def test_a_build_that_changes_no_model_keeps_the_previous_one(portfolios: Portfolios, settings: Settings) -> None:
    settings.contributions.unlink()
    assert build(settings, quiet) == ("contributions",)
    previous = settings.processed / PREVIOUS
    assert state_of(previous, previous / "model") == portfolios.earlier
    assert not (settings.processed / HELD).exists()


def test_a_link_to_itself_is_no_file_that_a_model_may_lack(portfolios: Portfolios, settings: Settings) -> None:
    graph = settings.model / ONNX
    graph.unlink()
    graph.symlink_to(graph)
    assert "predictions" in build(settings, quiet)
    assert state_of(settings.processed, settings.model) == portfolios.later


def test_a_hold_that_is_no_file_is_said(settings: Settings) -> None:
    os.mkfifo(settings.processed / HELD)
    with pytest.raises(FileError, match=r"held\.json: cannot be read \(is a device or a pipe\); remove it"):
        read_hold(settings)


def obey_rights() -> None:
    # The super-user passes over rights by two capabilities; without them even it may do only what the modes say.
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, capability) != 0:
                raise OSError(ctypes.get_errno(), "prctl")
