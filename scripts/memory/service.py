"""Measure the scoring service's memory under hostile bodies, one at a time and four at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx
import polars as pl

from data.home_credit.embedded import TARGET
from data.settings import load_settings
from scripts._measure import Say
from scripts.benchmarks.server import free_port, serve, service_command
from scripts.memory.bodies import BODIES, Body
from scripts.memory.watch import Weight, weighed

AT_ONCE = 4
_PATIENCE_S = 120.0


async def study_service(folder: Path, say: Say) -> list[str]:
    """Lines of a Markdown table: each body alone and then four at once, on one and the same service.

    Bodies that were made before are taken out of `folder`, where new ones are kept.
    """
    frame = pl.read_parquet(load_settings().applications).drop(TARGET)
    lines = ["| body | MB | at once | statuses | before | peak | after |", "|---|---|---|---|---|---|---|"]
    port = free_port()
    async with serve(service_command(port), port, "/health/ready") as server:
        pid = server.process.pid
        for body in BODIES:
            say(body.name)
            content = await asyncio.to_thread(_made, folder, body, frame)
            for number in (1, AT_ONCE):
                statuses, weight = await _sent(pid, server.address, [(body.media_type, content)] * number)
                listed = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
                lines.append(f"| {body.name} | {len(content) / 1e6:,.1f} | {number} | {listed} | {weight.row()} |")
                print(lines[-1], flush=True)
    return lines


def _made(folder: Path, body: Body, frame: pl.DataFrame) -> bytes:
    path = folder / "".join(letter if letter.isalnum() else "-" for letter in body.name)
    if not path.exists():
        path.write_bytes(body.make(frame))
    return path.read_bytes()


async def _sent(pid: int, address: str, bodies: Sequence[tuple[str, bytes]]) -> tuple[Counter[str], Weight]:
    async with httpx.AsyncClient(base_url=address, timeout=_PATIENCE_S, trust_env=False) as client:

        async def send(media_type: str, content: bytes) -> str:
            try:
                answer = await client.post("/v1/score/batch", content=content, headers={"content-type": media_type})
            except httpx.HTTPError as error:
                return type(error).__name__
            return str(answer.status_code)

        with weighed(pid) as weight:
            statuses = Counter(await asyncio.gather(*(send(*body) for body in bodies)))
    return statuses, weight
