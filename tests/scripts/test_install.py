"""Installing a lock, with uv and pip, real environments and small packages of our own, none of them from a network."""

from __future__ import annotations

import ensurepip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from data.settings import ROOT
from scripts._locks import DEVELOP, RUN

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "scoreroom"
version = "0.1.0"
[tool.setuptools]
"""
BACKEND = """
import zipfile
def build_editable(directory, config_settings=None, metadata_directory=None):
    name, about = "scoreroom-0.1.0-py3-none-any.whl", "scoreroom-0.1.0.dist-info"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\\nName: scoreroom\\nVersion: 0.1.0\\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{about}/RECORD", "")
    return name
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the installer alone, in a path with a space."""
    root = tmp_path_factory.mktemp("a checkout")
    for name in (
        "data/__init__.py",
        "data/errors.py",
        "data/settings.py",
        "scripts/__init__.py",
        "scripts/_locks.py",
        "scripts/install.py",
    ):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    return root


def wheel(checkout: Path, name: str) -> Path:
    """A package that holds nothing, as a file that can be installed."""
    path = checkout / "wheels" / f"{name}-1.0-py3-none-any.whl"
    path.parent.mkdir(exist_ok=True)
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    return path


def bundled_pip(checkout: Path) -> Path:
    """The pip that this Python brings, as the one that a lock names."""
    (bundled,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    return Path(shutil.copy(bundled, checkout / "wheels"))


def own_uv(checkout: Path) -> Path:
    """The uv of this environment, packed again as a file that can be installed."""
    version = metadata.version("uv")
    path = checkout / "wheels" / f"uv-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for part in metadata.files("uv") or ():
            place = part.locate()
            name = str(part) if not str(part).startswith("..") else f"uv-{version}.data/scripts/{part.name}"
            if not name.endswith((".pyc", "RECORD", "INSTALLER", "REQUESTED")):
                file.write(str(place), name)
        file.writestr(f"uv-{version}.dist-info/RECORD", "")
    return path


def write_lock(checkout: Path, name: str, *files: Path) -> None:
    lines = ["--only-binary :all:"]
    for path in files:
        package, version, *_ = path.name.split("-")
        lines.append(f"{package}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
    (checkout / name).write_text("\n".join(lines) + "\n")


def install(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": (checkout / "wheels").as_uri()}
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PIP_", "UV_", "PYTHON"))}
    # Without site-packages: the installer has to run where nothing is installed yet.
    return subprocess.run(
        [sys.executable, "-S", "-m", "scripts.install", *arguments],
        cwd=checkout,
        env=kept | offline | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def installed(checkout: Path) -> dict[str, str]:
    """The packages of the environment, each with what installed it, as it says itself."""
    listing = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({d.name: (d.read_text('INSTALLER') or '').strip() for d in m.distributions()}))"
    )
    shown = subprocess.run(
        [checkout / ".venv" / "bin" / "python", "-Ic", listing], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(shown.stdout)
    return found


def test_an_environment_holds_its_lock_and_nothing_else(checkout: Path) -> None:
    one, two, pip, uv = wheel(checkout, "one"), wheel(checkout, "two"), bundled_pip(checkout), own_uv(checkout)
    write_lock(checkout, RUN, one, pip, uv)
    write_lock(checkout, DEVELOP, one, two, pip, uv)

    first = install(checkout, "run")
    assert (first.returncode, first.stdout) == (0, "")
    assert "Setting up .venv with requirements.txt" in first.stderr
    # Python 3.11 brings a setuptools of its own, which no lock here names.
    assert installed(checkout) == {"one": "uv", "pip": "pip", "uv": "pip", "scoreroom": "uv"}
    assert install(checkout, "run").stderr == ""

    # Where pip alone knows a place of the files, it installs them.
    without = install(checkout, "develop", UV_FIND_LINKS=str(checkout / "nowhere"))
    assert without.stderr.startswith("Bringing .venv up to date with requirements-dev.txt.\n")
    assert without.stderr.endswith("uv could not install this (see above); pip tries.\n")
    assert installed(checkout) == {"one": "uv", "two": "pip", "pip": "pip", "uv": "pip", "scoreroom": "pip"}
    # To run in it, nothing has to be installed, and what develops stays.
    assert install(checkout, "run").stderr == ""

    write_lock(checkout, DEVELOP, two, pip, uv)
    assert install(checkout, "run").stderr == "Bringing .venv up to date with requirements-dev.txt.\n"
    assert installed(checkout).keys() == {"two", "pip", "uv", "scoreroom"}


def test_a_file_that_is_not_the_locked_one_is_not_installed(checkout: Path) -> None:
    genuine = wheel(checkout, "three")
    write_lock(checkout, DEVELOP, genuine, bundled_pip(checkout), own_uv(checkout))
    genuine.write_bytes(genuine.read_bytes() + b"\0")
    ended = install(checkout, "develop")
    assert ended.returncode == 2
    assert "Hash mismatch for `three==1.0`" in ended.stderr
    assert "DO NOT MATCH THE HASHES" in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "'-m pip install' failed (see above); nothing is half installed: the next 'make' starts anew."
    )
    assert "three" not in installed(checkout)
    # Without its stamp the environment is made anew next time.
    assert not (checkout / ".venv" / ".installed").exists()


def test_a_folder_of_something_else_is_left_alone(checkout: Path) -> None:
    ended = install(checkout, "run", "--venv", "wheels")
    assert ended.returncode == 2
    assert ended.stderr == (
        "wheels: is not a virtual environment, so nothing is installed over it; name another folder.\n"
    )
    assert (checkout / "wheels" / "one-1.0-py3-none-any.whl").exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda lock: lock.unlink(), "requirements.txt: no such file; restore it from the repository."),
        (lambda lock: lock.write_text("one\n"), "'one' is not a package pinned to one version with hashes"),
    ],
)
def test_without_a_lock_nothing_is_touched(checkout: Path, damage: Callable[[Path], object], said: str) -> None:
    before = installed(checkout)
    damage(checkout / RUN)
    ended = install(checkout, "run")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert installed(checkout) == before
