"""Complete what is said of a portfolio from its table: roles, columns, features and what the pages show first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from data.definition.building import build_definition
from data.definition.checking import TAKEN
from data.definition.definition import ROW_NUMBER, Definition
from data.definition.errors import Place, nearest, number_words, shown
from data.definition.evidence import vocabulary as words
from data.definition.evidence.kinds import ColumnGuess, group_names, guess_column, why_left_out
from data.definition.evidence.leaks import near_copies, why_given_away
from data.definition.evidence.roles import RolesGuess, bad_of, guess_roles, is_prediction
from data.definition.evidence.summaries import Summary, summarise
from data.definition.peeking import UTF_8, Peeked
from data.definition.reading import Said
from data.reading.dates import FORMS

MOST_COHORT = 60
_MOST_SEGMENTS, _MOST_FIRST, _MOST_SEGMENT_LEVELS = 4, 8, 12
_LACKING = 10
_UNSAID: Mapping[str, Any] = MappingProxyType({})
_SURE, _CHECK = "sure", "to be checked"
# Names that the predictions need for columns of their own: only identifier, outcome and exposure may be called so.
_NEEDED = TAKEN | {ROW_NUMBER}
_NEVER_FREE = _NEEDED - {"is_default", "observed", "exposure"}


class Finding(NamedTuple):
    """A line for the person who asked: a column, what it was taken for, whether that is sure, and why."""

    column: str
    guess: str
    is_sure: bool
    why: str

    @property
    def verdict(self) -> str:
        """Whether it is sure, in words."""
        return _SURE if self.is_sure else _CHECK


@dataclass(frozen=True)
class Guess:
    """A complete definition, also as a file says it; `comments` by dotted key; `features` as guessed from the table."""

    said: Said
    comments: Mapping[str, str]
    findings: Sequence[Finding]
    features: Sequence[str]
    definition: Definition


@dataclass
class _Draft:
    summaries: Mapping[str, Summary]
    roles: RolesGuess
    columns: dict[str, ColumnGuess]
    comments: dict[str, str] = field(default_factory=dict)


def guess_definition(
    table: Peeked | pl.DataFrame, said: Mapping[str, Any] = _UNSAID, where: Path = Path("portfolio.toml")
) -> Guess:
    """Guess the definition of `table`; what `said` (checked by `check_said`) says is kept, and messages name `where`.

    Raises:
        DefinitionError: `said` names a column that the table lacks, or outcomes that do not occur in it.
    """
    if isinstance(table, pl.DataFrame):
        table = Peeked(Path("table"), table.cast(pl.String), table.height)
    summaries = summarise(table.frame, said.get("table", {}).get("missing", ()))
    by_name = {each.name: each for each in summaries}
    _check_said_names(said, [*by_name, *table.unreadable], where, table.path)
    gaps = _gaps(summaries, said)
    left_said = set(said.get("left_out", ()))
    kept = [each for each in summaries if each.name not in left_said]
    readable = {each.name for each in kept if each.name not in _NEVER_FREE and not why_left_out(each)}
    roles = guess_roles(kept, said, readable, header=table.header)
    _check_outcome(by_name, said, where, is_sample=table.is_sample)
    draft = _Draft(by_name, roles, {})
    groups = group_names(list(by_name))
    free = {roles.roles.get("id"), roles.roles.get("exposure"), roles.outcome.column if roles.outcome else None}
    for summary in summaries:
        entry = said.get("columns", {}).get(summary.name, {})
        if summary.name in left_said:
            guess = ColumnGuess(summary.name, left_out="as said")
        elif summary.name in _NEEDED and summary.name not in free:
            guess = ColumnGuess(
                summary.name, left_out="its name is one that Scoreroom needs itself; rename it in the file", sure=False
            )
        else:
            guess = _guess(summary, roles, entry, groups, is_sample=table.is_sample)
        if set(summary.gaps) - set(gaps) and not guess.left_out and not entry:
            guess.left_out, guess.sure = "a text for a gap in it is a value of another column", False
        draft.columns[summary.name] = guess
    for name, reason in table.unreadable.items():
        draft.columns[name] = ColumnGuess(name, left_out=reason, sure=False)
    _bar_leaks(draft, said)
    _limit_cohort(draft, said)
    completed, features = _completed(draft, table, said, gaps)
    comments = _comments(draft, table)
    definition = build_definition(completed, where)
    return Guess(completed, comments, _findings(draft, table), features, definition)


def _guess(
    summary: Summary, roles: RolesGuess, said: Mapping[str, Any], groups: Mapping[str, str], *, is_sample: bool
) -> ColumnGuess:
    name = summary.name
    outcome = roles.outcome
    if outcome is not None and name == outcome.column:
        guess = ColumnGuess(
            name, {"label": words.label_of(name)[:200]}, [outcome.why], sure="outcome" not in roles.unsure
        )
        if summary.n_missing or set(summary.counts) - {*outcome.bad, *outcome.good}:
            guess.entry["nullable"] = True
        guess.no_feature = "the outcome"
        guess.entry.update(said)
        return guess
    if name == roles.roles.get("id"):
        guess = ColumnGuess(name, {"label": words.label_of(name)[:200]}, [roles.why.get("roles.id", "as said")])
        guess.sure = "roles.id" not in roles.unsure and not is_sample
        whole = summary.text.cast(pl.Int64, strict=False)
        if not whole.null_count() and not summary.has_padding:
            guess.entry["whole"] = True
        guess.no_feature = "the identifier"
        guess.entry.update(said)
        return guess
    role = next((key for key, column in roles.roles.items() if column == name), "")
    score = next((each for each, entry in roles.scores.items() if entry["column"] == name), "")
    guess = guess_column(summary, said, groups)
    if guess.left_out and (role or score):
        guess = guess_column(summary, {"label": words.label_of(name), **said}, groups)
    if score:
        kind = roles.scores[score].get("kind", "probability")
        guess.no_feature = f"a score that the table brings ({kind})"
        guess.doubt(f"a score: {roles.why.get(f'scores.{score}', 'as said')}")
        if kind == "probability" and "minimum" not in said:
            guess.entry |= {"minimum": 0, "maximum": 1}
    elif role in ("weight", "decision", "date"):
        guess.no_feature = {"weight": "the weight", "decision": "the decision", "date": "the date"}[role]
        guess.why.append(f"{guess.no_feature}: {roles.why.get(f'roles.{role}', 'as said')}")
        guess.sure = guess.sure and f"roles.{role}" not in roles.unsure
    elif role == "exposure":
        guess.why.append(f"the exposure: {roles.why.get('roles.exposure', 'as said')}")
        guess.sure = guess.sure and "roles.exposure" not in roles.unsure
    elif name in roles.decisions:
        guess.no_feature = "a decision, made from what a model sees"
    elif is_prediction(name):
        guess.no_feature = "a prediction"
    return guess


def _bar_leaks(draft: _Draft, said: Mapping[str, Any]) -> None:
    outcome = draft.roles.outcome
    y = bad_of(draft.summaries[outcome.column], outcome) if outcome and outcome.column in draft.summaries else None
    described = said.get("columns", {})
    for name, guess in draft.columns.items():
        if guess.left_out or guess.no_feature or name in described:
            continue
        if reason := why_given_away(draft.summaries[name], y):
            if name in draft.roles.roles.values():
                guess.no_feature = reason
                guess.doubt(reason)
            else:
                guess.left_out, guess.sure = reason, False
    models = [
        draft.summaries[name] for name, guess in draft.columns.items() if not (guess.left_out or guess.no_feature)
    ]
    for name, earlier, how in near_copies(models):
        draft.columns[name].no_feature = f"says what {earlier} says ({how})"
        draft.columns[name].why.append(draft.columns[name].no_feature)


def _limit_cohort(draft: _Draft, said: Mapping[str, Any]) -> None:
    """Keep the cohort columns that cut best where there are too many."""
    marked = [name for name, guess in draft.columns.items() if not guess.left_out and guess.entry.get("cohort")]
    special = {*draft.roles.roles.values(), *(entry["column"] for entry in draft.roles.scores.values())}

    def rank(name: str) -> tuple[bool, bool]:
        return name not in special, draft.columns[name].kind == "numeric"

    for name in sorted(marked, key=rank)[MOST_COHORT:]:
        if "cohort" not in said.get("columns", {}).get(name, {}):
            del draft.columns[name].entry["cohort"]


def _completed(draft: _Draft, table: Peeked, said: Mapping[str, Any], gaps: Sequence[str]) -> tuple[Said, list[str]]:
    read = {name: guess for name, guess in draft.columns.items() if not guess.left_out}
    features = [name for name, guess in read.items() if not guess.no_feature]
    outcome, roles = draft.roles.outcome, dict(draft.roles.roles)
    completed: Said = {"name": words.label_of(table.path.stem.split(".")[0])[:100], "currency": ""}
    # A definition cannot list a name that nobody can read, nor that of the identifier that is made for a table without.
    left_out = [
        name for name, guess in draft.columns.items() if guess.left_out and name != ROW_NUMBER and name.isprintable()
    ]
    if left_out:
        completed["left_out"] = left_out
    completed["table"] = {"file": str(table.path), "separator": table.separator, "header": table.header}
    if not table.header:
        completed["table"]["names"] = table.frame.columns
    if gaps:
        completed["table"]["missing"] = list(gaps)
    if outcome is not None:
        completed["outcome"] = {"column": outcome.column, "bad": list(outcome.bad), "good": list(outcome.good)}
    if roles:
        completed["roles"] = roles
    if draft.roles.scores:
        completed["scores"] = {name: dict(entry) for name, entry in draft.roles.scores.items()}
    completed["columns"] = {name: guess.entry for name, guess in read.items()}
    completed["features"] = {"columns": features}
    counted = [name for name in features if not draft.columns[name].entry.get("nullable")]
    if counted:
        completed["sufficiency"] = {"counted": counted, "most_lacking": len(counted) // _LACKING}
    if screen := _screen(draft, features):
        completed["screen"] = screen
    completed["example"] = _example(draft, read)
    for key, value in said.items():
        if key in ("table", "roles", "features"):
            completed[key] = {**completed.get(key, {}), **value}
        elif key != "columns" and key != "left_out":
            completed[key] = value
    return completed, features


def _screen(draft: _Draft, features: Sequence[str]) -> dict[str, Any]:
    cohort = [name for name, guess in draft.columns.items() if not guess.left_out and guess.entry.get("cohort")]
    exposure = [name for name in (draft.roles.roles.get("exposure"),) if name in cohort]
    first = [*exposure, *(name for name in cohort if name in features and name not in exposure)][:_MOST_FIRST]
    short = [name for name in cohort if 2 <= draft.summaries[name].n_distinct <= _MOST_SEGMENT_LEVELS]
    segments = sorted(short, key=lambda name: draft.columns[name].kind == "numeric")[:_MOST_SEGMENTS]
    pair = [*segments, *(name for name in first if name not in segments)][:2]
    screen = {"first_columns": first, "segments": segments, "pair": pair if len(pair) == 2 else []}
    return {key: names for key, names in screen.items() if names}


def _example(draft: _Draft, read: Mapping[str, ColumnGuess]) -> dict[str, Any]:
    """A typical application: of every column the median or the commonest level, so that it is nobody's."""
    example: dict[str, Any] = {}
    scores = {entry["column"] for entry in draft.roles.scores.values()}
    hidden = {*scores, draft.roles.roles.get("weight"), draft.roles.roles.get("decision"), draft.roles.roles.get("id")}
    for name, guess in read.items():
        summary = draft.summaries[name]
        if name in hidden or not guess.kind or guess.kind == "id" or not summary.n_given:
            continue
        value = _typical(summary, guess)
        if value is not None:
            example[name] = value
    return example


