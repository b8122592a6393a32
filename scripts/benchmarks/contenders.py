"""Other ways to serve the same model, under the same load in the same run: who answers how many, how fast, in how much.

Each has one process that scores. They run in environments of their own, made when first needed from the pins beside
this file and kept in the user's cache; the product neither needs nor installs them.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from data.errors import ScoreroomError
from data.settings import ROOT, Settings
from scripts._measure import Say, silent
from scripts.benchmarks.api import ROUTE, Bodies, processor_s, run_load
from scripts.benchmarks.server import Server, ServerError, free_port, service_command, serving

CONNECTIONS = (1, 8, 64)
WARM_UP_S = 2
# The wrapper's PDs are float64, the others' float32.
TOLERANCE = 1e-6
_MLSERVER = "scripts.benchmarks.contenders_mlserver.Scoring"
_PINS = Path(__file__).parent
_NO_PICKLE = "opens model.pkl, which can run any code; set SCOREROOM_ALLOW_PICKLE=1 if nobody else can write there."


class ContenderError(AssertionError):
    """A contender that answers an application with another PD."""


class PinsError(ScoreroomError):
    """A contender's environment could not be made."""


@dataclass(frozen=True, slots=True)
class Contender:
    """How a service is started: the pins of its environment ("" for the product's own), its command, its health.

    `command` is given the environment's folder of programs, a port, and a folder to write settings to.
    """

    pins: str
    command: Callable[[Path, int, Path], Sequence[str]]
    health: str
    opens_pickle: bool = False


def _fastapi(design: str) -> Callable[[Path, int, Path], Sequence[str]]:
    module = "scripts.benchmarks.contenders_fastapi"
    return lambda programs, port, _: [str(programs / "python"), "-m", module, design, str(port)]


def _bentoml(programs: Path, port: int, _: Path) -> Sequence[str]:
    service = "scripts.benchmarks.contenders_bentoml:Scoring"
    return [str(programs / "bentoml"), "serve", service, "--host", "127.0.0.1", "--port", str(port)]


def _mlserver(programs: Path, port: int, folder: Path) -> Sequence[str]:
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    # No second process: it would only pass on what it is sent.
    settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, "access_log": False, **ports}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    model = {"name": "scoring", "implementation": _MLSERVER}
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    return [str(programs / "mlserver"), "start", str(folder)]


OURS = "scoreroom"
CONTENDERS: Mapping[str, Contender] = {
    OURS: Contender("", lambda _, port, __: service_command(port), "/health/ready"),
    "report": Contender("contenders.txt", _fastapi("report"), "/ready", opens_pickle=True),
    "fastapi": Contender("contenders.txt", _fastapi("bare"), "/ready"),
    "bentoml": Contender("contenders.txt", _bentoml, "/readyz"),
    "mlserver": Contender("contenders_mlserver.txt", _mlserver, "/v2/health/ready"),
}


def measure_contenders(
    settings: Settings,
    *,
    seconds: float,
    connections: Sequence[int] = CONNECTIONS,
    names: Sequence[str] = tuple(CONTENDERS),
    say: Say = silent,
) -> dict[str, object]:
    """Latencies, throughput and memory of each contender under the same load; `skipped` says why one is left out.

    `memory_mb` is what its processes hold after the load, what they share counted in each, and `server_us` their
    processor time for a request. Before and after the load, each body's answer is compared.

    Raises:
        ContenderError: a PD differs from the session's by more than 1e-6.
        LoadToolError: there is no wrk, or it failed.
    """
    bodies = Bodies.read(settings)
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="scoreroom-contenders-") as folder:
        sent = Path(folder) / "bodies.jsonl"
        sent.write_text("\n".join(bodies.texts), encoding="utf-8")
        for name in names:
            say(name)
            if CONTENDERS[name].opens_pickle and not settings.allow_pickle:
                figures[name] = {"skipped": _NO_PICKLE}
                continue
            try:
                figures[name] = _measure(name, bodies, sent, seconds, connections, say)
            except (PinsError, ServerError) as error:
                figures[name] = {"skipped": " ".join(str(error).split())[:400]}
    return figures


