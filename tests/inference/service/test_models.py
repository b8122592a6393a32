"""A newly published model is taken up while requests are answered, each by one model, which it names."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import polars as pl
import pytest

from data.home_credit import embedded
from data.settings import Settings
from data.store.records import MODEL, FileRecord, keep
from data.store.storage import write_atomically
from inference.explain.explainer import Explainer
from inference.model.artifact import MANIFEST, ONNX, TEXT, Manifest
from inference.model.build import PublishedModel
from inference.model.export import export_onnx
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES
from tests.inference.service.conftest import copied

if TYPE_CHECKING:
    from tests.inference.service.conftest import Running, Start

PATIENCE_S = 60


def publish(source: Path, settings: Settings) -> None:
    """Publish a copy of the model in `source` as a build does, which records it last."""
    with write_atomically(settings.model) as beside:
        shutil.copytree(source, beside)
    keep(settings, MODEL, [path.name for path in source.iterdir()], {})


def wait_for(service: Running, is_so: Callable[[Mapping[str, Any]], object]) -> Mapping[str, Any]:
    """What `/health/ready` says as soon as it says what is waited for."""
    until = time.monotonic() + PATIENCE_S
    while not is_so(found := service.client.get("/health/ready").json()):
        assert time.monotonic() < until, found
        time.sleep(0.02)
    return dict(found)


def is_refused_for(reason: str, told: Mapping[str, Any]) -> bool:
    return told["refused"] is not None and reason in told["refused"]["reason"]


def digest(session: ScoringSession) -> str:
    return session.manifest.files[session.backend].sha256


@pytest.fixture
def place(built: Settings, tmp_path: Path) -> Settings:
    """A copy of the built portfolio, where another model is published."""
    return copied(built, tmp_path)


@dataclass
class Caller:
    """Sends one request after another until it is told to stop."""

    base_url: httpx.URL
    route: str
    sent: Mapping[str, Any]
    stop: threading.Event
    answers: list[httpx.Response] = field(default_factory=list)

    def run(self) -> None:
        with httpx.Client(base_url=self.base_url, timeout=PATIENCE_S, trust_env=False) as client:
            while not self.stop.is_set():
                self.answers.append(client.post(self.route, **self.sent))


def test_a_new_model_is_taken_up_without_losing_or_mixing_an_answer(
    start: Start, built: Settings, published: PublishedModel, place: Settings, table: pl.DataFrame
) -> None:
    rows = table.head(200)
    first, second = (
        ScoringSession.open(built.model, embedded.DEFINITION),
        ScoringSession.open(published.directory, embedded.DEFINITION),
    )
    assert digest(first) != digest(second)
    sessions = {digest(each): each for each in (first, second)}
    application = rows.row(0, named=True)
    one = {"json": {"application": application}}
    csv = {"content": rows.write_csv().encode(), "headers": {"content-type": "text/csv"}}
    stop = threading.Event()
    with start(MODEL=str(place.model), PROCESSED=str(place.processed)) as service, ThreadPoolExecutor(4) as pool:
        wait_for(service, lambda told: told["explanations"] == "ready")
        before = service.client.get("/v1/model").json()
        caller = partial(Caller, service.client.base_url, stop=stop)
        alone = [caller("/v1/score", one), caller("/v1/score", one)]
        batches, explained = caller("/v1/score/batch", csv), caller("/v1/explain", one)
        callers = [*alone, batches, explained]
        running = [pool.submit(each.run) for each in callers]
        try:
            publish(published.directory, place)
            wait_for(service, lambda told: told["model_sha256"] == digest(second))
            enough = [len(each.answers) + 20 for each in callers]
            while any(len(each.answers) < n for each, n in zip(callers, enough, strict=True)):
                time.sleep(0.02)
                assert not any(each.done() for each in running)
        finally:
            stop.set()
        for each in running:
            each.result()
        after = service.client.get("/v1/model").json()
        metrics = service.client.get("/metrics").text
        service.stop()
    assert (before["model_sha256"], after["model_sha256"]) == (digest(first), digest(second))
    assert before["in_service_since"] < after["in_service_since"]
    assert f'scoreroom_model_info{{backend="model.onnx",sha256="{digest(second)}"}} 1.0' in metrics
    assert {answer.status_code for each in callers for answer in each.answers} == {200}
    assert sum(len(each.answers) for each in alone) > 200
    for sender in alone:
        told = [answer.json() for answer in sender.answers]
        assert {answer["model_sha256"] for answer in told} == sessions.keys()
        for answer in told:
            assert answer["default_probability"] == sessions[answer["model_sha256"]].score(application)
    scored = {name: session.score_frame(rows).tolist() for name, session in sessions.items()}
    assert {answer.headers["x-scoreroom-model"] for answer in batches.answers} == sessions.keys()
    for answer in batches.answers:
        found = pl.read_csv(answer.content, schema_overrides={"default_probability": pl.Float32})
        assert found["default_probability"].to_list() == scored[answer.headers["x-scoreroom-model"]]
    # Contributions of the second model were never stored; its reasons are its own trees' all the same.
    base = {digest(first): built.model, digest(second): published.directory}
    told = [answer.json() for answer in explained.answers]
    assert {answer["model_sha256"] for answer in told} == sessions.keys()
    for answer in told:
        name = answer["model_sha256"]
        assert answer["default_probability"] == sessions[name].score(application)
        if answer is told[0] or answer is told[-1]:
            explanation = Explainer.open(base[name], {}, FEATURES).explain(application)
            assert (answer["base_log_odds"], answer["log_odds"]) == (explanation.base, explanation.log_odds)
    requests = [line for line in service.events() if line["route"] in {each.route for each in callers}]
    assert len(requests) == sum(len(each.answers) for each in callers)
    in_service = [line["model_sha256"] for line in service.events("model_in_service")]
    assert in_service == [digest(first), digest(second)]
    assert service.events("fault") == []


def damaged(folder: Path) -> None:
    content = bytearray((folder / ONNX).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / ONNX).write_bytes(content)


def of_other_features(folder: Path) -> None:
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_bytes(orjson.dumps({**manifest, "features_sha256": "0" * 64}))


def that_scores_nothing(folder: Path) -> None:
    import lightgbm as lgb

    # A graph of another width, under a manifest that vouches for it.
    booster = lgb.Booster(model_file=str(folder / TEXT))
    graph = export_onnx(booster, booster.num_feature() + 1, {})
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    record = FileRecord.of(graph)
    manifest["files"][ONNX] = {"sha256": record.sha256, "size": record.size}
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest))
    (folder / ONNX).write_bytes(graph)


def no_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"{")


def test_what_is_damaged_or_unfit_is_refused_and_the_model_in_service_stays(
    start: Start, built: Settings, published: PublishedModel, place: Settings, tmp_path: Path, table: pl.DataFrame
) -> None:
    first = ScoringSession.open(built.model, embedded.DEFINITION)
    application = table.row(0, named=True)
    cases = {
        damaged: "is not the file that was published",
        of_other_features: "was trained on another feature list",
        that_scores_nothing: "it is no model",
        no_manifest: "it is not JSON",
    }
    with start(MODEL=str(place.model), PROCESSED=str(place.processed)) as service:
        assert wait_for(service, lambda told: told["explanations"] == "ready")["refused"] is None
        since = service.client.get("/v1/model").json()["in_service_since"]
        for spoil, said in cases.items():
            bad = Path(shutil.copytree(published.directory, tmp_path / spoil.__name__))
            spoil(bad)
            publish(bad, place)
            # Asked by a signal, it does not wait for its next looks.
            service.process.send_signal(signal.SIGHUP)
            told = wait_for(service, partial(is_refused_for, said))
            assert (told["status"], told["model_sha256"], told["explanations"]) == ("ready", digest(first), "ready")
            assert told["in_service_since"] == since
            answer = service.client.post("/v1/score", json={"application": application}).json()
            assert answer["default_probability"] == first.score(application)
        refused = service.events("model_refused")
        assert {line["level"] for line in refused} == {"warning"}
        assert f"scoreroom_models_refused_total {len(refused)}.0" in service.client.get("/metrics").text
        # A whole one ends it, without a signal and without another word.
        publish(published.directory, place)
        told = wait_for(service, lambda told: told["refused"] is None)
        assert told["model_sha256"] == Manifest.load(published.directory).files[ONNX].sha256
        assert service.stop() == 0
