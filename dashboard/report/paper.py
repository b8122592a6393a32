"""A report as a value: what it is of, its numbered figures and tables, and their definitions."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Self

from dashboard.charts.chart import Chart
from dashboard.charts.segment_tables import AGAINST_OTHERS, INTERVAL
from dashboard.charts.template import Named, Table
from dashboard.cohort.filters import Filters
from dashboard.cohort.wording import word_filters
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.evaluation import Assumptions
from dashboard.report.catalogue import Metric
from dashboard.report.conditions import read_conditions
from dashboard.report.parts import CARDS, CHARTS, Subject, metrics_of, segments
from dashboard.report.recipe import PORTFOLIO, REST, USUAL_COLUMNS, Kind, Part, Recipe, RecipeError
from dashboard.report.report import Report, evaluate
from dashboard.visit.links import brief_list
from dashboard.words import labels
from dashboard.words.money import unit
from dashboard.words.sections import METRICS, sections_of
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.judged import JudgedSource
from data.predictions.table import CohortColumn, Predictions
from data.settings import Settings
from inference.model.artifact import ONNX, Manifest

# What a table of segments shows on paper; the workbook has all of it.
_SEGMENT_COLUMNS = (
    "Segment",
    "Applications",
    "Default rate",
    f"Default rate {INTERVAL}",
    "Mean PD",
    "Bad rate",
    "Approval rate",
)
_MARKUP = re.compile(r"[*`]|\[(?P<words>[^\]]*)\]\([^)]*\)")
Step = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report comes from: when it was made (UTC), by which version, from which data and model (SHA-256).

    A digest is empty if the file cannot be read.
    """

    made_at: dt.datetime
    product_version: str
    data_sha256: str
    model_sha256: str

    @classmethod
    def now(cls, predictions: Predictions, settings: Settings) -> Self:
        """That of a report on `predictions` that is made now; PDs that are not the champion's own name no file."""
        source = predictions.source
        is_champion = not (source.is_imported or isinstance(source, JudgedSource))
        model = _model_digest(settings) if is_champion else ""
        return cls(dt.datetime.now(dt.UTC), version("scoreroom"), source.digest, model)


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, or with `is_heading` the heading of what follows."""

    text: str
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its number."""

    number: int
    chart: Chart


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its number: `table` holds the values, `rows` what of them is shown, in words, under `header`."""

    number: int
    title: str
    note: str
    table: Table
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Text | Figure | Sheet


@dataclass(frozen=True, slots=True)
class Paper:
    """A report, ready to be written: `facts` name what it is of, `definitions` explain its terms."""

    title: str
    facts: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    blocks: tuple[Block, ...]
    definitions: tuple[tuple[str, str], ...]
    origin: Origin

    @property
    def running_head(self) -> str:
        """What stands on every page."""
        return " · ".join(f"{name}: {value}" for name, value in self.facts)

    @property
    def provenance(self) -> tuple[tuple[str, str], ...]:
        """Where it comes from, with whole digests."""
        origin = self.origin
        return (
            ("Made", f"{origin.made_at:%Y-%m-%d at %H:%M:%S} UTC"),
            ("Scoreroom", origin.product_version),
            ("Data, SHA-256", origin.data_sha256 or labels.NOT_DEFINED),
            ("Model, SHA-256", origin.model_sha256 or labels.NOT_DEFINED),
        )


def _model_digest(settings: Settings) -> str:
    """The SHA-256 of the published model; empty if no model can be read."""
    try:
        return Manifest.load(settings.model).files[ONNX].sha256
    except ScoreroomError:
        return ""


def make_paper(
    recipe: Recipe,
    predictions: Predictions,
    definition: Definition,
    origin: Origin,
    step: Step = lambda _done, _total: None,
) -> Paper:
    """The report that `recipe` asks for, on `predictions` as `dashboard.cohort.columns.prepare` returns them.

    `step` is told how many of how many parts are done.

    Raises:
        RecipeError: the recipe does not fit the predictions.
        ConditionError: nor does one of its conditions.
        EmptyCohortError: a cohort holds no application with an outcome.
    """
    subject = _subject(recipe, predictions, definition)
    parts = tuple(_expanded(recipe.parts, predictions, definition))
    blocks: list[Block] = []
    for place, part in enumerate(parts):
        step(place, len(parts))
        blocks += _blocks(part, subject, blocks)
    step(len(parts), len(parts))
    return Paper(
        recipe.title,
        tuple(_facts(subject, recipe.assume(), origin)),
        subject.own.notices,
        tuple(blocks),
        tuple(_definitions(parts, blocks, subject)),
        origin,
    )


def _subject(recipe: Recipe, predictions: Predictions, definition: Definition) -> Subject:
    if not predictions.source.has_outcomes:
        raise RecipeError("No outcome is known of any application, so that there is nothing to report on.")
    assumptions = recipe.assume()
    chosen = read_conditions(recipe.where, predictions.filter_columns, definition, "where")
    other = _against(recipe, chosen, predictions, definition)
    return Subject(
        evaluate(predictions, chosen, assumptions),
        None
        if other is None
        else Named(_name(other, predictions.filter_columns), evaluate(predictions, other, assumptions)),
        definition.currency,
    )


def _against(recipe: Recipe, own: Filters, predictions: Predictions, definition: Definition) -> Filters | None:
    if not recipe.against:
        return None
    if recipe.against == REST:
        if not own:
            raise RecipeError("The whole portfolio has no rest to be compared with; choose a cohort, or leave it out.")
        return own.rest()
    other = (
        Filters()
        if recipe.against == PORTFOLIO
        else read_conditions(recipe.against, predictions.filter_columns, definition, "against")
    )
    if other == own:
        raise RecipeError("The cohort is compared with itself; choose another comparison, or leave it out.")
    return other


def _name(filters: Filters, columns: Mapping[str, CohortColumn]) -> str:
    if filters.is_rest:
        return "Rest"
    return word_filters(filters, columns) if filters else "Portfolio"


def _expanded(parts: Sequence[Part], predictions: Predictions, definition: Definition) -> Iterator[Part]:
    """The parts with each column of segments by itself."""
    known = [column.name for column in predictions.cohort_columns]
    for part in parts:
        if part.kind is not Kind.SEGMENTS:
            yield part
        elif part.value == USUAL_COLUMNS:
            usual = predictions.usual_segments(definition)
            yield from (Part(Kind.SEGMENTS, name) for name in usual or known[:1])
        elif part.value in known:
            yield part
        else:
            raise RecipeError(
                f"There is no column {part.value!r} to make segments of; columns are {brief_list(known)}."
            )


def _blocks(part: Part, subject: Subject, before: Sequence[Block]) -> list[Block]:
    figure = 1 + sum(isinstance(block, Figure) for block in before)
    sheet = 1 + sum(isinstance(block, Sheet) for block in before)
    match part.kind:
        case Kind.HEADING | Kind.TEXT:
            return [Text(part.value, part.kind is Kind.HEADING)]
        case Kind.CARDS:
            return [_cards(sheet, part.value, subject)]
        case Kind.CHART:
            chart = CHARTS[part.value]
            if chart.needs_comparison and subject.against is None:
                return [Text(f"{chart.label}: left out, because the report compares the cohort with nothing.")]
            return [Figure(figure, chart.draw(subject))]
        case Kind.SEGMENTS:
            return _segments(figure, sheet, part.value, subject)


def _cards(number: int, name: str, subject: Subject) -> Sheet:
    own = subject.evaluation
    given, metrics = own.assumptions, metrics_of(name, subject.currency)
    estimates = [metric.of(own) for metric in metrics]
    table: dict[str, Sequence[object]] = {
        "Figure": [metric.label_under(given) for metric in metrics],
        **_columns("", estimates),
    }
    header = ["Figure", "Value", "95 % interval"]
    columns = [_words(metrics, estimates), _ends(metrics, estimates)]
    other = subject.other(lambda evaluation: [metric.of(evaluation) for metric in metrics])
    if other is not None:
        table |= _columns(f"{other.name}: ", other.value)
        header += [other.name, "95 % interval"]
        columns += [_words(metrics, other.value), _ends(metrics, other.value)]
    rows = tuple(zip(table["Figure"], *columns, strict=True))
    return Sheet(number, CARDS[name].label, "", table, tuple(header), tuple(tuple(map(str, row)) for row in rows))


def _columns(prefix: str, estimates: Sequence[Estimate]) -> dict[str, Sequence[object]]:
    return {
        f"{prefix}Value": [each.value for each in estimates],
        f"{prefix}Lower end, 95 %": [each.low for each in estimates],
        f"{prefix}Upper end, 95 %": [each.high for each in estimates],
    }


def _words(metrics: Sequence[Metric], estimates: Sequence[Estimate]) -> list[str]:
    return [
        labels.NOT_DEFINED if each.value is None else metric.word(each.value)
        for metric, each in zip(metrics, estimates, strict=True)
    ]


def _ends(metrics: Sequence[Metric], estimates: Sequence[Estimate]) -> list[str]:
    return [
        (each.explanation if each.value is None else "")
        if each.low is None or each.high is None
        else labels.interval(metric.word(each.low), metric.word(each.high))
        for metric, each in zip(metrics, estimates, strict=True)
    ]


def _segments(figure: int, sheet: int, name: str, subject: Subject) -> list[Block]:
    column = next(each for each in subject.own.predictions.cohort_columns if each.name == name)
    chart, table = segments(subject, column)
    shown = [each for each in (*_SEGMENT_COLUMNS, AGAINST_OTHERS) if each in table]
    header = tuple(_with_unit(each) for each in shown)
    rows = tuple(zip(*(_cells(table[each]) for each in shown), strict=True))
    title = labels.column_title(column)
    note = (
        "Verdicts against other segments hold for all segments at once; each other interval is for 95 %. "
        "The workbook has all measures."
    )
    return [Figure(figure, chart), Sheet(sheet, f"Segments by {title}", note, table, header, rows)]


def _with_unit(name: str) -> str:
    if name.endswith(INTERVAL):
        return "95 % interval (%)"
    return f"{name} (%)" if name.endswith("rate") or name == "Mean PD" else name


def _cells(values: Sequence[object]) -> list[str]:
    digits = labels.column_decimals(values)
    return [_cell(value, digits) for value in values]


def _cell(value: object, digits: int) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return labels.NOT_DEFINED
    if isinstance(value, float):
        return labels.decimal(value, digits)
    if isinstance(value, int):
        return labels.count(value)
    # The column's title says than what.
    return str(value).removesuffix(" than other segments")


def _facts(subject: Subject, given: Assumptions, origin: Origin) -> Iterator[tuple[str, str]]:
    own = subject.own
    source = own.predictions.source
    yield "Portfolio", source.name
    if isinstance(source, JudgedSource):
        yield "Model", f"{source.model}, PDs {source.how}"
    cohort = word_filters(own.filters, own.predictions.filter_columns) if own.filters else "whole portfolio"
    yield "Cohort", f"{cohort}, {_size(own)}"
    against = subject.against
    yield "Compared with", "nothing" if against is None else f"{against.name}, {_size(against.value)}"
    yield "Cutoff", f"{labels.cutoff_percent(given.cutoff, 2)} PD"
    yield "Assumptions", ", ".join(_assumed(subject, given))
    yield "Made", f"{origin.made_at:%Y-%m-%d %H:%M} UTC"
    yield "Data", origin.data_sha256[:12] or "no digest"
    yield "Model", origin.model_sha256[:12] or "none that can be read"


def _size(report: Report) -> str:
    counts = report.evaluation.counts
    n_open = f", {labels.count(counts.n_open)} of them open" if counts.n_open else ""
    return f"{labels.plural(counts.n_applications, 'application')}{n_open}"


def _assumed(subject: Subject, given: Assumptions) -> Iterator[str]:
    costs, terms = given.costs, given.terms
    yield f"costs {costs.false_approval:g} to {costs.false_decline:g}"
    yield f"LGD {labels.typed_percent(terms.lgd)}"
    yield f"margin {labels.typed_percent(terms.margin)}"
    if not subject.counts.exposure_sum:
        yield f"EAD {labels.amount(terms.ead)} {unit(subject.currency)}"


def _definitions(parts: Sequence[Part], blocks: Sequence[Block], subject: Subject) -> Iterator[tuple[str, str]]:
    """Each figure's and each chart's definition, once, in the order of the report."""
    given = subject.evaluation.assumptions
    found: dict[str, str] = {}
    for part in parts:
        if part.kind is Kind.CARDS:
            for metric in metrics_of(part.value, subject.currency):
                found.setdefault(metric.label_under(given), metric.help_under(given))
    for block in blocks:
        if isinstance(block, Figure):
            found.setdefault(block.chart.method, first_paragraph(block.chart.method))
    yield from found.items()


def first_paragraph(heading: str) -> str:
    """What docs/metrics.md says first under `heading`, without markup."""
    paragraph = sections_of(METRICS)[heading].split("\n\n")[0]
    return " ".join(_MARKUP.sub(lambda found: found["words"] or "", paragraph).split())
