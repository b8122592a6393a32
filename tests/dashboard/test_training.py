"""A model that is trained on a file that was brought: in the library when it is finished, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.training import BusyError, Training
from data.definition.at_hand import load_definition
from data.library.entries import Kind, list_entries
from data.library.opening import Brought, prepare_training, understand
from data.predictions.table import load_predictions
from tests.made_loans import make_loans

PATIENCE_S = 300


def prepared(library: Path) -> Brought:
    brought = Brought(library, "loans.csv", make_loans(1_500).write_csv().encode())
    prepare_training(brought, "Loans", understand(brought, most_rows=1_500))
    return brought


def test_what_is_finished_takes_its_place_in_the_library(tmp_path: Path) -> None:
    job = Training.on(prepared(tmp_path), "Loans", PATIENCE_S, taken="loans")
    with pytest.raises(BusyError):
        Training.on(prepared(tmp_path), "Others", PATIENCE_S)
    job.wait(PATIENCE_S)
    assert job.problem == ""
    (entry,) = list_entries(tmp_path)
    assert job.entry == entry
    assert (entry.key, entry.name, entry.kind, entry.n_rows) == ("loans-2", "Loans", Kind.PORTFOLIO, 1_500)
    settings = entry.settings({})
    predictions = load_predictions(settings.predictions, load_definition(settings))
    assert predictions.source.has_outcomes
    assert [each["state"] for each in job.described()["steps"]] == ["done", "done", "done", "done", "running"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("seconds", "cancels"), [(PATIENCE_S, True), (0.0, False)])
def test_nothing_is_left_of_what_is_stopped(tmp_path: Path, seconds: float, cancels: bool) -> None:
    job = Training.on(prepared(tmp_path), "Loans", seconds)
    if cancels:
        job.cancel()
    job.wait(PATIENCE_S)
    assert job.entry is None
    assert ("SCOREROOM_TRAIN_MINUTES" in job.problem) == (not cancels)
    assert [*tmp_path.iterdir()] == []
