"""Models of every kind in the real service, by name and as the champion, against their own libraries."""

from __future__ import annotations

import io
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
import xgboost as xgb
from catboost import CatBoostClassifier
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from data.settings import Settings, load_settings
from inference.bringing.importing import Order, bring_model
from inference.inventory import challenger
from inference.inventory.entry import CHAMPION, ModelKind
from inference.inventory.store import delete, folder_of_model, list_models, open_model
from inference.scorecard.card import read_card
from inference.service.keys import add_key
from scripts import calibrate, promote
from tests.conftest import silent
from tests.inference.bringing.test_importing import Matrix, Target, pipeline
from tests.inference.service.conftest import Running, running
from tests.inference.service.test_models import wait_for

N_ASKED = 40
TARGET_RATE = 0.2
# Whether each has trees of its own that explain it.
EXPLAINS = {"scorecard": True, "boosted": True, "shifted": True, "cat": True, "pipe": False, "table": False}
kinds = pytest.mark.parametrize("name", EXPLAINS)


@dataclass(frozen=True)
class Place:
    """A portfolio with a model of each kind, and what each one's own library gives every row."""

    settings: Settings
    native: Mapping[str, NDArray[Any]]
    rows: pl.DataFrame


def command(patch: pytest.MonkeyPatch, script: ModuleType, *arguments: str) -> None:
    patch.setattr(sys, "argv", [script.__name__, *arguments])
    with redirect_stdout(io.StringIO()):
        script.main()


def import_all(settings: Settings, folder: Path, matrix: Matrix, target: Target) -> dict[str, NDArray[Any]]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    data = xgb.DMatrix(matrix, target, feature_names=["income", "amount", "age", "shop"])
    boosted = xgb.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, data, 20)
    boosted.save_model(folder / "boosted.ubj")
    cat = CatBoostClassifier(iterations=20, depth=4, verbose=0, thread_count=1, allow_writing_files=False)
    cat.fit(matrix, target).save_model(str(folder / "cat.cbm"))
    pipe, frame = pipeline(target, settings)
    skops.io.dump(pipe, folder / "pipe.skops")
    linear = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(matrix, target)
    made = to_onnx(linear, initial_types=[("x", FloatTensorType([None, 4]))], options={"zipmap": False})
    (folder / "table.onnx").write_bytes(made.SerializeToString())
    for path in sorted(folder.iterdir()):
        bring_model(settings, Order(path, path.stem, in_order=path.stem == "cat"))
    return {
        "boosted": boosted.predict(data),
        "cat": cat.predict_proba(matrix)[:, 1],
        "pipe": pipe.predict_proba(frame)[:, 1],
        "table": linear.predict_proba(matrix)[:, 1],
    }


def shifted(pds: NDArray[Any]) -> NDArray[np.float64]:
    """PDs whose log-odds are moved until their mean is the target."""
    log_odds = logit(pds.astype(np.float64))
    shift = brentq(lambda shift: expit(log_odds + shift).mean() - TARGET_RATE, -9, 9, xtol=1e-12)
    return np.asarray(expit(log_odds + shift))


def by_points(settings: Settings, applications: pl.DataFrame) -> NDArray[np.float64]:
    """What the scorecard's table says: the log-odds of each application's bins, and those of the intercept."""
    card, features = read_card(folder_of_model(settings, "scorecard")), open_model(settings, "scorecard").features
    assert card is not None
    rows = features.matrix(applications)
    log_odds = [card.intercept + sum(line.log_odds for _, line in card.lines(features, row)) for row in rows]
    return np.asarray(expit(log_odds))


