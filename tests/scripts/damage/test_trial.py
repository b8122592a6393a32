"""Every kind of damage to a built portfolio: opening says one sentence or gives what was built, a build notices.

The whole form, with all kinds and each really built again, is `python -m scripts.study_damage`.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from data.settings import ROOT, Settings
from inference.publishing.pipeline import build
from scripts.damage.kinds import PRODUCTS, Damage, all_damages, match_record, places
from scripts.damage.trial import Pristine, silent, try_out

DAMAGES = [damage for damage in all_damages() if not damage.needs_user]
# Some of each, for the time that all of them take.
SHORT = random.Random(13).sample(DAMAGES, 160)
NOBODY = 65_534


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    root = tmp_path_factory.mktemp("portfolio")
    settings = Settings(root / "raw", root / "processed", root / "model", 1_000, 7, "CPUExecutionProvider")
    build(settings, silent)
    return Pristine.of(settings, root / "pristine")


@pytest.fixture
def settings(pristine: Pristine) -> Iterator[Settings]:
    yield pristine.settings
    pristine.restore()


@pytest.mark.parametrize("damage", SHORT, ids=lambda damage: damage.name)
def test_damage_is_noticed_or_does_no_harm(pristine: Pristine, damage: Damage) -> None:
    assert try_out(pristine, damage).faults == ()


def test_what_is_whole_is_opened_and_left_alone(pristine: Pristine) -> None:
    outcome = try_out(pristine, Damage("none", lambda _: None))
    assert (outcome.sentences, outcome.build, outcome.faults) == ({}, "nothing", ())


def test_damage_to_everything_is_built_again_to_the_same_bytes(pristine: Pristine, settings: Settings) -> None:
    for path in places(settings).values():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    # The manifest no longer says that the folder is a model, unless it can be read.
    assert build(settings, silent) == (*PRODUCTS, "quality")
    assert pristine.is_whole()


@pytest.mark.parametrize(
    ("name", "steps"),
    [("contributions", ("contributions",)), ("predictions", ("predictions",)), ("applications", ("applications",))],
)
def test_only_what_is_damaged_is_built_again(
    pristine: Pristine, settings: Settings, name: str, steps: tuple[str, ...]
) -> None:
    path = places(settings)[f"{name}.parquet"]
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert build(settings, silent) == steps
    assert pristine.is_whole()


def test_half_the_applications_are_fetched_again_and_nothing_is_trained_on_them(
    pristine: Pristine, settings: Settings
) -> None:
    half = pl.read_parquet(settings.applications).head(500)
    metadata = pl.read_parquet_metadata(settings.applications)
    half.write_parquet(settings.applications, metadata={"scoreroom.source": metadata["scoreroom.source"]})
    match_record(settings, "applications", settings.applications.name)
    assert build(settings, silent) == ("applications",)
    assert pristine.is_whole()


def test_a_portfolio_without_a_record_is_built_anew(pristine: Pristine, settings: Settings) -> None:
    places(settings)["portfolio.json"].unlink()
    assert build(settings, silent) == (*PRODUCTS, "quality")
    assert pristine.is_whole()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to act as nobody")
def test_files_and_folders_without_rights_are_one_sentence_or_built_again(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            sys.executable,
            "-m",
            "scripts.study_damage",
            "--only",
            "right",
        ],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": "/tmp", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not tried" not in done.stdout
