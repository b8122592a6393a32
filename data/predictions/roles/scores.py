"""The scores of somebody else's table: which one is shown, which others there are, and each as PDs or places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import polars as pl

from data.definition.evidence import vocabulary as words
from data.errors import PredictionsError
from data.predictions.brought import chance_of
from data.predictions.cells import are_classes, are_missing, hundredths_of, numbers_of
from data.predictions.roles.answers import SCORE, SCORES, Answers
from data.predictions.roles.judging import Verdict, judge_score, other_unit
from data.predictions.roles.questions import Answer, Question
from data.predictions.scale import Scale
from data.predictions.scores import exact_scores

# The project's own name decides where others fit as well.
_OWN_NAME = "defaultprobability"
SAID = MappingProxyType(
    {
        "probability": "a probability of default",
        "probability-of-good": "a probability of repayment",
        "percent": "a probability of default in percent",
        "percent-of-good": "a probability of repayment in percent",
        "log-odds": "log-odds of default, made a PD by the logistic function",
        "log-odds-of-good": "log-odds of repayment, made a PD by the logistic function",
        "points": "no probability: higher is safer",
        "risk-score": "no probability: higher is riskier",
    }
)
_SHORT = MappingProxyType(
    {
        "probability": "a PD",
        "probability-of-good": "1 less a probability of repayment",
        "percent": "percent",
        "percent-of-good": "1 less a probability of repayment, in percent",
        "log-odds": "log-odds",
        "log-odds-of-good": "log-odds of repayment, turned",
        "points": "points, higher is safer",
        "risk-score": "a score, higher is riskier",
    }
)
_MOST_SHOWN, _SHORT_DIGITS = 8, 12


@dataclass(frozen=True, slots=True)
class ScoresFound:
    """The score to show and its role word (see `SCORES`), and the other scores of the table with theirs."""

    column: str
    word: str
    why: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


def find_scores(
    table: pl.DataFrame, answers: Answers, outcomes: pl.Series | None, taken: Sequence[str]
) -> tuple[ScoresFound | None, list[Question]]:
    """The scores of `table`, or the questions that it takes to know the one to show; columns in `taken` do not count.

    Neither where no column could be a score. Of `outcomes` (Float64: 1, 0, null) the direction of a score is learnt.
    """
    said = {column: role for column, role in answers.roles if role in (SCORE, *SCORES)}
    busy = {*taken, *(column for column, _ in answers.roles)}
    found = {
        name: verdict
        for name in table.columns
        if name not in busy and _is_called_score(name) and (verdict := judge_score(table[name], outcomes)) is not None
    }
    if said:
        verdicts = {name: _verdict(table[name], role, outcomes) for name, role in said.items()}
        if open_kinds := [name for name, each in verdicts.items() if not each.is_decided]:
            return None, [_which_kind(table[name], verdicts[name]) for name in open_kinds]
        champion = answers.champion if answers.champion in said else next(iter(said))
        more = {name: each for name, each in found.items() if each.is_decided and _is_model(name, each)}
        others = {name: each.words[0] for name, each in {**verdicts, **more}.items() if name != champion}
        return ScoresFound(champion, verdicts[champion].words[0], verdicts[champion].why, others), []
    names = list(found) if answers.champion in ("", *models_of(table)) else [answers.champion]
    fitting = _competing(table, {name: found[name] for name in names if name in found})
    if len(fitting) != 1:
        return None, [_which_score(table, fitting)] if fitting else []
    ((name, verdict),) = fitting.items()
    if not verdict.is_decided:
        return None, [_which_kind(table[name], verdict)]
    others = {
        other: each.words[0]
        for other, each in found.items()
        if other != name and each.is_decided and _is_model(other, each)
    }
    return ScoresFound(name, verdict.words[0], verdict.why, others), []


def _verdict(values: pl.Series, role: str, outcomes: pl.Series | None) -> Verdict:
    """What a column is that a person calls a score, of which kind or not."""
    if role != SCORE:
        return Verdict((role,), "as said")
    return judge_score(values, outcomes) or Verdict(("probability",))


def as_pds(values: pl.Series, word: str) -> tuple[pl.Series, Scale | None]:
    """A score's numbers (Float64) as PDs, or as places on a scale; what is missing or no number stays null or NaN."""
    kind, higher = SCORES[word]
    if kind == "percent":
        values = hundredths_of(values)
    if kind == "points":
        return _places(numbers_of(values), higher)
    # Of 32 bits the decimal counts, which their widening would lose.
    exact = exact_scores(values if values.dtype == pl.Float32 else numbers_of(values))
    if word in ("probability", "percent"):
        return exact, None
    if kind == "log-odds":
        return pl.select(chance_of(pl.lit(exact), kind, higher)).to_series(), None
    return _complements(exact), None


