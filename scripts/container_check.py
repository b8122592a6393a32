"""Run the steps of deploy/Containerfile without a registry: in plain Debian roots, then serve from the result.

Needs root and debootstrap. The image's own command serves on a read-only root, as the image's user, in a network of its
own that reaches nothing; its health check and its page are asked for there.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from data.settings import ROOT
from scripts._cli import count, run
from scripts._containerfile import (
    ContainerError,
    Stage,
    command_of,
    is_left_out,
    read_containerfile,
    read_ignored,
)

CONTAINERFILE = ROOT / "deploy" / "Containerfile"
MIRROR = "http://deb.debian.org/debian"
PATIENCE_S = 600
PAGE = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8501/', timeout=20).read().decode())"
ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Where this machine trusts a certificate authority of its own, the steps that download have to as well.
TRUST = ("PIP_CERT", "SSL_CERT_FILE")


def main() -> None:
    """Print what each step took, and what the image answers."""
    parser = argparse.ArgumentParser(prog="python -m scripts.container_check", description=__doc__)
    parser.add_argument("--base", type=Path, help="a Debian root to start from (made with debootstrap)")
    parser.add_argument("--rows", type=count, default=20_000, help="applications of the portfolio it builds (20000)")
    arguments = parser.parse_args()
    if os.geteuid():
        raise ContainerError("Only root can change into another root; run this with sudo.")
    stages = read_containerfile(CONTAINERFILE)
    with tempfile.TemporaryDirectory(prefix="container-") as scratch:
        base = arguments.base or _debian(stages[0].base, Path(scratch) / "base")
        roots: dict[str, Path] = {}
        for number, stage in enumerate(stages):
            root = Path(scratch) / f"stage{number}"
            _call(["cp", "--archive", str(base), str(root)])
            roots[stage.name] = root
            _build(stage, root, roots)
        _serve(stages[-1], root, Path(scratch) / "volume", arguments.rows)


def _debian(image: str, root: Path) -> Path:
    suite = image.removeprefix("debian:").removesuffix("-slim")
    started = time.monotonic()
    _call(["debootstrap", "--variant=minbase", suite, str(root), MIRROR])
    _tell(f"debootstrap {suite}", started)
    return root


def _build(stage: Stage, root: Path, roots: dict[str, Path]) -> None:
    directory, user, environment = "/", "0:0", {"PATH": ROOT_PATH}
    for instruction, argument in stage.steps:
        started = time.monotonic()
        if instruction == "WORKDIR":
            directory = argument
            (root / directory[1:]).mkdir(parents=True, exist_ok=True)
        elif instruction == "ENV":
            environment |= dict([argument.split("=", 1)])
        elif instruction == "USER":
            user = argument
        elif instruction == "COPY":
            _copy(argument, root, directory, roots)
        elif instruction == "RUN":
            mounts = ["mount -t proc proc proc", "mount --rbind /dev dev"]
            trust = {name: f"/run/{name}" for name in TRUST if name in os.environ}
            lent = [("/etc/resolv.conf", "/etc/resolv.conf"), *((os.environ[name], trust[name]) for name in trust)]
            for path, inside in lent:
                _stand_in(root / inside[1:])
                mounts.append(f"mount --bind {path} {inside[1:]}")
            _call(_inside(root, mounts, environment | trust, user, f"cd {directory} && {argument}"))
        if instruction in ("RUN", "COPY"):
            _tell(f"{instruction} {argument}", started)


def _copy(argument: str, root: Path, directory: str, roots: dict[str, Path]) -> None:
    *sources, target = argument.split()
    if sources[0].startswith("--from="):
        _call(["cp", "--archive", str(roots[sources[0][7:]] / sources[1][1:]), str(root / target[1:])])
        return
    patterns = read_ignored(CONTAINERFILE.with_name(f"{CONTAINERFILE.name}.dockerignore"))
    for source in sources:
        for path in [ROOT / source, *(ROOT / source).rglob("*")]:
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and not is_left_out(name, patterns):
                to = root / directory[1:] / name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, to)


def _serve(image: Stage, root: Path, volume: Path, rows: int) -> None:
    user, directory = image.last("USER"), image.last("WORKDIR")
    if user.split(":")[0] in ("", "0", "root"):
        raise ContainerError("The image would run as root; it needs a USER.")
    # A new named volume takes over what the image has at its place: the owner and an empty folder.
    kept = image.last("VOLUME")
    _call(["cp", "--archive", str(root / kept[1:]), str(volume)])
    mounts = [
        "ip link set lo up",
        "mount --bind . .",
        f"cd {root}",
        "mount -t proc proc proc",
        "mount --rbind /dev dev",
        "mount -t tmpfs tmpfs tmp",
        f"mount --bind {volume} {kept[1:]}",
        "mount -o remount,bind,ro .",
    ]
    environment = image.environment() | {"SCOREROOM_ROWS": str(rows)}
    command = f"cd {directory} && exec {shlex.join(command_of(image.last('CMD')))}"
    started = time.monotonic()
    entered = _inside(root, mounts, environment, user, command)
    with subprocess.Popen([entered[0], "--net", *entered[1:]]) as server:  # noqa: S603
        first = _first_inside(server)
        try:
            asking = _beside(first, environment, user, command_of(image.last("HEALTHCHECK")))
            while subprocess.run(asking, capture_output=True, check=False).returncode:  # noqa: S603
                if server.poll() is not None or time.monotonic() > started + PATIENCE_S:
                    raise ContainerError("The image's command did not become healthy; its output is above.")
                time.sleep(0.5)
            _tell(f"CMD {image.last('CMD')}: healthy with {rows} applications", started)
            page = _call(_beside(first, environment, user, ["python", "-c", PAGE]))
            if "<!doctype html>" not in page.lower():
                raise ContainerError(f"The image answers no page: {page[:100]}")
            print(f"The page is answered; the server runs as user {Path(f'/proc/{first}').stat().st_uid}.")
            sizes = [_call(["du", "-sm", str(folder)]).split()[0] for folder in (root, volume)]
            print(f"The image holds {sizes[0]} MB, its volume {sizes[1]} MB.")
        finally:
            with suppress(ProcessLookupError):
                os.kill(first, signal.SIGTERM)
            server.wait(PATIENCE_S)
        print("It ended at SIGTERM.")


def _first_inside(server: subprocess.Popen[bytes]) -> int:
    """The process that is the first of the new namespaces."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if pids := children.read_text(encoding="utf-8").split():
            return int(pids[0])
        time.sleep(0.05)
    raise ContainerError("No namespaces can be made here; this needs a machine, or a container with all rights.")


