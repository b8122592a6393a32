from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from data.definition.columns import Kind, Sensitivity, Unit
from data.definition.errors import DefinitionError
from data.definition.evidence.vocabulary import label_of
from data.definition.guessing import Finding, Guess, guess_definition

N = 400
RNG = np.random.default_rng(7)
BAD = RNG.random(N) < 0.25
AMOUNT = RNG.integers(1_000, 40_000, N)


def guessed(said: Mapping[str, Any] | None = None, **columns: Any) -> Guess:
    base = {"loan_id": np.arange(N) + 500, "amount": AMOUNT, **columns}
    return guess_definition(pl.DataFrame({name: list(map(str, values)) for name, values in base.items()}), said or {})


def default(good: str = "0", bad: str = "1") -> list[str]:
    return [bad if each else good for each in BAD]


def test_roles_kinds_and_units_of_a_plain_table() -> None:
    guess = guessed(
        SEX=RNG.integers(1, 3, N),
        EDUCATION=np.arange(N) % 5,
        PAY_0=np.arange(N) % 11 - 2,
        AGE=RNG.integers(21, 80, N),
        has_car=np.arange(N) % 2,
        purpose=[("car", "home", "tour")[i % 3] for i in range(N)],
        rate=RNG.random(N) * 9,
        is_default=default(),
    )
    definition = guess.definition
    outcome = definition.outcome
    assert (definition.id, definition.target, definition.roles.exposure) == ("loan_id", "is_default", "amount")
    assert outcome is not None
    assert (outcome.bad, outcome.good) == (("1",), ("0",))
    kinds = {column.name: column.kind for column in definition.columns if column.is_input}
    assert kinds == {
        "amount": Kind.NUMERIC,
        "SEX": Kind.CATEGORY,
        "EDUCATION": Kind.CATEGORY,
        "PAY_0": Kind.NUMERIC,
        "AGE": Kind.NUMERIC,
        "has_car": Kind.FLAG,
        "purpose": Kind.CATEGORY,
        "rate": Kind.NUMERIC,
    }
    assert definition.column("EDUCATION").levels == ("0", "1", "2", "3", "4")
    assert definition.column("amount").unit is Unit.CURRENCY
    assert definition.column("AGE").unit is Unit.YEARS
    assert definition.column("AGE").sensitivity is Sensitivity.SENSITIVE
    assert definition.protected == ("SEX",)
    assert definition.features.columns == ("amount", "EDUCATION", "PAY_0", "AGE", "has_car", "purpose", "rate")
    assert definition.sufficiency.counted == definition.features.columns
    assert definition.sufficiency.most_lacking == 0
    assert {name for name, is_sure in ((each.column, each.is_sure) for each in guess.findings) if not is_sure} == {
        "PAY_0",
        "amount",
    }


def test_bounds_are_round_and_twice_what_was_seen() -> None:
    definition = guessed(x=[-30 + i % 61 for i in range(N)], share=np.arange(N) / N, y=default()).definition
    ends = {name: (definition.column(name).minimum, definition.column(name).maximum) for name in ("x", "share")}
    assert ends == {"x": (-100, 100), "share": (0, 1)}
    assert definition.column("x").dtype == pl.Int8