def check_score(path: Path, values: pl.Series, word: str) -> pl.Series:
    """Which rows have no score.

    Raises:
        PredictionsError: a value is not what the role word says, or all are classes.
    """
    kind = SCORES[word][0]
    is_text = values.dtype in (pl.String, pl.Categorical, pl.Enum)
    bare = values.cast(pl.String).str.strip_chars(" %") if is_text and kind == "percent" else values
    # True and false are classes, in percent, too.
    numbers = numbers_of(bare) / (100 if kind == "percent" and values.dtype != pl.Boolean else 1)
    if kind in ("probability", "percent"):
        usable, wanted = numbers.is_between(0, 1), _wanted_probability(numbers, kind)
        if is_text and kind == "percent" and (signed := values.cast(pl.String).str.contains(r"\d\s*%")).any():
            # 0.05 among cells such as 5.00% is a share, or a percentage: nobody knows.
            usable, wanted = usable & signed, "a percentage from 0 to 100 with a percent sign, as in other rows"
    else:
        usable, wanted = numbers.is_finite(), "a number that is finite"
    missing = check_cells(path, values, usable.fill_null(value=False), wanted)
    if kind in ("probability", "percent") and (are_classes(numbers) | missing).all():
        raise PredictionsError(
            f"{path}: column {values.name} holds only 0 and 1, which are classes or decisions, not probabilities; "
            "map the column that they were decided from."
        )
    return missing


def check_cells(path: Path, values: pl.Series, usable: pl.Series, wanted: str) -> pl.Series:
    """Which cells are missing. Raises PredictionsError if another is not `usable`, or none is given at all."""
    if values.dtype.is_nested() or values.dtype.is_temporal() or values.dtype == pl.Object:
        kind = "lists or structures" if values.dtype.is_nested() else "dates or times"
        raise PredictionsError.from_kind(path, values.name, kind, wanted)
    missing = are_missing(values)
    if missing.all():
        raise PredictionsError.from_bare_column(path, values.name, len(values), wanted)
    wrong = ~(usable | missing)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        cell = values[row]
        quoted = repr(cell) if isinstance(cell, str) else str(cell)
        found = f"{quoted} in row {row + 1:,}"
        raise PredictionsError.from_bad_column(path, values.name, int(wrong.sum()), found, wanted)
    return missing


def _wanted_probability(numbers: pl.Series, kind: str) -> str:
    if kind == "percent":
        return "a percentage from 0 to 100"
    wanted = "a probability from 0 to 1"
    given = numbers.drop_nulls().drop_nans()
    n_above = int((given > 1).sum())
    if n_above and given.min() >= 0:  # type: ignore[operator]
        rows = "1 row" if n_above == 1 else f"{n_above:,} rows"
        largest = float(str(given.max()))
        said = f"{wanted} ({rows} above 1, the largest is {largest!r})"
        return f"{said}; if all are percentages, say so with --map {numbers.name}=percent" if largest <= 100 else said
    return wanted


def ask_unnamed(table: pl.DataFrame, taken: Collection[str]) -> Question | None:
    """Which of the probabilities under other names is the score to show; None where no column could be one."""
    shown = [name for name in table.columns if name not in taken and _is_share(table[name])][:_MOST_SHOWN]
    if not shown:
        return None
    listed = " or ".join(f"{name} ({_range(table[name])})" for name in shown)
    answers = tuple(Answer(f"{name}, {_SHORT['probability']}", Answers(((name, "probability"),))) for name in shown)
    return Question("score", f"No column is called a score; is it {listed}?", tuple(shown), answers)


