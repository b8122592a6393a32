"""Attack everything for a long time and print what became of it: fuzz, damage, kills, memory, foreign hosts, analysts.

Usage: python -m scripts.torture [PART ...] [--minutes 60] [--requests 13800] [--seed 13] [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from data.settings import ROOT, Settings, load_settings
from data.store.storage import write_atomically
from scripts._cli import BAD_INPUT, run, telling

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: minutes of analysts, hostile requests in all, the seed, a folder for logs."""

    settings: Settings
    minutes: float
    requests: int
    seed: int
    folder: Path


def _service(plan: Plan, say: Say) -> Mapping[str, Any]:
    from tests.hostile import service_fuzz

    n = plan.requests // 2
    return service_fuzz.run(plan.settings, plan.folder, requests=n, seed=plan.seed, say=say).to_json()


def _dashboard(plan: Plan, say: Say) -> Mapping[str, Any]:
    from tests.hostile import dashboard_fuzz

    n = plan.requests // 4
    return dashboard_fuzz.run(plan.settings, plan.folder, requests=n, seed=plan.seed, say=say).to_json()


def _files(plan: Plan, say: Say) -> Mapping[str, Any]:
    from tests.hostile import file_fuzz

    n = plan.requests - plan.requests // 2 - plan.requests // 4
    return file_fuzz.run(plan.settings, plan.folder, requests=n, seed=plan.seed, say=say).to_json()


def _analysts(plan: Plan, say: Say) -> Mapping[str, Any]:
    from tests.hostile import analysts

    return analysts.run(plan.settings, plan.folder, minutes=plan.minutes, seed=plan.seed, say=say)


def _foreign(plan: Plan, say: Say) -> Mapping[str, Any]:
    from scripts.benchmarks.server import HEALTH, dashboard_command, free_port, serving
    from tests.hostile.dashboard_fuzz import foreign

    port = free_port()
    say("foreign hosts and origins")
    with serving(dashboard_command(port), port, HEALTH, plan.folder / "foreign.log") as server:
        begun = time.monotonic()
        let_in = foreign(port)
        taken = time.monotonic() - begun
        healthy = server.is_healthy()
    problems = [*let_in, *([] if healthy else ["the server is not healthy afterwards"])]
    return {"requests": 4, "seconds": round(taken, 2), "problems": problems, "n_problems": len(problems)}


def _script(module: str, *arguments: str) -> Callable[[Plan, Say], Mapping[str, Any]]:
    """A study of its own, as a process: its exit code says whether the promise held, its output what it counted."""

    def part(plan: Plan, say: Say) -> Mapping[str, Any]:
        say(module)
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        (plan.folder / f"{'-'.join((module, *arguments))}.log").write_text(done.stdout, encoding="utf-8")
        return {
            "exit_code": done.returncode,
            "says": done.stdout.splitlines()[-40:],
            "n_problems": int(done.returncode != 0),
        }

    return part


PARTS: Mapping[str, Callable[[Plan, Say], Mapping[str, Any]]] = {
    "service": _service,
    "dashboard": _dashboard,
    "files": _files,
    "foreign": _foreign,
    "damage": _script("scripts.study_damage"),
    "kills": _script("scripts.study_kills"),
    "memory-service": _script("scripts.study_memory", "service"),
    "memory-dashboard": _script("scripts.study_memory", "dashboard"),
    "offline": _script("scripts.check_offline"),
    "analysts": _analysts,
}


def main() -> None:
    """Read the arguments, run the parts, print one table, write the JSON; exit code 1 where a promise broke."""
    arguments = _parse()
    with tempfile.TemporaryDirectory(prefix="torture-") as scratch:
        folder = arguments.logs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(load_settings(), arguments.minutes, arguments.requests, arguments.seed, folder)
        results: dict[str, Mapping[str, Any]] = {}
        for name in arguments.parts or PARTS:
            begun = time.monotonic()
            with telling(name) as say:
                result = PARTS[name](plan, say)
            results[name] = {**result, "took_s": round(time.monotonic() - begun, 1)}
    if arguments.json is not None:
        document = {"seed": plan.seed, "minutes": plan.minutes, "requests": plan.requests, "parts": results}
        with write_atomically(arguments.json) as beside:
            beside.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(results)
    sys.exit(any(result["n_problems"] for result in results.values()))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.torture", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to run (all): {', '.join(PARTS)}")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long ten analysts work (%(default)g)")
    parser.add_argument("--requests", type=int, default=13_800, help="hostile requests, frames and files (%(default)s)")
    parser.add_argument("--seed", type=int, default=13, help="what all chance is drawn from (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where to write the figures")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="where the servers' logs are kept (nowhere)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.parts if name not in PARTS]
    if unknown:
        print(f"There is no part called {unknown[0]}; the parts are {', '.join(PARTS)}.", file=sys.stderr)
        sys.exit(BAD_INPUT)
    return arguments


def _print(results: Mapping[str, Mapping[str, Any]]) -> None:
    table = Table("Part", "Figure", "Value")
    for name, result in results.items():
        table.add_section()
        for key, value in result.items():
            if value not in ([], {}, None):
                table.add_row(name, key.replace("_", " "), _worded(value))
    Console(width=None if sys.stdout.isatty() else 140, markup=False).print(table)


def _worded(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {amount:,}" for name, amount in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    run(main)