@pytest.fixture(scope="module")
def place(
    built_loans: Settings, matrix: Matrix, target: Target, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("served")
    assert built_loans.portfolio is not None
    folder = shutil.copytree(built_loans.portfolio, root / "loans")
    (root / "files").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOREROOM_PORTFOLIO", str(folder))
        settings = load_settings()
        # Tests of other files leave models in the portfolio that they share.
        for entry in list_models(settings):
            if not entry.is_champion:
                delete(settings, entry.name)
        native = import_all(settings, root / "files", matrix, target)
        challenger.train_challenger(settings, challenger.Order(ModelKind.SCORECARD, "scorecard"), silent)
        command(
            patch, calibrate, "--model=boosted", "--method=target", f"--target-rate={TARGET_RATE}", "--name=shifted"
        )
        applications = pl.read_parquet(settings.applications)
        native |= {"scorecard": by_points(settings, applications), "shifted": shifted(native["boosted"])}
        native[CHAMPION] = open_model(settings, CHAMPION).score_frame(applications)
        yield Place(settings, native, applications.drop("status"))


@pytest.fixture(scope="module")
def service(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The service on that portfolio, whose client may ask for everything."""
    root = tmp_path_factory.mktemp("service")
    key = add_key(root / "keys", "all", scopes=frozenset({"score", "batch", "explain", "model", "champion"}))
    folder = str(place.settings.portfolio)
    with running(root / "log", PORTFOLIO=folder, API_KEYS=str(root / "keys"), API_DRAIN_SECONDS="0") as started:
        started.client.headers["Authorization"] = f"Bearer {key}"
        yield started
        assert started.events("fault") == []


def check_answers(service: Running, place: Place, name: str, asked: Mapping[str, str], *, explains: bool) -> None:
    """Whoever answers, alone, in batches and with reasons, it is the model of this name."""
    client, expected = service.client, place.native[name]
    applications = place.rows.head(N_ASKED).to_dicts()
    alone = [client.post("/v1/score", params=asked, json={"application": each}).json() for each in applications]
    batch = client.post("/v1/score/batch", params=asked, json={"applications": applications}).json()["scores"]
    sent: dict[str, Any] = {"content": place.rows.write_csv().encode(), "headers": {"content-type": "text/csv"}}
    table = pl.read_csv(client.post("/v1/score/batch", params=asked, **sent).content)
    for found in ([each["default_probability"] for each in answers] for answers in (alone, batch)):
        np.testing.assert_allclose(found, expected[:N_ASKED], rtol=0, atol=2e-7)
    np.testing.assert_allclose(table["default_probability"], expected, rtol=0, atol=2e-7)
    assert {each["model"] for each in alone} == {asked.get("model", CHAMPION)}
    answer = client.post("/v1/explain", params=asked, json={"application": applications[0]})
    if explains:
        told = answer.json()
        np.testing.assert_allclose(expit(told["log_odds"]), expected[0], rtol=0, atol=2e-7)
        adds = sum(each["log_odds"] for each in told["contributions"])
        assert told["base_log_odds"] + adds == pytest.approx(told["log_odds"], abs=1e-9)
    else:
        assert answer.status_code == 409
        assert "has no trees that would explain it" in answer.json()["detail"]


def listed(service: Running) -> dict[str, Any]:
    told = service.client.get("/v1/models").json()
    assert told["faults"] == []
    return {each["name"]: each for each in told["models"]}


@kinds
def test_by_its_name_a_model_answers_as_its_own_library_does(service: Running, place: Place, name: str) -> None:
    assert listed(service).keys() >= {CHAMPION, *EXPLAINS}
    assert listed(service)[name]["explains"] == EXPLAINS[name]
    check_answers(service, place, name, {"model": name}, explains=EXPLAINS[name])


@kinds
def test_as_the_champion_it_answers_everybody_until_the_one_before_is_back(
    service: Running, place: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = service.client.get("/health/ready").json()["model_sha256"]
    check_answers(service, place, CHAMPION, {}, explains=True)
    promoted = service.client.post(f"/v1/models/{name}/champion")
    assert promoted.status_code == 200, promoted.text
    first = listed(service)[CHAMPION]
    assert (first["model_sha256"], first["explains"]) == (promoted.json()["model_sha256"], EXPLAINS[name])
    ready = service.client.get("/health/ready").json()["explanations"]
    assert ready == ("ready" if EXPLAINS[name] else "unavailable")
    check_answers(service, place, name, {}, explains=EXPLAINS[name])
    (kept,) = listed(service).keys() - {CHAMPION, *EXPLAINS}
    command(monkeypatch, promote, kept)
    service.process.send_signal(signal.SIGHUP)
    wait_for(service, lambda told: told["model_sha256"] == before)
    check_answers(service, place, CHAMPION, {}, explains=True)
