"""The dashboard's health: artefacts, memory, version, visits; 503 where it cannot show what it is for."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard import cache
from dashboard.server import artefacts
from dashboard.server.health import Health, product_version
from data.settings import Settings
from inference.model.artifact import MANIFEST, ONNX, TEXT, Manifest

MEGABYTE = 1_000_000


def ask(health: Health, times: int = 1) -> list[httpx.Response]:
    """Answers to so many requests at once."""
    app = Starlette(routes=[Route("/health", health.answer)])

    async def asked() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
            return await asyncio.gather(*(client.get("/health") for _ in range(times)))

    # In a thread of its own: another test may have left Playwright's loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(asked())).result()


def states(answer: httpx.Response) -> dict[str, str]:
    return {name: found["state"] for name, found in answer.json()["artefacts"].items()}


def test_it_says_what_is_shown_and_by_which_model(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, dataset = copied
    (answer,) = ask(Health(settings))
    told = answer.json()
    manifest = Manifest.load(settings.model)
    assert (answer.status_code, told["status"], told["version"]) == (200, "ready", product_version())
    assert set(states(answer).values()) == {"ok"}
    assert told["artefacts"]["model"]["sha256"] == manifest.files[ONNX].sha256
    assert told["artefacts"]["model"]["data_sha256"] == manifest.training_data_sha256
    assert told["artefacts"]["predictions"]["digest"] == dataset.digest
    for found in told["artefacts"].values():
        assert datetime.now(UTC) - datetime.fromisoformat(found["built"]) < timedelta(days=1)
    assert MEGABYTE < told["memory"]["rss_bytes"] < 100_000 * MEGABYTE
    assert (told["sessions"], told["uptime_seconds"] < 60) == (0, True)
    # Nothing that is this machine's or a person's.
    assert str(settings.model.parent) not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_missing_or_damaged_is_seen_at_the_next_look(copied: tuple[Settings, cache.Dataset]) -> None:
    settings, _ = copied
    health = Health(settings)
    ask(health)
    content = bytearray((settings.model / ONNX).read_bytes())
    content[len(content) // 2] ^= 1
    (settings.model / ONNX).write_bytes(content)
    settings.applications.write_bytes(b"PAR1")
    (answer,) = ask(health)
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert states(answer) == {
        "model": "damaged",
        "predictions": "ok",
        "applications": "damaged",
        "contributions": "ok",
    }
    manifest = orjson.loads((settings.model / MANIFEST).read_bytes())
    manifest["files"][TEXT]["sha256"] = "0" * 64
    (settings.model / MANIFEST).write_bytes(orjson.dumps(manifest))
    settings.predictions.unlink()
    (answer,) = ask(health)
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert states(answer) == {
        "model": "damaged",
        "predictions": "missing",
        "applications": "damaged",
        "contributions": "of another model",
    }


def test_imported_predictions_are_what_counts(copied: tuple[Settings, cache.Dataset], tmp_path: Path) -> None:
    settings, _ = copied
    settings.predictions.unlink()
    path = tmp_path / "theirs.csv"
    path.write_text("y,p\n0,0.1\n")
    assert ask(Health(settings, imported=path))[0].status_code == 200
    path.unlink()
    assert ask(Health(settings, imported=path))[0].status_code == 503


def test_a_disk_that_hangs_keeps_nobody_waiting_for_long(
    copied: tuple[Settings, cache.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = copied
    released, looks = threading.Event(), []

    def hang(paths: Any) -> Any:
        looks.append(paths)
        released.wait(30)
        return ()

    monkeypatch.setattr(artefacts, "version_of", hang)
    monkeypatch.setattr("dashboard.server.health._PATIENCE_S", 0.2)
    answers = ask(Health(settings), times=5)
    n_looks = len(looks)
    released.set()
    assert {answer.status_code for answer in answers} == {503}
    assert [answer.json()["artefacts"] for answer in answers] == [None] * 5
    # They waited for one look together.
    assert n_looks == 1