def _typical(summary: Summary, guess: ColumnGuess) -> Any:
    entry = guess.entry
    if guess.kind == "category":
        return next((level for level in summary.counts if level in entry.get("levels", ())), None)
    if guess.kind == "flag":
        return int(next(iter(summary.counts))) if set(summary.counts) <= {"0", "1"} else None
    if guess.kind == "date":
        return _middle_date(summary)
    special = [float(key) for key in entry.get("special", {})]
    values = summary.given[~np.isin(summary.given, special)]
    if not values.size:
        return None
    middle = float(values[values.size // 2])
    within = entry.get("minimum", middle) <= middle <= entry.get("maximum", middle)
    return None if not within else int(middle) if entry.get("whole") else middle


def _middle_date(summary: Summary) -> str | None:
    days = FORMS[summary.date_format or "%Y-%m-%d"].read(summary.text.drop_nulls()).drop_nulls().sort()
    return None if days.is_empty() else str(days[len(days) // 2])


def _gaps(summaries: Sequence[Summary], said: Mapping[str, Any]) -> list[str]:
    """The texts that stand for nothing anywhere and are no value elsewhere."""
    if "missing" in said.get("table", {}):
        return list(said["table"]["missing"])
    found = sorted({text for each in summaries for text in each.gaps})
    used = {text for text in found for each in summaries if each.numbers is None and text in each.counts}
    return [text for text in found if text not in used]


def _comments(draft: _Draft, table: Peeked) -> dict[str, str]:
    roles = draft.roles
    comments = {f"columns.{name}": _sentence(guess) for name, guess in draft.columns.items() if not guess.left_out}
    sampled = (
        f" Guessed from {table.frame.height:,} of {table.n_rows:,} rows, evenly spread." if table.is_sample else ""
    )
    comments["name"] = f"{table.n_rows:,} rows, {len(draft.columns)} columns.{sampled}"
    left_out = [f"{name}: {guess.left_out}." for name, guess in draft.columns.items() if guess.left_out]
    comments["left_out"] = "\n".join(["Columns of the file that are not read, and why.", *left_out])
    if table.encoding != UTF_8:
        comments["table"] = f"The file is {table.encoding}."
    if roles.outcome is not None:
        outcome = roles.outcome
        others = [f"Another candidate is {each.column}: {each.why}." for each in roles.others[:5]]
        still_open = "Rows with any other value are open: no outcome yet."
        comments["outcome"] = "\n".join(
            [_doubted(outcome.why, is_sure="outcome" not in roles.unsure), *others, still_open]
        )
        comments.pop(f"columns.{outcome.column}", None)
    for key, why in roles.why.items():
        comments[key] = _doubted(why, is_sure=key not in roles.unsure)
    not_seen = [
        f"{name}: {guess.no_feature}."
        for name, guess in draft.columns.items()
        if guess.no_feature and not guess.left_out
    ]
    comments["features.columns"] = "\n".join(["What a model sees. Not among them are", *not_seen]) if not_seen else ""
    comments["sufficiency"] = "What has to be known for a score: of the columns without gaps, all but a tenth."
    comments["example"] = "A typical application, made of medians and commonest levels; nobody's row."
    return {key: _printable(text) for key, text in comments.items() if text}


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def _sentence(guess: ColumnGuess) -> str:
    reasons = list(guess.why)
    if guess.no_feature and not any(guess.no_feature in each for each in reasons):
        reasons.append(guess.no_feature)
    return _doubted("; ".join(reasons) or "as said", is_sure=guess.sure)


def _doubted(reason: str, *, is_sure: bool) -> str:
    """A reason as a sentence of its own, which says whether a person should look."""
    return f"{reason[:1].upper()}{reason[1:]}." if is_sure else f"To be checked: {reason}."


def _findings(draft: _Draft, table: Peeked) -> list[Finding]:
    findings = []
    if table.n_unnamed:
        which = "a column" if table.n_unnamed == 1 else f"{table.n_unnamed:,} columns"
        why = f"{which} without a name, such as an index; give it one in the file to read it"
        findings.append(Finding("(no name)", "left out", is_sure=False, why=why))
    for name, guess in draft.columns.items():
        if guess.left_out:
            findings.append(Finding(name, "left out", guess.sure, guess.left_out))
            continue
        entry = guess.entry
        parts = [entry.get("kind", "")] if not guess.no_feature.startswith("the ") else [guess.no_feature]
        if guess.kind == "category":
            parts.append(f"{len(entry.get('levels', ()))} levels")
        if guess.kind == "numeric" and "minimum" in entry and "maximum" in entry:
            parts.append(f"{number_words(entry['minimum'])} to {number_words(entry['maximum'])}")
        parts += [entry[key] for key in ("unit", "sensitivity") if entry.get(key, "none") != "none"]
        why = "; ".join(guess.why)
        if guess.no_feature and not guess.no_feature.startswith("the ") and guess.no_feature not in why:
            parts.append("no feature")
            why = "; ".join(filter(None, [why, guess.no_feature]))
        findings.append(Finding(name, ", ".join(part for part in parts if part), guess.sure, why))
    return findings


def _check_said_names(said: Mapping[str, Any], names: Sequence[str], where: Path, table: Path) -> None:
    place = Place(where)
    named = [(place / "columns" / name, name) for name in said.get("columns", {})]
    named += [(place / "roles" / key, name) for key, name in said.get("roles", {}).items()]
    named += [(place / "scores" / key / "column", entry["column"]) for key, entry in said.get("scores", {}).items()]
    if "outcome" in said:
        named.append((place / "outcome" / "column", said["outcome"]["column"]))
    for at, name in named:
        if name not in names:
            raise at.error(f"names {shown(name)}, which {table.name} lacks", f"its columns are {nearest(name, names)}")


def _check_outcome(by_name: Mapping[str, Summary], said: Mapping[str, Any], where: Path, *, is_sample: bool) -> None:
    if "outcome" not in said or is_sample:
        return
    summary = by_name[said["outcome"]["column"]]
    there = {_plain(value) for value in summary.counts}
    for key in ("bad", "good"):
        if there.isdisjoint(_plain(value) for value in said["outcome"][key]):
            raise (Place(where) / "outcome" / key).error(
                f"lists no value that occurs in {shown(summary.name)}", f"there are {nearest('', list(summary.counts))}"
            )


def _plain(value: str) -> str:
    """A value as outcomes are compared: 1.0 is 1, and blanks around it do not count."""
    try:
        return repr(float(value))
    except ValueError:
        return value.strip()
