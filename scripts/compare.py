"""Compare two models over the same applications: differences from pairs, the swap set, segments; a row for each model.

Usage: python -m scripts.compare --models A,B [--portfolio FOLDER] [--where COLUMN=LEVEL ...] [--cutoff PD]
       [--other-cutoff PD] [--no-reasons] [--json OUT]
       python -m scripts.compare FILE [--models A,B] [--map COLUMN=ROLE ...] [--json OUT]

A is the model in force, B the one that would take its place: differences are B's figure less A's, and those swapped in
are approved by B alone. The models of a file are its scores by name; the one that it is shown by is also `champion`.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.roles.flags import answers_of
from data.predictions.table import ID, PROBABILITY, Predictions
from data.reading.said import parse_said
from data.settings import Settings, load_settings
from inference.errors import ContributionsError
from inference.inventory.entry import CHAMPION, ModelKind, UnknownModelError
from inference.inventory.explained import name_model_reasons
from inference.inventory.facts import facts_of
from inference.inventory.store import list_models, read_scores
from inference.model.decision import DEFAULT_CUTOFF
from scripts._at_hand import load_at_hand, read_brought, read_cutoff, read_score
from scripts._cli import offer_portfolio, offer_predictions, run, take_predictions
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
    def from_twice(cls, name: str) -> Self:
        return cls(f"--models {CHAMPION} and {name} are the same score of this file; name another one.")

    @classmethod
    def from_one_score(cls) -> Self:
        return cls("The file holds one score; a comparison needs two. Name further ones with --map COLUMN=score.")


def main() -> None:
    """Read the arguments, compare, write the JSON, print the tables."""
    arguments = _parse()
    answers, said, names = answers_of(arguments), parse_said(arguments.read), _names(arguments.models)
    check_report_place(arguments.json)
    settings = load_settings()
    definition = load_definition(settings)
    if arguments.predictions is None:
        source = load_at_hand(settings, definition)
        contenders = _of_inventory(settings, source, names)
    else:
        if names and names[0] != CHAMPION and not answers.champion:
            # To name the model in force first answers which of the file's scores is shown.
            answers = replace(answers, champion=names[0])
        source = read_brought(arguments.predictions, definition, answers, said)
        contenders = _of_file(source, names)
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
    report = _with_reasons(arguments, settings, definition, report, source)
    if not write_report(report.to_json(), arguments.json):
        _print(report)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.compare", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models",
        metavar="A,B",
        help="names of the models, one with a comma in quotation marks; the first two are compared",
    )
    offer_portfolio(parser)
    offer_predictions(parser, "compare the scores of this file instead")
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
    parser.add_argument(
        "--no-reasons", action="store_true", help="leave out the agreement of reasons, which takes longest by far"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="where to write the JSON; - for standard output alone")
    arguments = parser.parse_args()
    take_predictions(parser, arguments)
    if arguments.predictions is None and arguments.models is None:
        parser.error("--models A,B says which models of the portfolio are compared")
    return arguments


def _with_reasons(
    arguments: argparse.Namespace,
    settings: Settings,
    definition: Definition,
    report: ModelReport,
    source: Predictions,
) -> ModelReport:
    """The report with the agreement of reasons, or with why it cannot be had."""
    if arguments.no_reasons:
        return report
    if arguments.predictions is not None:
        return replace(report, why_no_reasons="A file of scores has no contributions that reasons could be made of.")
    try:
        one, two = (
            name_model_reasons(settings, name, min(cutoff, 1.0), source.frame[ID])
            for name, cutoff in zip(report.comparison.names, report.swap.cutoffs, strict=True)
        )
    except ContributionsError as error:
        return replace(report, why_no_reasons=str(error))
    return report.with_reasons(one, two, {column.name: column.label for column in definition.columns})


def _names(text: str | None) -> list[str]:
    # As in CSV, because a model's name in somebody's file may hold a comma.
    names = [name.strip() for name in next(csv.reader([text or ""], skipinitialspace=True), [])]
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
    own = source.frame[PROBABILITY]
    scores = {CHAMPION: own, **others}
    for name in names:
        if name not in {*scores, source.champion}:
            raise UnknownModelError.from_name(name, scores)
    if {CHAMPION, source.champion} <= {*names}:
        raise ModelsError.from_twice(source.champion)
    names = names or list(scores)
    if len(names) < _TWO:
        raise ModelsError.from_number(names, list(scores))
    facts: Mapping[str, object] = {"kind": ModelKind.SCORE.value, "how": "as imported"}
    return [
        Contender(name, others.get(name, own), facts, source.other_scales.get(name) if name in others else source.scale)
        for name in names
    ]


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
