"""One applicant as a report: PD and decision, reasons, contributions, what would change it, rank and values.

The pieces are those of the applicant's page, and the record is the one that it hands out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboard import cache
from dashboard.charts.waterfall import plot_waterfall
from dashboard.cohort.filters import Filters
from dashboard.components.applicant.decision import word_changes
from dashboard.components.applicant.view import ApplicantView, applicant_view
from dashboard.components.applicant.why import field_steps
from dashboard.components.downloads import unmarked
from dashboard.metrics.placement import share_below
from dashboard.report.paper import Block, Figure, Origin, Paper, Sheet, Text, first_paragraph
from dashboard.report.recipe import RecipeError
from dashboard.visit.drafts import Draft, applicant_of
from dashboard.words import labels
from dashboard.words.field_words import field_title, word_field
from data.definition.columns import Column
from inference.explain.record import DecisionRecord
from inference.model.judgement import APPROVE, DECLINE, REFER

_REASONS = ("Field", "This applicant", "Typical of the just approved", "Log-odds beyond them")
_STANDING = "Where it stands"
_HUMAN = {APPROVE: "Approved", DECLINE: "Declined", REFER: "Referred"}
# What the report says of its terms, with the section of docs/metrics.md that explains each.
_SECTIONS = ("One application's contributions", "Reasons of a decision", "What would change a decision")


def find_applicant(dataset: cache.Dataset, identifier: str, cutoff: float) -> ApplicantView:
    """The application with this id as it was filed.

    Raises:
        RecipeError: no application has it.
        ScoreroomError: no model, or no application table.
    """
    found = cache.applicants(dataset)
    if found.path is None:
        raise RecipeError(f"An applicant cannot be reported on: {found.reason}")
    view = applicant_view(dataset, Draft(applicant_of(identifier)), cutoff) if identifier else None
    if view is None:
        raise RecipeError(f"There is no application {identifier!r} in the table; give the id of one that is.")
    return view


def applicant_paper(view: ApplicantView, record: DecisionRecord, origin: Origin, title: str = "") -> Paper:
    """The report on the application of `view`, of whose decision `record` is made."""
    blocks: list[Block] = []
    for heading, content in _sections(view, record):
        blocks += [Text(heading, is_heading=True), *content]
    return Paper(
        title or f"{view.name}: {_decided(view)}",
        tuple(_facts(view, origin)),
        tuple(f"{warning[:1].upper()}{warning[1:]}." for warning in record.warnings),
        tuple(_numbered(blocks)),
        tuple(_definitions()),
        origin,
    )


def _decided(view: ApplicantView) -> str:
    return "referred" if view.referral else view.standing.worded_decision.lower()


def _facts(view: ApplicantView, origin: Origin) -> Iterator[tuple[str, str]]:
    yield "Portfolio", cache.predictions(view.dataset).source.name
    yield "Applicant", view.name + (f", {labels.plural(len(view.changed), 'value')} edited" if view.changed else "")
    yield "PD", "none, referred" if view.referral else f"{view.standing.worded_pd}, {view.standing.whose}"
    yield "Cutoff", f"{labels.cutoff_percent(view.cutoff, 2)} PD"
    yield "Made", f"{origin.made_at:%Y-%m-%d %H:%M} UTC"
    yield "Data", origin.data_sha256[:12] or "no digest"
    yield "Model", origin.model_sha256[:12] or "none that can be read"


def _sections(view: ApplicantView, record: DecisionRecord) -> Iterator[tuple[str, list[Block]]]:
    if view.referral:
        yield "Decision", [Text(f"Referred, not scored. {view.referral}")]
    else:
        yield "Decision", [_sheet("Decision", ("", "Value"), list(_decision(view)))]
        yield "Reasons", [_reasons(record)]
        explanation = view.assessed.explanation
        if explanation is not None:
            chart = plot_waterfall(list(field_steps(view, explanation)), explanation.base, cutoff=view.cutoff)
            yield "Where the PD comes from", [Figure(0, chart)]
        yield "What would change the decision", [_changes(view)]
        yield _STANDING, [_sheet(_STANDING, ("", "Value"), list(_placed(view)))]
    if record.changes:
        rows = [
            (_title(view, each.name), _word(view, each.name, each.before), _word(view, each.name, each.after))
            for each in record.changes
        ]
        yield "What was edited", [_sheet("What was edited", ("Field", "Before", "Scored"), rows)]
    if record.human_decision:
        told = [("Decision", _HUMAN[record.human_decision]), ("Analyst", record.analyst)]
        reason = [("Reason", record.human_reason)] if record.human_reason else []
        title = "Decision of the analyst"
        yield title, [_sheet(title, ("", "Value"), [*told, *reason])]
    if record.note.strip():
        yield "Note of the analyst", [Text(record.note)]
    values = [(_title(view, name), _word(view, name, value), name) for name, value in record.inputs.items()]
    yield "Values that were scored", [_sheet("Values that were scored", ("Field", "Value", "Column"), values)]


def _decision(view: ApplicantView) -> Iterator[tuple[str, str]]:
    standing, published = view.standing, view.published
    yield "Decision", standing.worded_decision
    yield f"PD, {standing.whose}", standing.worded_pd
    yield "Cutoff", f"{labels.cutoff_percent(view.cutoff, 2)}; a PD at or above it is declined"
    yield "Distance to the cutoff", f"{standing.worded_distance} it"
    yield "Risk band", f"{standing.risk_band} ({standing.worded_band})"
    if not standing.is_published:
        more = labels.signed_points(published.default_probability - standing.default_probability)
        alike = "decides alike" if not view.is_disputed else f"would say {published.worded_decision.lower()}"
        yield "Published model, for comparison", f"{published.worded_pd} ({more}), {alike}"


def _reasons(record: DecisionRecord) -> Block:
    if not record.reasons:
        return Text("None are recorded.")
    rows = [(reason.label, reason.value, reason.typical, labels.decimal(reason.excess, 2)) for reason in record.reasons]
    return _sheet("Principal reasons, of the published model", _REASONS, rows, note=record.reasons_method)


def _changes(view: ApplicantView) -> Block:
    cutoff = labels.cutoff_percent(view.cutoff, 2)
    if not view.standing.is_declined:
        return Text(f"Approved at {cutoff}: nothing has to change.")
    if view.is_disputed:
        return Text(f"Not searched: the published model's PD of {view.published.worded_pd} is below {cutoff} as it is.")
    if not (view.definition.levers or view.definition.loan):
        return Text("Not searched: the portfolio's definition names nothing that an applicant can change.")
    found = cache.changes_to_approve(view.values, view.cutoff)
    if not found:
        return Text(f"No change of one or two things that can be acted on brings the PD below {cutoff}.")
    rows = [
        (
            unmarked(word_changes(each, view.definition).replace("**", "")),
            labels.percent(each.default_probability, labels.telling_digits(each.default_probability, view.cutoff)),
        )
        for each in found
    ]
    return _sheet("Smallest changes that lead to approval", ("Change", "PD then"), rows)


def _placed(view: ApplicantView) -> Iterator[tuple[str, str]]:
    counts, pd = cache.cohort_counts(view.dataset, Filters()), view.standing.default_probability
    share = share_below(counts, pd)
    yield "Riskier than", labels.NOT_DEFINED if share is None else f"{labels.percent(share, 1)} of the portfolio"
    disputed = cache.disputed_share(view.dataset, view.cutoff)
    if disputed is not None:
        yield "Both PDs decide differently on", f"{labels.percent(disputed)} of the portfolio"


def _sheet(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], note: str = "") -> Sheet:
    table = {name or "What": [row[place] for row in rows] for place, name in enumerate(header)}
    return Sheet(0, title, note, table, header, tuple(rows))


def _numbered(blocks: Sequence[Block]) -> Iterator[Block]:
    n_figures = n_sheets = 0
    for block in blocks:
        match block:
            case Figure(_, chart):
                n_figures += 1
                yield Figure(n_figures, chart)
            case Sheet():
                n_sheets += 1
                yield Sheet(n_sheets, block.title, block.note, block.table, block.header, block.rows)
            case Text():
                yield block


def _definitions() -> Iterator[tuple[str, str]]:
    yield "PD", "Predicted probability of default. Out of fold: of a model that had not seen this application."
    yield "Cutoff", "The PD at and above which an application is declined."
    yield from ((section, first_paragraph(section)) for section in _SECTIONS)


def _column(view: ApplicantView, name: str) -> Column:
    return view.definition.column(name)


def _title(view: ApplicantView, name: str) -> str:
    return field_title(_column(view, name), view.definition)


def _word(view: ApplicantView, name: str, value: object) -> str:
    return word_field(_column(view, name), value)  # type: ignore[arg-type]
