"""The page Models: the list, and what can be done with a model."""

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
from inference.inventory.store import list_models
from tests.dashboard.challengers import add_scores

OpenPage = Callable[..., AppTest]


@pytest.fixture(name="settings")
def fixture_settings(copied: tuple[Settings, cache.Dataset]) -> Settings:
    """A portfolio with a model called flat, whose PDs are half the champion's."""
    settings = copied[0]
    add_scores(settings, "flat", pl.read_parquet(settings.predictions)["default_probability"].to_numpy() / 2)
    return settings


def table(app: AppTest) -> Any:
    return next(each.value for each in app.dataframe if "ROC AUC" in each.value.columns)


def names(settings: Settings) -> list[str]:
    return [entry.name for entry in list_models(settings)]


def test_the_list_says_of_each_model_how_well_it_ranks(
    settings: Settings, frame: pl.DataFrame, open_page: OpenPage
) -> None:
    shown = table(open_page("models"))
    assert list(shown["Model"]) == ["Champion", "flat"]
    auc = sk.roc_auc_score(frame["is_default"].to_numpy(), frame["default_probability"].to_numpy())
    # Half of every PD orders applications alike.
    np.testing.assert_allclose(list(shown["ROC AUC"]), [auc, auc], atol=1e-9)
    assert list(shown["Scores"]) == ["yes", "no"]
    assert list(shown["Kind"]) == ["LightGBM", "score"]


def test_a_model_is_renamed_where_it_is_shown(settings: Settings, open_page: OpenPage) -> None:
    app = open_page("models", {"model": "flat"})
    app.text_input(key="models.new.flat").set_value("half").run()
    app.button(key="models.rename").click().run()
    assert names(settings) == ["champion", "half"]
    assert app.query_params["model"] == "half"
    app.text_input(key="models.new.half").set_value("no name").run()
    app.button(key="models.rename").click().run()
    assert any("cannot be a model's name" in error.value for error in app.main.error)
    assert names(settings) == ["champion", "half"]


def test_a_model_is_deleted_when_it_is_said_twice(settings: Settings, open_page: OpenPage) -> None:
    app = open_page("models", {"model": "flat"})
    app.button(key="models.delete").click().run()
    assert names(settings) == ["champion", "flat"]
    app.button(key="models.delete.yes").click().run()
    assert names(settings) == ["champion"]
    assert "model" not in app.query_params


def test_what_cannot_score_cannot_be_made_the_champion(settings: Settings, open_page: OpenPage) -> None:
    app = open_page("models", {"model": "flat"})
    assert "models.champion" not in [button.key for button in app.button]


def test_a_name_that_no_model_can_have_is_refused_before_anything_begins(
    settings: Settings, open_page: OpenPage
) -> None:
    app = open_page("models")
    app.text_input(key="models.name").set_value("champion").run()
    app.button(key="models.train").click().run()
    assert any("always means the model in service" in error.value for error in app.main.error)
    assert names(settings) == ["champion", "flat"]


def test_where_others_are_served_nothing_is_changed_not_even_by_a_button_that_was_written_before(
    settings: Settings, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("models", {"model": "flat"})
    app.button(key="models.delete").click().run()
    app.text_input(key="models.name").set_value("next").run()
    monkeypatch.setenv("SCOREROOM_MODEL_CHANGES", "none")
    app.button(key="models.delete.yes").click().run()
    assert any(
        "Run `python -m scripts.models` on the server" in each.value.replace("\\", "") for each in app.main.error
    )
    app = open_page("models", {"model": "flat"})
    monkeypatch.setenv("SCOREROOM_MODEL_CHANGES", "all")
    app.run()
    monkeypatch.setenv("SCOREROOM_MODEL_CHANGES", "none")
    app.text_input(key="models.name").set_value("next")
    app.button(key="models.train").click().run()
    assert any("Run `python -m scripts.train` on the server" in each.value.replace("\\", "") for each in app.main.error)
    assert names(settings) == ["champion", "flat"]
    left = {button.key for button in app.button}
    assert left.isdisjoint({"models.delete", "models.champion", "models.rename", "models.train", "models.import"})
    told = " ".join(caption.value for caption in app.main.caption).replace("\\", "")
    assert "Models are not changed on this page, because SCOREROOM_MODEL_CHANGES is `none`" in told
