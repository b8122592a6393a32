from __future__ import annotations

import json

import pytest

from data.errors import TableError
from data.home_credit.fitting import fit_profile
from data.home_credit.profile import Profile
from data.home_credit.synthetic import make_applications


@pytest.fixture(scope="module")
def fitted() -> Profile:
    """A profile of a synthetic portfolio: what is fitted must come back."""
    return fit_profile(make_applications(2_500, seed=9))


def test_a_portfolio_can_be_made_from_another_profile(fitted: Profile) -> None:
    again = make_applications(3_000, seed=1, profile=json.loads(json.dumps(fitted)))
    assert again["CODE_GENDER"].value_counts().height == 2
    first = make_applications(3_000, seed=1)
    assert again["AMT_CREDIT"].median() == pytest.approx(first["AMT_CREDIT"].median(), rel=0.08)


def test_fitting_twice_gives_the_same() -> None:
    table = make_applications(1_200, seed=4)
    assert fit_profile(table) == fit_profile(table)


def test_too_few_rows_and_missing_columns_are_refused() -> None:
    table = make_applications(300, seed=1)
    with pytest.raises(TableError, match="300 rows"):
        fit_profile(table)
    with pytest.raises(TableError, match="AMT_CREDIT"):
        fit_profile(table.drop("AMT_CREDIT"))
