"""What the Containerfile promises, read off it. `make container-check` runs its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.settings import ROOT, SETTINGS
from scripts._containerfile import ContainerError, command_of, is_left_out, read_containerfile, read_ignored

CONTAINERFILE = ROOT / "deploy" / "Containerfile"
STAGES = read_containerfile(CONTAINERFILE)
IGNORED = read_ignored(ROOT / "deploy" / "Containerfile.dockerignore")


def test_it_installs_the_run_lock_by_hash_and_by_nothing_else() -> None:
    build, image = STAGES
    (installing,) = [step for step in build.all("RUN") if "apt-get" not in step]
    assert installing.endswith("python3 -m scripts.install run")
    assert "requirements.txt" in " ".join(build.all("COPY"))
    assert "requirements-dev.txt" not in CONTAINERFILE.read_text(encoding="utf-8")
    assert image.all("COPY") == ["--from=build /opt/scoreroom /opt/scoreroom"]
    others = [step for step in (*build.all("RUN"), *image.all("RUN")) if "pip install" in step or "curl" in step]
    assert others == []


def test_it_ends_as_a_user_without_rights_who_writes_in_the_volume_alone() -> None:
    image = STAGES[-1]
    assert image.last("USER") == "10001:10001"
    assert image.steps.index(("USER", "10001:10001")) < image.steps.index(("VOLUME", "/var/lib/scoreroom"))
    folders = {name: image.environment()[name] for name in ("SCOREROOM_RAW", "SCOREROOM_PROCESSED", "SCOREROOM_MODEL")}
    assert set(folders) <= {setting.name for setting in SETTINGS}
    assert [folder for folder in folders.values() if not folder.startswith(f"{image.last('VOLUME')}/")] == []


def test_it_starts_the_dashboard_and_asks_after_its_health() -> None:
    image = STAGES[-1]
    assert command_of(image.last("CMD")) == ["python", "-m", "scripts.serve", "--host", "0.0.0.0"]
    assert "http://127.0.0.1:8501/_stcore/health" in command_of(image.last("HEALTHCHECK"))[-1]


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("data/raw/application_train.csv", True),
        ("data/processed/predictions.parquet", True),
        ("inference/artifacts/model.txt", True),
        ("inference/service/__pycache__/app.cpython-311.pyc", True),
        (".git/config", True),
        (".venv/bin/python", True),
        ("tests/conftest.py", True),
        ("requirements-dev.txt", True),
        ("data/home_credit/profile.json", False),
        ("data/files/raw.py", False),
        ("dashboard/static/inter.woff2", False),
        ("docs/metrics.md", False),
        ("requirements.txt", False),
    ],
)
def test_no_data_and_no_tests_get_in(path: str, left_out: bool) -> None:
    assert is_left_out(path, IGNORED) is left_out


def test_everything_that_is_copied_is_there() -> None:
    sources = [source for argument in STAGES[0].all("COPY") for source in argument.split()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists() or is_left_out(source, IGNORED)] == []


def test_an_instruction_that_is_not_known_is_said(tmp_path: Path) -> None:
    path = tmp_path / "Containerfile"
    path.write_text("FROM debian:trixie-slim\nRUN true \\\n    && true\nADD https://example.org/x /\n")
    with pytest.raises(ContainerError, match=r"'ADD https://example.org/x /' is not understood; known are FROM, RUN"):
        read_containerfile(path)