def test_example_is_made_of_medians_and_commonest_levels() -> None:
    definition = guessed(
        x=[i % 5 for i in range(N)], purpose=["car" if i % 3 else "home" for i in range(N)], y=default()
    ).definition
    assert dict(definition.example) == {"amount": int(np.sort(AMOUNT)[N // 2]), "x": 2, "purpose": "car"}


@pytest.mark.parametrize(
    ("codes", "rest"),
    [
        ([-9, -7], RNG.integers(1_000, 9_000, N)),
        ([99_999_999], RNG.integers(1, 400, N)),
        ([365_243], -RNG.integers(1, 15_000, N)),
        ([-999, 9_999_999], RNG.integers(0, 100, N)),
        ([], RNG.integers(-5_000, 5_000, N)),
        ([], RNG.integers(0, 1_000, N)),
    ],
)
def test_special_codes_are_repeated_and_apart(codes: list[int], rest: Any) -> None:
    values = rest.copy()
    for at, code in enumerate(codes):
        values[at::20] = code
    column = guessed(months=values, y=default()).definition.column("months")
    assert sorted(column.special_values) == sorted(codes)
    assert column.maximum is not None
    assert all(not (column.minimum or 0) <= code <= column.maximum for code in codes)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("loan_status", "Fully Paid", "Charged Off"),
        ("status", "good", "bad"),
        ("class", "1", "2"),
        ("default", "no", "yes"),
        ("Ausfall", "nein", "ja"),
        ("repaid", "1", "0"),
        ("Loan_Status", "Y", "N"),
    ],
)
def test_bad_value_of_an_outcome(name: str, good: str, bad: str) -> None:
    outcome = guessed(None, **{name: default(good, bad)}).definition.outcome
    assert outcome is not None
    assert (outcome.column, outcome.bad, outcome.good) == (name, (bad,), (good,))


def test_values_that_are_neither_good_nor_bad_stay_open() -> None:
    status = ["Current" if i % 3 == 0 else "Charged Off" if BAD[i] else "Fully Paid" for i in range(N)]
    definition = guessed(loan_status=status).definition
    assert definition.outcome is not None
    assert (definition.outcome.bad, definition.outcome.good) == (("Charged Off",), ("Fully Paid",))
    assert definition.column("loan_status").nullable


def test_of_two_candidates_the_one_that_the_score_ranks_is_taken_and_the_other_named() -> None:
    pd = np.round(np.where(BAD, 0.4, 0.1) + RNG.random(N) * 0.5, 4)
    guess = guessed(pd=pd, default=["yes" if i % 50 == 0 else "no" for i in range(N)], y=default("no", "yes"))
    assert guess.definition.target == "y"
    assert "Another candidate is default" in guess.comments["outcome"]
    assert guess.comments["outcome"].startswith("To be checked")
    (score,) = guess.definition.scores
    assert (score.column, score.kind, score.higher) == ("pd", "probability", "riskier")
    assert "pd" not in guess.definition.features.columns


def test_without_a_candidate_there_is_no_outcome() -> None:
    assert guessed(x=np.arange(N) % 7).definition.outcome is None


def test_what_gives_the_outcome_away_or_names_a_person_is_left_out_with_the_reason() -> None:
    guess = guessed(
        late_days=np.where(BAD, 90, 0) + np.arange(N) % 4,
        verdict=["lost" if each else "kept" for each in BAD],
        recoveries=np.arange(N) % 9,
        e_mail=[f"p{i}@example.org" for i in range(N)],
        note=[f"text {i}" for i in range(N)],
        is_default=default(),
    )
    reasons = {each.column: each.why for each in guess.findings if each.guess == "left out"}
    assert guess.definition.left_out == tuple(reasons) == ("late_days", "verdict", "recoveries", "e_mail", "note")
    assert "AUC 1.000" in reasons["late_days"]
    assert "Cramér's V 1.000" in reasons["verdict"]
    assert reasons["recoveries"] == "known only after the outcome, by its name"
    assert reasons["e_mail"] == "names a person, by its own name"
    assert "late_days: tells the outcome" in guess.comments["left_out"]


def test_copies_and_constants_are_no_features() -> None:
    colour = [("red", "green", "blue")[i % 3] for i in range(N)]
    code = [("r", "g", "b")[i % 3] for i in range(N)]
    guess = guessed(cents=AMOUNT * 100, colour=colour, code=code, one=[7] * N, y=default())
    assert guess.definition.features.columns == ("amount", "colour")
    assert "says what amount says (rank correlation 1.00000)" in guess.comments["columns.cents"]
    assert "says what colour says" in guess.comments["columns.code"]


def test_gaps_in_words_are_listed_unless_they_are_values_elsewhere() -> None:
    x = ["?" if i % 9 == 0 else i % 40 for i in range(N)]
    definition = guessed(
        x=x, kind=["?" if i % 7 == 0 else "ab"[i % 2] for i in range(N)], y=default("-", "+")
    ).definition
    assert definition.table.missing == ("?",)
    assert definition.column("x").nullable
    assert definition.column("kind").levels == ("a", "b")


def test_dates_and_periods() -> None:
    guess = guessed(
        applied=[f"{i % 28 + 1:02d}.03.2024" for i in range(N)],
        quarter=[f"2024-Q{i % 4 + 1}" for i in range(N)],
        yyyymm=[f"2024{i % 12 + 1:02d}" for i in range(N)],
        y=default(),
    )
    assert guess.definition.roles.date == "applied"
    assert all(guess.definition.column(name).kind is Kind.DATE for name in ("applied", "quarter", "yyyymm"))
    assert guess.definition.features.columns == ("amount",)


def test_what_is_said_wins_over_guesses() -> None:
    said = {
        "name": "Mine",
        "outcome": {"column": "state", "bad": ["x"], "good": ["y"]},
        "columns": {"grade": {"kind": "category", "levels": ["2", "1", "0"], "label": "Note"}},
        "roles": {"exposure": "limit"},
        "left_out": ["amount"],
    }
    definition = guessed(
        said, state=default("y", "x"), grade=np.arange(N) % 3, limit=AMOUNT, good=np.arange(N) % 2
    ).definition
    assert (definition.name, definition.target, definition.roles.exposure) == ("Mine", "state", "limit")
    assert definition.roles.id == "loan_id"
    assert (definition.column("grade").levels, definition.column("grade").label) == (("2", "1", "0"), "Note")
    assert definition.left_out == ("amount",)
    assert definition.column("good").kind is Kind.FLAG


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"columns": {"incme": {"label": "x"}}}, "columns.incme names incme, which table lacks"),
        ({"roles": {"date": "day"}}, "roles.date names day, which table lacks"),
        ({"outcome": {"column": "y", "bad": ["2"], "good": ["0"]}}, "outcome.bad lists no value that occurs in y"),
    ],
)
def test_what_is_said_must_fit_the_table(said: Mapping[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        guessed(said, y=default())


def findings(guess: Guess) -> dict[str, Finding]:
    return {each.column: each for each in guess.findings}


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [("MIS_Status", "CHGOFF", "P I F"), ("pay.status", "Charge-off", "Paid in full"), ("class", "b", "g")],
)
def test_outcome_called_status_whose_values_say_how_it_ended(name: str, bad: str, good: str) -> None:
    outcome = guessed(None, **{name: default(good, bad)}).definition.outcome
    assert outcome is not None
    assert (outcome.column, outcome.bad, outcome.good) == (name, (bad,), (good,))


def test_grades_are_no_outcome() -> None:
    assert guessed(None, **{"class": ["ABCDEFG"[i % 7] for i in range(N)]}).definition.outcome is None


def test_finding_of_the_outcome_says_which_value_is_bad_and_which_is_open() -> None:
    status = ["Current" if i < 40 else "Late" if i < 80 else "Default" if i < 120 else "Fully Paid" for i in range(N)]
    why = findings(guessed(loan_status=status))["loan_status"].why
    assert "bad: Default 10.0 %; good: Fully Paid 70.0 %; open: Current 10.0 %, Late 10.0 %" in why


def test_columns_under_names_that_are_needed_play_no_part_but_that_of_outcome_and_exposure() -> None:
    scores = np.round(RNG.random(N), 4)
    guess = guessed(default_probability=scores, fold=np.arange(N) % 5, exposure=AMOUNT + 7, is_default=default())
    assert guess.definition.left_out == ("default_probability", "fold")
    assert guess.definition.scores == ()
    assert (guess.definition.target, guess.definition.roles.exposure) == ("is_default", "exposure")
    assert not findings(guess)["default_probability"].is_sure


def test_infinite_numbers_are_gaps_and_to_be_checked() -> None:
    x = [("inf", "-Inf")[i % 2] if i % 50 == 0 else f"{i / 7:.3f}" for i in range(N)]
    guess = guessed(x=x, y=default())
    column = guess.definition.column("x")
    assert (column.kind, column.nullable, column.maximum) == (Kind.NUMERIC, True, 200)
    assert set(guess.definition.table.missing) == {"inf", "-Inf"} & set(x)
    assert (findings(guess)["x"].is_sure, "is read as missing" in findings(guess)["x"].why) == (False, True)


@pytest.mark.parametrize("n_values", [20, N])
def test_numbers_with_a_few_texts_among_them_are_named(n_values: int) -> None:
    values = ["not known" if i % 40 == 0 else str(i % n_values) for i in range(N)]
    finding = findings(guessed(months=values, y=default()))["months"]
    assert "'not known' in 10 rows" in finding.why
    assert "missing in [table]" in finding.why
    assert not finding.is_sure
    said = {"table": {"missing": ["not known"]}}
    assert guessed(said, months=values, y=default()).definition.column("months").kind is Kind.NUMERIC


def test_what_might_tell_a_model_something_is_left_out_to_be_checked() -> None:
    guess = guessed(rate=[f"{i % 90 / 7:.2f}%" for i in range(N)], gap=[""] * N, e_mail=["a@b.org"] * N, y=default())
    verdicts = {name: findings(guess)[name].verdict for name in ("rate", "gap", "e_mail")}
    assert verdicts == {"rate": "to be checked", "gap": "sure", "e_mail": "sure"}


def test_codes_of_many_digits_and_counts_called_codes_are_to_be_checked() -> None:
    guess = guessed(zip_code=RNG.integers(501, 99_950, N), JobsMade=np.arange(N) % 9, job=np.arange(N) % 4, y=default())
    assert not findings(guess)["zip_code"].is_sure
    assert "sensitive" in findings(guess)["zip_code"].guess
    assert findings(guess)["job"].is_sure


def test_dates_that_may_begin_with_day_or_month_are_left_out() -> None:
    guess = guessed(applied=[f"{i % 12 + 1}/{i % 7 + 1}/2024" for i in range(N)], y=default())
    assert guess.definition.left_out == ("applied",)
    assert "day or month comes first" in findings(guess)["applied"].why


def test_numbers_of_rows_are_no_feature() -> None:
    order = RNG.permutation(N)
    guess = guessed(None, **{"Unnamed: 0": np.arange(N), "place": order + 1, "index": order * 3, "y": default()})
    assert guess.definition.features.columns == ("amount",)
    assert "counts the rows" in findings(guess)["place"].why


def test_whole_numbers_with_a_decimal_point_are_whole_numbers() -> None:
    guess = guessed(
        flag=[f"{i % 2}.0" for i in range(N)], education=[f"{i % 3}.0" for i in range(N)], y=default("0.0", "1.0")
    )
    definition = guess.definition
    assert definition.outcome is not None
    assert (definition.outcome.bad, definition.outcome.good) == (("1",), ("0",))
    assert (definition.column("flag").kind, definition.column("education").levels) == (Kind.FLAG, ("0", "1", "2"))
    said = {"outcome": {"column": "y", "bad": ["1.0"], "good": ["0.0"]}}
    assert guessed(said, leak=default("3", "7"), y=default("0.0", "1.0")).definition.left_out == ("leak",)


def test_levels_that_say_sex_or_marital_status_are_protected() -> None:
    levels = ("male single", "female div/dep/mar", "male mar/wid")
    definition = guessed(personal=[levels[i % 3] for i in range(N)], y=default()).definition
    assert definition.protected == ("personal",)
    assert "personal" not in definition.features.columns


def test_a_last_column_of_two_values_is_an_outcome_to_be_checked() -> None:
    finding = findings(guessed(has_phone=np.arange(N) % 2, x7=default()))["x7"]
    assert (finding.guess, finding.is_sure) == ("the outcome", False)


def test_years_in_a_job_are_no_codes_and_ages_of_centuries_are_to_be_checked() -> None:
    guess = guessed(
        job_yrs=np.arange(N) % 14, person_age=np.where(np.arange(N) == 9, 144, AMOUNT % 60 + 20), y=default()
    )
    assert guess.definition.column("job_yrs").kind is Kind.NUMERIC
    assert "ages above 120 in 1 row" in findings(guess)["person_age"].why


def test_labels_part_words_that_are_written_as_one() -> None:
    names = ("NumberOfTime30-59DaysPastDue", "NumberOfTimes90DaysLate", "BILL_AMT1", "delinq_2yrs", "X1")
    labels = ("Number of time 30-59 days past due", "Number of times 90 days late", "Bill amt1", "Delinq 2yrs", "X1")
    assert tuple(map(label_of, names)) == labels
