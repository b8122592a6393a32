"""Which column is what: by name and by values, a question where two fit, and said in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import PredictionsError
from data.home_credit import embedded
from data.predictions.roles import assign_roles, ids_of, like_probabilities, parse_mapping, word_roles
from data.predictions.table import EXPOSURE, ID, OUTCOME, PROBABILITY

PATH = Path("theirs.csv")
BASE: dict[str, list[Any]] = {"target": [0, 1, 0], "pd": [0.1, 0.5, 0.2]}


def _roles(*flags: str, **columns: list[Any]) -> dict[str, str]:
    return assign_roles(PATH, pl.DataFrame(columns), embedded.DEFINITION, parse_mapping(flags))


def test_a_feature_called_default_beside_the_outcome_is_a_question() -> None:
    columns: dict[str, list[Any]] = {"default": ["no", "yes", "no"], "y": ["yes", "no", "no"], "pd": [0.1, 0.5, 0.2]}
    with pytest.raises(PredictionsError) as caught:
        _roles(**columns)
    assert str(caught.value) == (
        "theirs.csv: default and y could each be the outcome; say which with --map default=outcome or --map y=outcome."
    )
    assert _roles("y=outcome", **columns)[OUTCOME] == "y"


def test_a_name_whose_values_do_not_fit_is_no_candidate() -> None:
    assert _roles(**BASE, default=["never", "late", "never"])[OUTCOME] == "target"
    assert _roles(**BASE, score=[612, 540, 700])[PROBABILITY] == "pd"
    assert _roles(**BASE, id=[1, 1, 2], SK_ID_CURR=[4, 5, 6])[ID] == "SK_ID_CURR"


def test_a_class_beside_a_probability_is_no_candidate() -> None:
    columns: dict[str, list[Any]] = {
        "target": [0, 1, 0],
        "prediction": [0, 1, 0],
        "probability_default": [0.1, 0.6, 0.2],
    }
    assert _roles(**columns)[PROBABILITY] == "probability_default"


def test_two_probabilities_are_a_question_unless_they_say_the_same() -> None:
    with pytest.raises(
        PredictionsError, match=r"pd and score could each be the probability; .* --map score=probability"
    ):
        _roles(**BASE, score=[0.2, 0.4, 0.1])
    assert _roles(**BASE, score=BASE["pd"])[PROBABILITY] == "pd"


def test_two_exposures_are_a_question() -> None:
    with pytest.raises(PredictionsError, match="AMT_CREDIT could each be the exposure"):
        _roles(**BASE, AMT_CREDIT=[1, 2, 3], ead=[1, 2, 4])


def test_the_project_s_own_names_decide() -> None:
    own: dict[str, list[Any]] = {"is_default": [0, 1, 1], "default_probability": [0.3, 0.4, 0.5], "exposure": [1, 2, 3]}
    assert _roles(**BASE, **own, AMT_CREDIT=[4, 5, 6]) == {
        OUTCOME: "is_default",
        PROBABILITY: "default_probability",
        EXPOSURE: "exposure",
    }


def test_the_first_by_name_is_taken_where_no_values_fit_so_that_it_can_be_complained_of() -> None:
    assert _roles(target=[0, 1], prediction=[1, 0], pd=[6.5, 80.0])[PROBABILITY] == "pd"


def test_a_few_wrong_cells_do_not_hand_the_role_to_another_column() -> None:
    columns: dict[str, list[Any]] = {"target": [0, 1] * 10, "pd": [0.1, 0.2] * 9 + [0.1, 1.2], "score": [0.1, 0.3] * 10}
    with pytest.raises(PredictionsError, match="pd and score could each be the probability"):
        _roles(**columns)


def test_what_was_taken_is_said_in_words() -> None:
    table = pl.DataFrame({"who": [7, 8, 9], "y": ["Yes", "no", "y"], "pd": [0.1, 0.2, 0.3]})
    roles = assign_roles(PATH, table, embedded.DEFINITION, {"who": ID})
    assert word_roles(table, roles) == "outcome from y (Yes or y = default), PD from pd, id from who"


def test_what_could_be_a_pd_as_well_is_named() -> None:
    table = pl.DataFrame(
        {
            **BASE,
            "pd_old": [0.2, 0.3, 0.4],
            "Score 2": [0.5, 0.1, 0.2],
            "prediction": [0, 1, 0],
            "share": [0.1, 0.2, 0.3],
        }
    )
    assert list(like_probabilities(table, assign_roles(PATH, table, embedded.DEFINITION, {}))) == ["pd_old", "Score 2"]


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        (pl.Series(["001", "1"]), ["001", "1"]),
        (pl.Series([2**53 + 1, 5]), [2**53 + 1, 5]),
        (pl.Series([2**64 - 1, 1], dtype=pl.UInt64), ["18446744073709551615", "1"]),
        (pl.Series([2**70, 1], dtype=pl.Int128), ["1180591620717411303424", "1"]),
        (pl.Series([700_001.0, 5.0]), [700_001, 5]),
        (pl.Series(["a", "b"]).cast(pl.Categorical), ["a", "b"]),
        (pl.Series([0.5, 1.0]), None),
        (pl.Series([2.0**60, 1.0]), None),
        (pl.Series([[1], [2]]), None),
        (pl.Series([{"a": 1}, {"a": 2}]), None),
        (pl.Series([1, 2]).cast(pl.Date), None),
    ],
)
def test_ids_keep_every_digit(values: pl.Series, ids: list[object] | None) -> None:
    found = ids_of(values)
    assert (None if found is None else found.to_list()) == ids
