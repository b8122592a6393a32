"""Compare two models over the same applications: differences from pairs, the swap set, segments; a row for each model.

Usage: python -m scripts.compare --models A,B [--portfolio FOLDER] [--where COLUMN=LEVEL ...] [--cutoff PD]
       [--other-cutoff PD] [--json OUT]
       python -m scripts.compare --predictions FILE [--models A,B] [--map COLUMN=ROLE ...] [--json OUT]

A is the model in force, B the one that would take its place: differences are B's figure less A's, and those swapped in
are approved by B alone. In a file that somebody brought, its models are `champion` and its other scores by name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dashboard.cohort.columns import prepare
from dashboard.report.comparing import Contender, ModelReport, compare_models
from dashboard.report.conditions import read_conditions
from dashboard.visit.assumptions import assume
from dashboard.words import labels, paired_words
from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.predictions.imports import import_predictions
from data.predictions.roles.answers import NOTHING_SAID
from data.predictions.roles.flags import answers_of, offer_answers
from data.predictions.table import PROBABILITY, Predictions
from data.reading.said import parse_said
from data.settings import Settings, load_settings
from inference.inventory.entry import CHAMPION, ModelKind, UnknownModelError
from inference.inventory.facts import facts_of
from inference.inventory.store import list_models, read_scores
from inference.model.decision import DEFAULT_CUTOFF
from scripts._at_hand import load_at_hand, read_cutoff, read_score
from scripts._cli import offer_portfolio, offer_reading, run
from scripts._report_file import check_report_place, write_report

_TWO = 2


class ModelsError(ScoreroomError):
    """Models that cannot be compared."""

    @classmethod
    def from_number(cls, names: Sequence[str], known: Sequence[str]) -> Self:
        given = ", ".join(names) or "nothing"
        return cls(f"--models {given}: a comparison is of two models or more; there are {', '.join(known)}.")

    @classmethod
    def from_alone(cls) -> Self:
        return cls(
            "There is no other model than the champion; train one first: "
            "`python -m scripts.train --kind scorecard --name scorecard`."
        )

    @classmethod
    def from_one_score(cls) -> Self:
        return cls("The file holds one score; a comparison needs two. Name further ones with --map COLUMN=score.")


def main() -> None:
    """Read the arguments, compare, write the JSON, print the tables."""
    arguments = _parse()
    answers, said = answers_of(arguments), parse_said(arguments.read)
    check_report_place(arguments.json)
    settings = load_settings()
    definition = load_definition(settings)
    if arguments.predictions is None:
        source = load_at_hand(settings, definition)
        contenders = _of_inventory(settings, source, _names(arguments.models))
    else:
        source = import_predictions(arguments.predictions, definition, answers, said)
        contenders = _of_file(source, _names(arguments.models))
    cutoffs = _cutoffs(arguments, source)
    predictions = prepare(source, cutoffs=cutoffs)
    conditions = read_conditions(arguments.where, predictions.filter_columns, definition)
    report = compare_models(
        predictions,
        contenders,
        conditions,
        assume(cutoffs[0]),
        cutoffs=cutoffs,
        conditions=arguments.where,
        currency=definition.currency,
    )
    if not write_report(report.to_json(), arguments.json):
        _print(report)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.compare", description=__doc__.splitlines()[0])
    parser.add_argument("--models", metavar="A,B", help="names of the models; the first two are compared")
    offer_portfolio(parser)
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="compare the scores of this file instead")
    offer_answers(parser)
    offer_reading(parser)
    parser.add_argument(
        "--cutoff",
        metavar="PD",
        help=f"PD from which on A declines, 0 to 1 ({DEFAULT_CUTOFF}); of scores that are no PDs the score",
    )
    parser.add_argument("--other-cutoff", metavar="PD", help="the same of B (that of A)")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=LEVEL",
        help="only these applications; COLUMN=LOW..HIGH for numbers, COLUMN=~missing for gaps; may be repeated",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="where to write the JSON; - for standard output alone")
    arguments = parser.parse_args()
    if arguments.predictions is None:
        if answers_of(arguments) != NOTHING_SAID:
            parser.error("--map and the like say what columns of --predictions FILE are; name the file too")
        if arguments.read:
            parser.error("--read says how --predictions FILE is written; name the file too")
        if arguments.models is None:
            parser.error("--models A,B says which models of the portfolio are compared")
    return arguments


def _names(text: str | None) -> list[str]:
    names = [name.strip() for name in (text or "").split(",")]
    return list(dict.fromkeys(filter(None, names)))


def _of_inventory(settings: Settings, source: Predictions, names: Sequence[str]) -> list[Contender]:
    known = {entry.name: entry for entry in list_models(settings) if not entry.is_stale}
    for name in names:
        if name not in known:
            # A stale one says why it cannot be compared.
            read_scores(settings, name)
    if len(known) < _TWO:
        raise ModelsError.from_alone()
    if len(names) < _TWO:
        raise ModelsError.from_number(names, list(known))
    return [
        Contender(
            name,
            source.frame[PROBABILITY] if name == CHAMPION else read_scores(settings, name),
            facts_of(settings, known[name]),
            source.scale if name == CHAMPION else None,
        )
        for name in names
    ]


def _of_file(source: Predictions, names: Sequence[str]) -> list[Contender]:
    others = source.others
    if not others:
        raise ModelsError.from_one_score()
    scores = {CHAMPION: source.frame[PROBABILITY], **others}
    names = names or list(scores)
    names = [CHAMPION if name == source.champion else name for name in names]
    for name in names:
        if name not in scores:
            raise UnknownModelError.from_name(name, scores)
    if len(names) < _TWO:
        raise ModelsError.from_number(names, list(scores))
    facts: Mapping[str, object] = {"kind": ModelKind.SCORE.value, "how": "as imported"}
    scales = {CHAMPION: source.scale, **source.other_scales}
    return [Contender(name, scores[name], facts, scales.get(name)) for name in names]


def _cutoffs(arguments: argparse.Namespace, source: Predictions) -> tuple[float, float]:
    """Each model's cutoff, a PD or a place on the score's scale; without a word the usual one, or the median score."""

    def read(text: str) -> float:
        return read_cutoff(text) if source.scale is None else read_score(text, source.scale)

    usual = DEFAULT_CUTOFF if source.scale is None else float(str(source.frame[PROBABILITY].median() or 0.0))
    own = usual if arguments.cutoff is None else read(arguments.cutoff)
    return own, own if arguments.other_cutoff is None else read(arguments.other_cutoff)


def _print(report: ModelReport) -> None:
    # Wide enough where nobody watches, so that a log is not cut by the 80 columns that are assumed there.
    console = Console(width=None if sys.stdout.isatty() else 120)
    one, two = (_printable(name) for name in report.comparison.names)
    table = Table("Figure", one, two, f"{two} less {one}, 95 %", title=_printable(report.source), title_justify="left")
    for figure in report.comparison.figures:
        word = paired_words.word_figure(figure)
        ends = [labels.NOT_DEFINED if each.value is None else word(each.value) for each in (figure.one, figure.two)]
        table.add_row(*map(_printable, (figure.label, *ends, paired_words.word_difference(figure))))
    console.print(table)
    console.print(_swaps(report))
    for sentence in report.sentences:
        console.print(_printable(sentence), highlight=False, soft_wrap=True)


def _swaps(report: ModelReport) -> Table:
    table = Table("Decision", "Applications", "Default rate", "95 %", title="Swap set", title_justify="left")
    for group in report.swap.groups:
        rate = group.default_rate
        ends = ""
        if rate.low is not None and rate.high is not None:
            ends = labels.interval(labels.brief_percent(rate.low), labels.brief_percent(rate.high))
        worded = labels.NOT_DEFINED if rate.value is None else labels.brief_percent(rate.value)
        table.add_row(group.swap.value, labels.count(group.n), worded, ends)
    return table


def _printable(text: str) -> str:
    # Names come out of files: they are neither markup nor orders to the terminal.
    return escape("".join(each if each.isprintable() else " " for each in text))


if __name__ == "__main__":
    run(main)