def _measure(
    name: str, bodies: Bodies, sent: Path, seconds: float, connections: Sequence[int], say: Say
) -> dict[str, object]:
    contender, port = CONTENDERS[name], free_port()
    programs = environment(_PINS / contender.pins, say) if contender.pins else Path(sys.executable).parent
    figures: dict[str, object] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scoreroom-contender-")))
        command = contender.command(programs, port, folder)
        server = stack.enter_context(
            serving(command, port, contender.health, PYTHONPATH=str(ROOT), BENTOML_DO_NOT_TRACK="True")
        )
        check_answers(name, server.address, bodies)
        for n in connections:
            say(f"{name}: {n} connections, {seconds:g} s")
            figures[str(n)] = _load(server, sent, n, seconds)
        check_answers(name, server.address, bodies)
        figures["memory_mb"] = round(sum(rss_mb(process) for process in family(server.process.pid)))
    return figures


def _load(server: Server, sent: Path, connections: int, seconds: float) -> dict[str, object]:
    url = f"{server.address}{ROUTE}"
    run_load(url, sent, connections=connections, seconds=WARM_UP_S)
    before = _processor_s(server)
    load = run_load(url, sent, connections=connections, seconds=seconds)
    taken = _processor_s(server) - before
    return load.figures() | {"server_us": round(1e6 * taken / max(load.requests, 1))}


def _processor_s(server: Server) -> float:
    return sum(processor_s(process) or 0.0 for process in family(server.process.pid))


def check_answers(name: str, address: str, bodies: Bodies) -> None:
    """Raise ContenderError where a body is not answered with its PD."""
    with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
        for position, (text, pd) in enumerate(zip(bodies.texts, bodies.probabilities, strict=True)):
            answer = client.post(ROUTE, content=text, headers={"Content-Type": "application/json"})
            said = answer.json().get("default_probability") if answer.status_code == httpx.codes.OK else None
            # Written so that NaN is refused as well.
            if said is None or not abs(said - pd) <= TOLERANCE:
                raise ContenderError(
                    f"{name}: body {position} is answered {answer.status_code} {answer.text[:300]}; its PD is {pd}"
                )


def environment(pins: Path, say: Say = silent) -> Path:
    """The folder of programs of an environment that holds what `pins` names; made when first asked for.

    Raises:
        PinsError: it could not be made; the text says why and what to do.
    """
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "scoreroom" / f"{pins.stem}-{digest}"
    programs, whole = place / "bin", place / ".whole"
    if not whole.exists():
        say(f"installing {pins.name} into {place}")
        install = [
            str(programs / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--only-binary",
            ":all:",
            "-r",
            str(pins),
        ]
        try:
            venv.create(place, clear=True, with_pip=True)
            ended = subprocess.run(install, capture_output=True, text=True, check=False)  # noqa: S603
        except OSError as error:
            raise PinsError(f"{place} could not be made ({error}); free that place and run again.") from error
        if ended.returncode:
            reason = next(iter(ended.stderr.strip().splitlines()[-1:]), f"pip ended with code {ended.returncode}")
            raise PinsError(f"{pins.name} could not be installed ({reason}); run again with a package index.")
        whole.touch()
    return programs


def family(process: int) -> list[int]:
    """A process and all that descend from it."""
    parents = [tuple(map(int, line.split())) for line in _ps("-A", "-o", "pid=,ppid=")]
    found = [process]
    for ancestor in found:
        found += [child for child, parent in parents if parent == ancestor]
    return found


def rss_mb(process: int) -> float:
    """Memory of a process that is held in RAM, in MB of 1,000,000 bytes; 0 once it has ended."""
    return sum(int(line) * 1024 / 1e6 for line in _ps("-p", str(process), "-o", "rss="))


def _ps(*arguments: str) -> Iterator[str]:
    shown = subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return iter(shown.stdout.splitlines())