def _is_share(values: pl.Series) -> bool:
    verdict = judge_score(values, None)
    return verdict is not None and verdict.words == ("probability",) and values.dtype.is_float()


def word_score(word: str) -> str:
    """What a role word says of a score, in a few words."""
    return _SHORT[word]


def _complements(shares: pl.Series) -> pl.Series:
    """1 less each share, as the decimal that is meant: 1 - 0.84 is 0.16, not the number next to it."""
    is_short = shares == shares.round(_SHORT_DIGITS)
    complements = 1 - shares
    return complements.zip_with(~is_short.fill_null(value=False), complements.round(_SHORT_DIGITS))


def _places(numbers: pl.Series, higher: str) -> tuple[pl.Series, Scale]:
    usable = numbers.set(~numbers.is_finite().fill_null(value=False), None)
    least, most = float(str(usable.min() or 0.0)), float(str(usable.max() or 0.0))
    scale = Scale("points", least, most if most > least else least + 1, higher)
    return scale.places(usable), scale


def _is_called_score(name: str) -> bool:
    return words.plain(name) in words.PROBABILITIES | words.POINTS | words.LOG_ODDS or words.has_word(
        name, words.SCORE_WORDS
    )


def _is_exact(name: str) -> bool:
    return words.plain(name) in words.PROBABILITIES | words.POINTS | words.LOG_ODDS


def _is_model(name: str, verdict: Verdict) -> bool:
    """Whether a further score is another model's: points may be a bureau's, which are a feature."""
    return verdict.says_pd or _is_exact(name)


def models_of(table: pl.DataFrame) -> set[str]:
    """The models that a column of the table names, of which each row has one's score."""
    return {
        str(value)
        for name in table.columns
        if words.plain(name) in words.MODELS and (table[name].dtype == pl.String or table[name].dtype.is_integer())
        for value in table[name].unique()
    }


def _competing(table: pl.DataFrame, found: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Of the columns that could be the score to show, those of which nothing tells which it is."""
    own = [name for name in found if words.plain(name) == _OWN_NAME and found[name].says_pd]
    by_name = {name: each for name, each in found.items() if _is_exact(name)}
    for chosen in ({name: found[name] for name in own[:1]}, _pds(by_name), by_name, _pds(found), dict(found)):
        if chosen:
            return _different(table, chosen)
    return {}


def _pds(found: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Those that say a PD and nothing else; a PD beats points, whichever is called what."""
    return {name: each for name, each in found.items() if each.says_pd and each.is_decided}


def _different(table: pl.DataFrame, found: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """`found` without columns that say what an earlier one says."""
    kept: dict[str, Verdict] = {}
    read: list[pl.Series] = []
    for name, verdict in found.items():
        said = as_pds(table[name], verdict.words[0])[0]
        if not any(said.equals(other, null_equal=True) for other in read):
            kept[name] = verdict
            read.append(said)
    return kept


def _which_score(table: pl.DataFrame, fitting: Mapping[str, Verdict]) -> Question:
    shown = list(fitting.items())[:_MOST_SHOWN]
    listed = " and ".join(f"{name} ({_range(table[name])})" for name, _ in shown)
    answers = tuple(
        Answer(f"{name}, {_SHORT[word]}", Answers(((name, word),))) for name, each in shown for word in each.words[:1]
    )
    text = f"{listed} could each be the score to show; which is it?"
    return Question("score", text, tuple(name for name, _ in shown), answers)


def _which_kind(values: pl.Series, verdict: Verdict) -> Question:
    answers = tuple(Answer(SAID[word], Answers(((values.name, word),))) for word in verdict.words)
    unit = other_unit(values.name)
    hint = f" (by its name {unit})" if unit else ""
    text = f"column {values.name} holds numbers {_range(values)}{hint}; what are they?"
    return Question("kind", text, (values.name,), answers)


def _range(values: pl.Series) -> str:
    numbers = numbers_of(values).drop_nulls().drop_nans()
    if not len(numbers):
        return f"such as {values.drop_nulls()[0]}"
    return f"from {float(str(numbers.min())):.6g} to {float(str(numbers.max())):.6g}"