def _inside(root: Path, mounts: list[str], environment: dict[str, str], user: str, command: str) -> list[str]:
    """A command in a root, with mounts and processes of its own."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    entered = shlex.join(["chroot", f"--userspec={user}", ".", "env", "-i", *variables, "sh", "-ec", command])
    script = " && ".join([f"cd {shlex.quote(str(root))}", *mounts, f"exec {entered}"])
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script]


def _beside(first: int, environment: dict[str, str], user: str, command: list[str]) -> list[str]:
    """A command in the namespaces and the root of a running process."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    entered = [f"--target={first}", "--mount", "--net", "--pid", "--root", "--wd=/"]
    return ["nsenter", *entered, "chroot", f"--userspec={user}", "/", "env", "-i", *variables, *command]


def _stand_in(inside: Path) -> None:
    """Something to mount a file over."""
    if not inside.exists():
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.unlink(missing_ok=True)
        inside.touch()


def _call(command: list[str]) -> str:
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if ended.returncode:
        print(ended.stdout[-4_000:])
        raise ContainerError(f"'{command[0]}' failed with {ended.returncode}: {shlex.join(command)[-300:]}")
    return ended.stdout


def _tell(what: str, started: float) -> None:
    print(f"{time.monotonic() - started:7.1f} s  {what[:100]}", flush=True)


if __name__ == "__main__":
    run(main)
