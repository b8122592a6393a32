"""Work on models that a reader has ordered on the page: begun, refused in a sentence, and cancelled."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from dashboard.model_jobs import ModelJob
from data.settings import MODELS, Settings

PATIENCE_S = 120


def ordered(app: AppTest, settings: str = "") -> ModelJob:
    app.text_input(key="models.name").set_value("tried").run()
    app.text_input(key="models.settings").set_value(settings).run()
    app.button(key="models.train").click().run()
    job: ModelJob = app.session_state["models.job"]
    return job


def test_an_order_that_is_refused_says_why(built: Settings, open_page: Callable[..., AppTest]) -> None:
    app = open_page("models")
    ordered(app, "nonsense=1").wait(PATIENCE_S)
    app.run()
    (said,) = (error.value.replace("\\", "") for error in app.main.error)
    assert said.startswith("Training tried: not done. There is no setting 'nonsense'")
    assert "models.job" not in app.session_state
    assert not app.button(key="models.train").disabled


def test_an_order_is_cancelled_and_leaves_nothing(built: Settings, open_page: Callable[..., AppTest]) -> None:
    app = open_page("models")
    job = ordered(app)
    assert app.button(key="models.train").disabled
    app.button(key="models.cancel").click().run()
    assert not job.is_under_way
    (said,) = (info.value.replace("\\", "") for info in app.main.info)
    assert said == "Training tried: cancelled; nothing is left of it."
    assert not (built.processed / MODELS / "tried").exists()
