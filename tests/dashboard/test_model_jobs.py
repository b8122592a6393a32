"""Work on models in a process of its own: its steps, its problem in a sentence, and nothing left of what is stopped."""

from __future__ import annotations

import pytest

from dashboard.model_jobs import ModelJob
from dashboard.training import BusyError
from data.settings import MODELS, Settings
from inference.inventory.store import delete, list_models

PATIENCE_S = 300
QUICK = ("--set=trees=20", "--set=folds=2", "--only=EXT_SOURCE_1", "--only=EXT_SOURCE_2")


def test_a_model_is_trained_and_in_the_list(built: Settings) -> None:
    ended: list[str] = []
    job = ModelJob("Training", "train", ["--name=quick", *QUICK], PATIENCE_S, on_end=lambda: ended.append("ended"))
    with pytest.raises(BusyError):
        ModelJob("Training", "train", ["--name=other"], PATIENCE_S)
    job.wait(PATIENCE_S)
    assert (job.is_done, job.problem, ended) == (True, "", ["ended"])
    assert [step.share for step in job.steps] == [1.0] * len(job.steps)
    assert job.steps
    assert "quick" in [entry.name for entry in list_models(built)]
    delete(built, "quick")


def test_what_is_refused_says_why(built: Settings) -> None:
    job = ModelJob("Training", "train", ["--name=bad", "--leave-out=NOTHING_OF_THAT_NAME"], PATIENCE_S)
    job.wait(PATIENCE_S)
    assert not job.is_done
    assert "NOTHING_OF_THAT_NAME" in job.problem
    assert not (built.processed / MODELS / "bad").exists()


@pytest.mark.parametrize("seconds", [PATIENCE_S, 0.0])
def test_nothing_is_left_of_what_is_stopped(built: Settings, seconds: float) -> None:
    job = ModelJob("Training", "train", ["--name=stopped"], seconds)
    if seconds:
        job.cancel()
    job.wait(PATIENCE_S)
    assert not job.is_done
    assert ("SCOREROOM_TRAIN_MINUTES" in job.problem) == (not seconds)
    assert not (built.processed / MODELS / "stopped").exists()
