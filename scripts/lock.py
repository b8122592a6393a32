"""Renew the two locks from the pins in pyproject.toml, and check that each system they are for finds its files."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from data.settings import ROOT
from scripts._cli import run
from scripts._locks import DEVELOP, RUN, LockError, read_lock

PYTHONS = ("3.11", "3.12", "3.13")
# ONNX Runtime has no files for Macs with Intel processors, nor for macOS before 14.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
MACOS = "14.0"


def main() -> None:
    """Write both locks, or neither."""
    parser = argparse.ArgumentParser(prog="python -m scripts.lock", description=__doc__)
    parser.add_argument(
        "--keep", action="store_true", help="keep what is locked where the pins allow it; without, indirect ones rise"
    )
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as scratch:
        new = {name: Path(scratch) / name for name in (RUN, DEVELOP)}
        if keep:
            for name, path in new.items():
                path.write_bytes((ROOT / name).read_bytes())
        upgrade = [] if keep else ["--upgrade"]
        _compile(new[RUN], *upgrade)
        _compile(new[DEVELOP], *upgrade, "--group", "develop", "--constraints", str(new[RUN]))
        for platform in PLATFORMS:
            for python in PYTHONS:
                _check(new[DEVELOP], platform, python)
        for name, path in new.items():
            (ROOT / name).write_bytes(path.read_bytes())
            print(f"{name}: {len(read_lock(path))} packages")


def _compile(lock: Path, *arguments: str) -> None:
    _uv(
        "compile",
        "pyproject.toml",
        "--universal",
        "--python-version",
        PYTHONS[0],
        "--fork-strategy",
        "fewest",
        "--generate-hashes",
        "--no-build",
        "--emit-build-options",
        "--no-annotate",
        "--custom-compile-command",
        "make lock",
        "--group",
        "install",
        *arguments,
        "--output-file",
        str(lock),
    )


def _check(lock: Path, platform: str, python: str) -> None:
    _uv(
        "install",
        "--dry-run",
        "--require-hashes",
        "--no-build",
        "--python-platform",
        platform,
        "--python-version",
        python,
        "--target",
        str(lock.parent / "nowhere"),
        "--requirements",
        str(lock),
    )


def _uv(command: str, *arguments: str) -> None:
    # An index or mirror that this machine is set up with must not decide which files everybody gets.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "uv", "--no-config", "--quiet", "pip", command, *arguments],
        cwd=ROOT,
        env={**environment, "MACOSX_DEPLOYMENT_TARGET": MACOS},
        check=False,
    )
    if ended.returncode:
        raise LockError(f"'uv pip {command}' failed (see above); the locks are as they were.")


if __name__ == "__main__":
    run(main)
