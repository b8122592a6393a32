"""Install one of the two locks into a virtual environment: what it pins and nothing else, each file checked by hash."""

from __future__ import annotations

import argparse
import ast
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import ScoreroomError
from data.settings import ROOT
from scripts._locks import DEVELOP, RUN, LockError, normalised, read_lock

LOCKS = {"run": RUN, "develop": DEVELOP}
PYTHONS = ((3, 11), (3, 13))
# Built from source, a package would bring build tools that no hash vouches for.
CHECKED = ("--require-hashes", "--only-binary", ":all:", "--requirement")
PROJECT = ("--no-index", "--no-deps", "--no-build-isolation", "--editable")
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
}


def main() -> None:
    """Bring the environment up to date, or do nothing where it is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.install", description=__doc__)
    parser.add_argument("what", choices=LOCKS, help="what to install for: to run, or to develop as well")
    parser.add_argument("--venv", type=Path, default=Path(".venv"), help="the environment's folder (.venv)")
    arguments = parser.parse_args()
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        raise LockError(f"Python 3.11, 3.12 or 3.13 is needed; this is {sys.version.split()[0]}.")
    with _alone():
        install(arguments.what, arguments.venv)


def install(what: str, venv: Path) -> None:
    """Make `venv` hold exactly the lock `what` and this project, unless its stamp says that it does.

    An environment to develop in stays one: it holds what is needed to run in the same versions. Raises LockError.
    """
    stamp, python = venv / ".installed", venv / "bin" / "python"
    before = stamp.read_text(encoding="utf-8").splitlines() if stamp.is_file() else []
    # Another Python under the same name, as after an upgrade of the system, finds no packages.
    if before[1:2] != [str(python.resolve())] or not python.exists():
        before = []
    if before[:1] == ["develop"]:
        what = "develop"
    lock = ROOT / LOCKS[what]
    pins = read_lock(lock)
    digest = _digest(lock)
    if before[2:] == [digest]:
        return
    if before:
        print(f"Bringing {venv} up to date with {lock.name}.", file=sys.stderr)
        stamp.unlink()
    else:
        # Without a stamp an installation was cut short, or was never one of ours: only a new one is sure to work.
        if venv.exists() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").exists():
            raise LockError(
                f"{venv}: is not a virtual environment, so nothing is installed over it; name another folder."
            )
        print(f"Setting up {venv} with {lock.name}; the first time this takes a moment.", file=sys.stderr)
        _call([sys.executable, "-m", "venv", "--clear", str(venv)])
    # Python brings an older pip, with known advisories; the lock's own takes its place, and uv, many times as fast.
    tools = [pin for pin in pins if pin.name in ("pip", "uv")]
    if not {(pin.name, pin.version) for pin in tools} <= _installed(python).items():
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as alone:
            alone.write("\n".join(pin.line for pin in tools))
            alone.flush()
            _call(_pip(python, "install", *CHECKED, alone.name))
    # setuptools warns of every editable installation.
    os.environ["PYTHONWARNINGS"] = "ignore"
    if not any(pin.name == "uv" for pin in tools) or not _sync_with_uv(python, lock):
        _call(_pip(python, "install", *CHECKED, str(lock)))
        _call(_pip(python, "install", *PROJECT, str(ROOT)))
    dropped = _installed(python).keys() - {"scoreroom", *(pin.name for pin in pins)}
    if dropped:
        _call(_pip(python, "uninstall", "--yes", *sorted(dropped)))
    stamp.write_text("\n".join((what, str(python.resolve()), digest)), encoding="utf-8")


def _digest(lock: Path) -> str:
    """The inputs of an installation: the lock, the packaging of the project, and its folder."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packaging = [project["build-system"], project["project"], project["tool"]["setuptools"], str(ROOT)]
    return hashlib.sha256(lock.read_bytes() + json.dumps(packaging, sort_keys=True).encode()).hexdigest()


def _installed(python: Path) -> dict[str, str]:
    """The packages of an environment: normalised names with versions."""
    listing = (
        "import importlib.metadata as m, json; print(json.dumps([(d.name, d.version) for d in m.distributions()]))"
    )
    return {normalised(name): version for name, version in json.loads(_call([str(python), "-Ic", listing]))}


def _sync_with_uv(python: Path, lock: Path) -> bool:
    """Install `lock` and the project with uv; False where uv cannot, as it may not know a mirror that pip knows."""
    uv = [str(python), "-m", "uv", "--quiet", "pip"]
    of_this = ["--python", str(python)]
    commands = (
        [*uv, "install", *of_this, *CHECKED, str(lock)],
        [*uv, "install", *of_this, *PROJECT, str(ROOT)],
    )
    environment = {**_as_for_pip(python), **os.environ}
    for command in commands:
        if subprocess.run(command, env=environment, check=False).returncode:  # noqa: S603
            print("uv could not install this (see above); pip tries.", file=sys.stderr)
            return False
    return True


def _as_for_pip(python: Path) -> dict[str, str]:
    """The settings that uv knows by another name than pip, as pip has them."""
    environment = {}
    for line in _call([str(python), "-m", "pip", "config", "list"]).splitlines():
        key, _, value = line.partition("=")
        # By level, file or variable: "global.index-url", ":env:.index-url"; later lines win, as with pip.
        name = UV_NAMES.get(key.rpartition(".")[2])
        if name:
            environment[name] = " ".join(str(ast.literal_eval(value)).split())
    return environment


def _pip(python: Path, command: str, *arguments: str) -> list[str]:
    return [str(python), "-m", "pip", command, "--quiet", "--no-input", "--disable-pip-version-check", *arguments]


def _call(command: list[str]) -> str:
    # pip reports errors on stderr; its stdout only matters to a caller who wants it.
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if ended.returncode:
        tried = " ".join(command[1:4])
        raise LockError(f"'{tried}' failed (see above); nothing is half installed: the next 'make' starts anew.")
    return ended.stdout


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other `make` in this checkout installs."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    try:
        main()
    except ScoreroomError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
