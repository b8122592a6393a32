"""Contributions of a challenger add up to its own log-odds, are made once, and again where they are damaged."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from data.settings import Settings
from inference.errors import ContributionsError
from inference.inventory.entry import CHAMPION
from inference.inventory.explained import explain_model, name_model_reasons, open_model_contributions
from inference.inventory.store import contributions_of_model, open_model
from scripts._kills import quiet
from tests.inference.inventory.conftest import LEFT_OUT


def test_they_add_up_to_the_models_log_odds(untouched: Settings) -> None:
    found = open_model_contributions(untouched, "lean")
    pds = open_model(untouched, "lean").score_frame(pl.read_parquet(untouched.applications)).astype(np.float64)
    summed = found.base + found.step * sum(found.frame[each.name].to_numpy().astype(float) for each in found.features)
    assert np.abs(summed - np.log(pds / (1 - pds))).max() < len(found.features) * found.step
    assert open_model_contributions(untouched, CHAMPION).digest != found.digest


def test_they_are_made_where_they_are_not_there_or_damaged(settings: Settings) -> None:
    assert not explain_model(settings, "lean", quiet)
    assert not explain_model(settings, CHAMPION, quiet)
    path = contributions_of_model(settings, "lean")
    whole = path.read_bytes()
    path.unlink()
    with pytest.raises(ContributionsError, match=r"not there yet; `python -m scripts\.explain_model lean` computes"):
        open_model_contributions(settings, "lean")
    assert explain_model(settings, "lean", quiet)
    assert path.read_bytes() == whole
    path.write_bytes(settings.contributions.read_bytes())
    with pytest.raises(ContributionsError, match="belong to another model"):
        open_model_contributions(settings, "lean")
    assert explain_model(settings, "lean", quiet)
    assert path.read_bytes() == whole


def test_reasons_of_a_challenger_are_its_own_fields_alone(untouched: Settings) -> None:
    ids = pl.read_parquet(untouched.predictions)["application_id"]
    champion, lean = (name_model_reasons(untouched, name, 0.1, ids) for name in (CHAMPION, "lean"))
    assert set(champion.fields) - set(lean.fields) == {LEFT_OUT}
    named = [{each.fields[place] for place in each.places[each.places >= 0]} for each in (champion, lean)]
    assert LEFT_OUT in named[0]
    assert "EXT_SOURCE_3" in named[1]
    with pytest.raises(ContributionsError, match="of other applications"):
        name_model_reasons(untouched, "lean", 0.1, ids.reverse())
