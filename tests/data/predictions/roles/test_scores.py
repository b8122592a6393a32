"""Which score is shown, which others there are, and each as PDs or places on its scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import expit

from data.errors import PredictionsError
from data.predictions.roles.answers import parse_answers
from data.predictions.roles.questions import Question
from data.predictions.roles.scores import ScoresFound, as_pds, check_score, find_scores

BASE: dict[str, list[Any]] = {"pd": [0.1, 0.5, 0.2]}


def _found(*maps: str, champion: Any = "", **columns: Any) -> tuple[ScoresFound | None, list[Question]]:
    return find_scores(pl.DataFrame(columns), parse_answers(maps, champion=champion), None, ())


def _chosen(*maps: str, champion: Any = "", **columns: Any) -> tuple[str, str, dict[str, str]]:
    scores, questions = _found(*maps, champion=champion, **columns)
    assert questions == []
    assert scores is not None
    return scores.column, scores.word, dict(scores.others)


def test_a_class_beside_a_probability_is_no_candidate() -> None:
    assert _chosen(prediction=[0, 1, 0], probability_default=[0.1, 0.6, 0.2])[0] == "probability_default"


def test_two_scores_that_differ_are_a_question() -> None:
    _, (question,) = _found(**BASE, score=[0.2, 0.4, 0.1])
    assert [answer.said.worded for answer in question.answers] == ["--map pd=probability", "--map score=probability"]
    assert _chosen(**BASE, score=BASE["pd"])[0] == "pd"
    assert _chosen(**BASE, proba=["10 %", "50%", "20 %"])[0] == "pd"


def test_a_few_wrong_cells_do_not_hand_the_role_to_another_column() -> None:
    _, (question,) = _found(pd=[0.1, 0.2] * 9 + [0.1, 1.2], score=[0.1, 0.3] * 10)
    assert question.columns == ("pd", "score")


def test_a_less_definite_name_is_a_further_score() -> None:
    columns: dict[str, list[Any]] = {**BASE, "pd_old": [0.2, 0.3, 0.4], "share": [0.1, 0.2, 0.3]}
    assert _chosen(**columns) == ("pd", "probability", {"pd_old": "probability"})
    assert _chosen(champion="pd_old", **columns)[0] == "pd_old"
    assert _chosen("pd_old=probability", **columns) == ("pd_old", "probability", {"pd": "probability"})
    assert _chosen("share=percent", "pd=probability", champion="pd", **columns)[2] == {
        "share": "percent",
        "pd_old": "probability",
    }
    assert _chosen("pd=none", **columns)[0] == "pd_old"


def test_a_score_of_unsaid_kind_is_judged_or_asked_about() -> None:
    assert _chosen("x=score", x=[0.1, 0.2, 0.3])[:2] == ("x", "probability")
    _, (question,) = _found("x=score", x=[-1.5, 2.5, 0.25])
    assert [answer.said.worded for answer in question.answers][:2] == ["--map x=log-odds", "--map x=risk-score"]


def test_log_odds_and_complements_are_pds() -> None:
    odds = [-800.0, -2.5, 0.0, 3.0]
    found, scale = as_pds(pl.Series("x", odds), "log-odds")
    assert scale is None
    np.testing.assert_allclose(found, expit(odds), rtol=1e-14)
    turned, _ = as_pds(pl.Series("x", odds), "log-odds-of-good")
    np.testing.assert_allclose(turned, expit(-np.array(odds)), rtol=1e-14)
    good = [k / 10_000 for k in range(10_001)]
    assert as_pds(pl.Series("x", good), "probability-of-good")[0].to_list() == good[::-1]
    assert as_pds(pl.Series("x", ["84 %", None]), "percent-of-good")[0].to_list() == [0.16, None]
    # Next to 1 nothing is rounded away.
    assert as_pds(pl.Series("x", [1 - 2**-50, 1.0]), "probability-of-good")[0].to_list() == [2**-50, 0]


def test_points_are_places_on_their_scale() -> None:
    places, scale = as_pds(pl.Series("x", [300, 850, 575, None]), "points")
    assert places.to_list() == [1, 0, 0.5, None]
    assert scale is not None
    assert (scale.least, scale.most, scale.higher) == (300, 850, "safer")
    assert as_pds(pl.Series("x", [300, 850, 575, None]), "risk-score")[0].to_list() == [0, 1, 0.5, None]
    assert as_pds(pl.Series("x", [7, 7]), "risk-score")[0].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("cells", "word", "said"),
    [
        ([0.1, 1.2], "probability", r"1\.2 in row 2; expected a probability from 0 to 1 \(1 row above 1"),
        (["5", "x"], "percent", "'x' in row 2; expected a percentage"),
        ([0.5, float("inf")], "points", "inf in row 2; expected a number"),
        ([0.1, 1.2], "probability", "if all are percentages, say so with --map x=percent; correct"),
        ([float("-inf"), 0.5], "log-odds", "1 row that cannot be used, for example -inf in row 1; expected a number"),
        (["5.00%", "0.05"], "percent", "'0.05' in row 2; expected a percentage from 0 to 100 with a percent sign"),
        ([None, None], "percent", "no value in any of its 2 rows"),
        ([0, 1], "probability", "holds only 0 and 1"),
        ([[1], [2]], "log-odds", "holds lists or structures"),
    ],
)
def test_what_is_no_score_is_complained_of(cells: list[Any], word: str, said: str) -> None:
    with pytest.raises(PredictionsError, match=said):
        check_score(Path("x.csv"), pl.Series("x", cells, strict=False), word)


def test_the_unit_of_a_name_is_said_where_it_is_asked_what_numbers_are() -> None:
    _, (question,) = _found(pd_bps=[11, 42, 85])
    assert question.text == (
        "column pd_bps holds numbers from 11 to 85 (by its name basis points; divide by 10,000 to have PDs); "
        "what are they?"
    )
