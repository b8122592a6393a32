"""The command prints and writes what the study counts."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from data.settings import Settings
from inference.explain.reason_study import Study
from scripts import study_reasons


def test_the_figures_are_those_of_the_study(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "figures.json"
    given = ["study_reasons", "--declined", "60", "--changes", "8", "--seed", "4", "--json", str(target)]
    monkeypatch.setattr("sys.argv", given)
    study_reasons.main()
    figures, printed = orjson.loads(target.read_bytes()), capsys.readouterr().out
    study = Study.open(built)
    reasons, changes = study.count_reasons(study.sample(60, 4)), study.count_changes(study.sample(8, 4))
    assert figures["reasons"]["n_reasons"] == reasons.n_reasons
    assert figures["reasons"]["missing"] == reasons.missing
    assert figures["changes"]["shown"] == changes.shown
    assert f"60 declined applications, {reasons.n_reasons} reasons ({reasons.mean:.2f} each)" in printed
    assert f"told of a combination: {reasons.combined:.1%}; told nothing: 0" in printed
    assert f"8 declined applications, {changes.shown} changes shown, {changes.without} applications" in printed
    assert "implausible: 0" in printed
