"""The table built of its variables: computed amounts by hand, and a whole table read as variables and built again."""

from __future__ import annotations

import numpy as np

from data.home_credit.assembly import assemble, compute_variable
from data.home_credit.building import fit_families
from data.home_credit.synthetic import Drawn, make_applications
from data.home_credit.variables import CASH, REVOLVING, VARIABLES, read_variables

# Left to chance when a table is assembled.
BY_CHANCE = ("_AVG", "_MODE", "_MEDI", "AMT_GOODS_PRICE", "NAME_TYPE_SUITE")


def test_amounts_follow_from_price_ratio_and_tariff_in_steps_of_4_5() -> None:
    drawn = Drawn(2)
    drawn.categories["NAME_CONTRACT_TYPE"] = ((CASH, REVOLVING), np.array([0, 1]))
    drawn.categories["monthly_fee"] = (("Y", "N"), np.array([0, -1]))
    drawn.numbers = {
        "AMT_GOODS_PRICE": np.array([1_000.0, 1_000.0]),
        "credit_ratio": np.array([1.1, np.nan]),
        "annuity_rate": np.array([0.05, np.nan]),
        "score_1_for_age": np.array([0.0, 1.5]),
        "DAYS_BIRTH": np.array([0.0, -10_000.0]),
    }
    # 1,100 is nearest to 244 steps, 1,000 to 222.
    drawn.numbers["AMT_CREDIT"] = compute_variable("AMT_CREDIT", drawn, {})
    assert drawn.numbers["AMT_CREDIT"].tolist() == [1_098.0, 999.0]
    # 54.9 and the fee of 130.5 are nearest to 41 steps; a revolving loan pays 5 % and no fee.
    assert compute_variable("AMT_ANNUITY", drawn, {}).tolist() == [184.5, 49.5]
    scores = compute_variable("EXT_SOURCE_1", drawn, {})
    np.testing.assert_allclose(scores, [0.5, 1 / (1 + np.exp(-3.0))])


def test_a_table_read_as_variables_is_assembled_as_it_was() -> None:
    frame = make_applications(2_000, seed=3)
    families = fit_families(frame)
    read = read_variables(frame, families)
    drawn = Drawn(frame.height)
    for variable in VARIABLES:
        values = read[variable.name]
        applies = np.ones(frame.height, dtype=bool)
        if variable.applies:
            name, levels = variable.applies
            applies = drawn.has(name, *levels)
        if isinstance(values, list):
            names = tuple(sorted(set(values)))
            places = np.array([names.index(value) for value in values])
            drawn.categories[variable.name] = (names, np.where(applies, places, -1))
        else:
            drawn.numbers[variable.name] = np.where(applies, values, np.nan)
    again = assemble(drawn, families, 0.0, np.random.default_rng(1))
    compared = [name for name in again.columns if not name.endswith(BY_CHANCE)]
    assert len(compared) > 70
    for name in compared:
        assert again[name].equals(frame[name]), name
