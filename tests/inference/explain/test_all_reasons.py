"""The reasons of all applications against those of each alone."""

from __future__ import annotations

import numpy as np
import pytest

from data.facts import describe_table
from data.home_credit import embedded
from data.settings import Settings
from data.store.storage import read_parquet
from inference.explain.all_reasons import name_reasons
from inference.explain.comparison import find_reference
from inference.explain.contributions import load_contributions
from inference.explain.explainer import Explainer
from inference.explain.reasons import COMBINATION, principal_reasons
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES


def test_reasons_of_all_are_those_of_each_alone(built: Settings) -> None:
    applications = read_parquet(built.applications)
    session = ScoringSession.open(built.model, embedded.DEFINITION)
    contributions = load_contributions(built.contributions)
    typical = {name: facts.typical for name, facts in describe_table(applications.lazy(), embedded.DEFINITION).items()}
    explainer = Explainer.open(built.model, typical, FEATURES)
    reference = find_reference(contributions, applications.lazy(), session, session.manifest.cutoff)
    found = name_reasons(applications, contributions, explainer, session, reference)
    assert found.places.shape == (applications.height, 4)
    n_named, n_combined = 0, 0
    for positions, application in zip(
        found.places[:150].tolist(), applications[:150].iter_rows(named=True), strict=True
    ):
        alone = principal_reasons(application, explainer.explain(application), session, reference)
        fields = [reason.field for reason in alone if reason.field != COMBINATION]
        assert [found.fields[place] for place in positions if place >= 0] == fields
        assert positions[len(fields) :] == [-1] * (4 - len(fields))
        n_named, n_combined = n_named + bool(fields), n_combined + (len(alone) - len(fields))
    # Approved ones have some, too, and a combination names no field.
    assert n_named > 75
    assert n_combined > 10
    with pytest.raises(ValueError, match="cannot have contributions of"):
        name_reasons(applications[:10], contributions, explainer, session, reference)
    with pytest.raises(ValueError, match="are not those of"):
        explainer.each_block(
            applications[:10], FEATURES.matrix(applications[:10]), lambda *_: None, known=np.zeros((1, 1))
        )
