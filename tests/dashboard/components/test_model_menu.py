"""The model on the screen: offered where there are several, kept in the link, refused where it is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk
from streamlit.testing.v1 import AppTest

from dashboard import cache
from data.settings import Settings
from tests.dashboard import sent_figures
from tests.dashboard.challengers import add_scores

OpenPage = Callable[..., AppTest]
Copied = tuple[Settings, cache.Dataset]


@pytest.fixture(name="pds")
def fixture_pds(copied: Copied) -> np.ndarray:
    """The PDs of a model called flat, which is added to the portfolio."""
    own = pl.read_parquet(copied[0].predictions)["default_probability"].to_numpy()
    pds = np.round(np.clip(own[::-1] * 0.5 + own * 0.5, 0.0, 1.0), 5)
    add_scores(copied[0], "flat", pds)
    return pds


def texts(app: AppTest) -> str:
    return "\n".join(str(each.proto.body) for each in app.get("html"))


def cards(app: AppTest) -> dict[str, Any]:
    return {metric.label: metric for metric in app.main.metric}


def menu(app: AppTest) -> list[str]:
    """The labels of the buttons of the menu of models, once it is open."""
    app.session_state["models"] = True
    app.run()
    return [button.label for button in app.button if str(button.key).startswith("bar.model.")]


def test_with_one_model_nothing_is_offered(open_page: OpenPage) -> None:
    app = open_page("discrimination")
    box = next(box for box in app.selectbox if box.label == "Compare with")
    assert not any("champion" in option for option in box.options)
    assert menu(app) == []


def test_a_link_shows_a_model_on_pages_of_the_cohort(pds: np.ndarray, frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("discrimination", {"model": "flat", "f.CODE_GENDER": "F"})
    women = (frame["CODE_GENDER"].cast(pl.String) == "F").to_numpy()
    outcome = frame["is_default"].to_numpy()
    auc = sk.roc_auc_score(outcome[women], pds[women])
    assert float(cards(app)["ROC AUC"].value) == pytest.approx(auc, abs=5.1e-4)
    assert "<span>flat, score</span>" in texts(app)
    assert any("PDs are of flat, out of fold" in caption.value for caption in app.main.caption)
    assert app.query_params["model"] == "flat"
    assert "cannot score edited" in " ".join(each.value for each in open_page("model-card", {"model": "flat"}).info)


def test_a_click_in_the_menu_shows_another_model(pds: np.ndarray, frame: pl.DataFrame, open_page: OpenPage) -> None:
    app = open_page("discrimination")
    assert menu(app) == [
        "**Champion** :small[:gray[LightGBM, out of fold]]",
        "**flat** :small[:gray[score, out of fold]]",
    ]
    app.button(key="bar.model.flat").click().run()
    assert app.query_params["model"] == "flat"
    auc = sk.roc_auc_score(frame["is_default"].to_numpy(), pds)
    assert float(cards(app)["ROC AUC"].value) == pytest.approx(auc, abs=5.1e-4)
    app.button(key="bar.model.champion").click().run()
    assert "model" not in app.query_params


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"model": "gone"}, "There is no model called 'gone'; there are champion, flat. The champion is shown."),
        ({"against": "~model.gone"}, "There is no model called gone to compare with."),
    ],
)
def test_a_model_that_is_not_there_is_refused(
    query: dict[str, str], said: str, pds: np.ndarray, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = open_page("discrimination", query)
    assert any(said in info.value.replace("\\", "") for info in app.main.info)
    assert not {"model", "against"} & app.query_params.keys()
    auc = sk.roc_auc_score(frame["is_default"].to_numpy(), frame["default_probability"].to_numpy())
    assert float(cards(app)["ROC AUC"].value) == pytest.approx(auc, abs=1.5e-3)


def test_cards_set_two_models_against_each_other_over_the_same_rows(
    pds: np.ndarray, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    app = open_page("discrimination", {"against": "~model.flat"})
    outcome, own = frame["is_default"].to_numpy(), frame["default_probability"].to_numpy()
    other = sk.average_precision_score(outcome, pds)
    said = cards(app)["Average precision"].proto.delta_description.replace("\u00a0", " ").replace("**", "")
    value = sk.average_precision_score(outcome, own) - other
    assert said.startswith(f"flat: {other:.3f}; {'−' if value < 0 else '+'}{abs(value):.3f}")
    assert f"Both models judge the same {frame.height:,} applications." in " ".join(m.value for m in app.main.markdown)
    # The shown model cannot be compared with itself.
    box = next(box for box in app.selectbox if box.label == "Compare with")
    assert [option for option in box.options if option in ("vs flat", "vs champion")] == ["vs flat"]


@pytest.mark.parametrize("path", ["", "calibration", "explanation", "stability", "segments", "cutoff", "applications"])
@pytest.mark.parametrize("query", [{"model": "flat", "against": "~model.champion", "f.CODE_GENDER": "F"}])
def test_every_page_of_a_cohort_opens_with_two_models(
    path: str, query: dict[str, str], pds: np.ndarray, open_page: OpenPage
) -> None:
    app = open_page(path, query)
    assert app.query_params["against"] == "~model.champion"
    assert not [error.value for error in app.error]
    assert "Cohort" not in legends(app)


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("discrimination", {}),
        ("discrimination", {"disc.tab": "Lift and gain"}),
        ("calibration", {}),
        ("calibration", {"cal.tab": "Risk bands"}),
        ("cutoff", {"cutoff.tab": "Costs"}),
    ],
)
def test_each_curve_carries_the_name_of_its_model(
    path: str, tab: dict[str, str], pds: np.ndarray, open_page: OpenPage
) -> None:
    app = open_page(path, {"model": "flat", "against": "~model.champion", **tab})
    assert {"flat", "champion"} <= legends(app)
    assert "Cohort" not in legends(app)


def test_the_table_of_differences_of_calibration_names_both_models(pds: np.ndarray, open_page: OpenPage) -> None:
    app = open_page("calibration", {"against": "~model.flat", "cal.tab": "Significance tests"})
    assert any(each.value.startswith("| Figure | champion | flat |") for each in app.main.markdown)


def legends(app: AppTest) -> set[str]:
    return {trace.get("name") for figure in sent_figures.shown(app) for trace in figure["data"]}
