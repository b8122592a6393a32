"""What flags say about a file, said again, put together, and refused where it makes no sense."""

from __future__ import annotations

import pytest

from data.errors import PredictionsError
from data.predictions.roles.answers import SCORES, TURNED, Answers, parse_answers


def test_flags_say_what_was_parsed() -> None:
    found = parse_answers(["a=b=outcome", "p d=percent"], ["Charged Off"], ["Fully Paid"], champion="p d")
    assert found.roles == (("a=b", "outcome"), ("p d", "percent"))
    assert found.worded == (
        "--map a=b=outcome --map 'p d=percent' --bad 'Charged Off' --good 'Fully Paid' --champion 'p d'"
    )
    assert parse_answers([], has_no_outcome=True).flags == ("--no-outcome",)


def test_a_later_answer_holds_and_what_it_does_not_name_stays() -> None:
    first = parse_answers(["y=outcome", "s=score"], ["1"])
    assert first.plus(Answers((("s", "points"),), bad=("2",))) == Answers(
        (("y", "outcome"), ("s", "points")), bad=("2",)
    )


def test_each_score_can_be_read_the_other_way_round() -> None:
    assert (TURNED["probability"], TURNED["points"]) == ("probability-of-good", "risk-score")
    assert {TURNED[TURNED[word]] for word in SCORES} == {*SCORES}


def test_several_columns_may_be_scores() -> None:
    assert parse_answers(["a=percent", "b=probability"]).roles == (("a", "percent"), ("b", "probability"))


@pytest.mark.parametrize(
    ("maps", "bad", "good", "has_no_outcome", "said"),
    [
        (["y=outcome", "z=outcome"], [], [], False, "names a column or a role twice"),
        (["y=chance"], [], [], False, "roles are id, outcome, score, probability, probability-of-good"),
        ([], ["1"], ["0", "1"], False, "--bad and --good both name '1'"),
        (["y=outcome"], [], [], True, "--no-outcome says that no column is the outcome"),
        ([], ["1"], [], True, "--no-outcome says"),
    ],
)
def test_what_makes_no_sense_is_refused(
    maps: list[str], bad: list[str], good: list[str], said: str, *, has_no_outcome: bool
) -> None:
    with pytest.raises(PredictionsError, match=said):
        parse_answers(maps, bad, good, has_no_outcome=has_no_outcome)


def test_how_a_file_is_written_can_be_part_of_an_answer() -> None:
    first = Answers((("s", "points"),), reading=(("codes", "-1"),))
    both = first.plus(Answers(reading=(("codes", "99"), ("decimal", ","))))
    assert both.worded == "--map s=points --read 'decimal=,' --read codes=-1,99"
    assert both.flags == ("--map", "s=points", "--read", "decimal=,", "--read", "codes=-1,99")
    assert both.of_columns == Answers((("s", "points"),))
