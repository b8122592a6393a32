"""A decision record as one HTML file that needs nothing else: to be read, printed and filed.

All text passes through `escaped` on its way to the page. The file's own policy forbids scripts, images and
connections, and allows its one style sheet by digest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from dashboard.report.markup import escaped, row
from dashboard.words import labels
from dashboard.words.field_words import field_title, word_field
from data.definition.columns import Column
from data.definition.definition import Definition
from data.predictions.table import AS_IMPORTED, OUT_OF_FOLD
from inference.explain.record import PUBLISHED, Change, DecisionRecord, to_json
from inference.model.decision import declines
from inference.model.judgement import APPROVE, DECLINE, REFER
from inference.values import word_value

_BY = {
    OUT_OF_FOLD: "of a model that had not seen this application",
    AS_IMPORTED: "as imported",
    PUBLISHED: "of the published model",
}
# Dark text of at least 7:1 and lines of at least 3:1 on white, on the screen as on paper.
_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { max-width: 58rem; margin: 2rem auto; padding: 0 1.25rem; background: #fff; color: #1a1d21;
  font: 15px/1.5 Inter, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; padding-bottom: 0.25rem; border-bottom: 2px solid #1a1d21; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.25rem; }
p { margin: 0.4rem 0; }
.muted { color: #4a525c; }
.note { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #77818d; padding: 0.6rem 0.8rem; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid #c4cad1;
  overflow-wrap: anywhere; }
th { font-weight: 600; }
tbody th { font-weight: 400; }
thead th { border-bottom-color: #1a1d21; }
.facts th { width: 14rem; color: #4a525c; }
.decision { font-size: 1.25rem; font-weight: 600; }
code { font: 0.9em ui-monospace, Menlo, Consolas, monospace; }
@page { size: A4; margin: 18mm 16mm; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 9.5pt; }
  h2, h3 { break-after: avoid; }
  tr, .facts { break-inside: avoid; }
  thead { display: table-header-group; }
}
"""
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'; form-action 'none'"


def record_html(record: DecisionRecord, definition: Definition) -> str:
    """The record as a whole HTML document without scripts or references, for the screen and for A4.

    Inputs stand under their groups, in the order of `definition`, which all of them are columns of.

    Raises:
        RecordError: the record could not be read again from its JSON file.
    """
    name = _applicant(record)
    title = escaped(f"Decision record: {name}")
    head = f"{name}, made on {_time(record)}. Reasons are those of the published model, which is named below."
    body = "\n".join(
        (
            f"<header><h1>Decision record</h1><p>{escaped(head)}</p></header>",
            _section("Decision of the model", _decision(record)),
            _section("Decision of the analyst", _human(record)),
            *_why(record),
            _section("What was edited", _changes(record, definition)),
            _section("Note", _note(record)),
            _section("Values that were scored", _inputs(record, definition)),
            _section("Where this comes from", _provenance(record, definition)),
            _section("How to check it", _check()),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _paragraph(text: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escaped(text)}</p>' if kind else f"<p>{escaped(text)}</p>"


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escaped(title)}</h2>\n{content}\n</section>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escaped(cell)}</th>' for cell in header)
    body = "\n".join(row(first, cells) for first, *cells in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    body = "\n".join(row(name, [value]) for name, value in rows)
    return f'<table class="facts">\n<tbody>\n{body}\n</tbody>\n</table>'


def _applicant(record: DecisionRecord) -> str:
    return "New applicant" if record.application_id is None else f"Application {record.application_id}"


def _time(record: DecisionRecord) -> str:
    return f"{record.made_at[:10]} at {record.made_at[11:19]} UTC"


def _why(record: DecisionRecord) -> Iterator[str]:
    if record.decision != REFER:
        title = "Principal reasons" if record.decision == DECLINE else "What speaks for approval"
        yield _section(title, _reasons(record))
    if record.warnings:
        warnings = "\n".join(_paragraph(f"{warning[:1].upper()}{warning[1:]}.") for warning in record.warnings)
        yield _section("Implausible together", warnings)


def _decision(record: DecisionRecord) -> str:
    cutoff, pd = record.cutoff, record.deciding_probability
    if record.decision == REFER or pd is None:
        facts = (("Cutoff", f"{labels.cutoff_percent(cutoff, 2)}; not compared with anything"), *_filed(record))
        return "\n".join(
            (_paragraph("Referred, not scored", "decision"), _paragraph(record.refer_reason), _facts(facts))
        )
    digits = labels.telling_digits(pd, cutoff)
    side = "above" if pd > cutoff else "below"
    distance = "none, the PD is the cutoff" if pd == cutoff else f"{labels.points(abs(pd - cutoff), digits)} {side} it"
    word = "Declined" if record.decision == DECLINE else "Approved"
    facts = (
        (f"PD, {record.decided_on}", labels.percent(pd, digits)),
        ("Cutoff", f"{labels.percent(cutoff, digits)}; a PD at or above it is declined"),
        ("Distance to the cutoff", distance),
        ("Risk band", record.risk_band or labels.NOT_DEFINED),
        *(_published(record, pd) if record.decided_on != PUBLISHED else _filed(record)),
    )
    return _paragraph(f"{word} on the PD {_BY[record.decided_on]}", "decision") + "\n" + _facts(facts)


def _human(record: DecisionRecord) -> str:
    if not record.human_decision:
        return _paragraph("None is recorded.")
    word = {APPROVE: "Approved", DECLINE: "Declined", REFER: "Referred"}[record.human_decision]
    told = f"{word}, against the model" if record.is_overridden else f"{word}, as the model decides"
    reason = [("Reason", record.human_reason)] if record.human_reason else []
    return _paragraph(told, "decision") + "\n" + _facts([("Analyst", record.analyst), *reason])


def _published(record: DecisionRecord, pd: float) -> Iterator[tuple[str, str]]:
    """The published model's PD beside the one that decides; another decision is said as what that model would do."""
    other = record.default_probability
    if other is not None:
        is_declined = declines(other, record.cutoff)
        alike = "decides alike" if is_declined == (record.decision == DECLINE) else None
        would = alike or f"would {'decline' if is_declined else 'approve'}"
        words = labels.percent(other, labels.telling_digits(other, record.cutoff))
        yield "Published model, for comparison", f"{words} ({labels.signed_points(other - pd)}), {would}"


def _filed(record: DecisionRecord) -> Iterator[tuple[str, str]]:
    pd = record.filed_probability
    if pd is not None:
        words = labels.percent(pd, labels.telling_digits(pd, record.cutoff))
        yield f"As filed, {record.filed_by}, for comparison", words


def _reasons(record: DecisionRecord) -> str:
    if not record.reasons:
        return _paragraph("None are recorded.")
    rows = [
        (f"{reason.label} ({reason.field})", reason.value, reason.typical, labels.odds(reason.excess))
        for reason in record.reasons
    ]
    header = ("Field", "This applicant", "Typical of the just approved", "Odds against the just approved")
    return _table(header, rows) + "\n" + _paragraph(record.reasons_method, "muted")


def _changes(record: DecisionRecord, definition: Definition) -> str:
    if not record.changes:
        typical = "Nothing: all values are the typical ones that a new applicant begins with."
        return _paragraph(typical if record.application_id is None else "Nothing: the application table says the same.")
    before = "Typical value" if record.application_id is None else "Before"
    return _table(
        ("Field", before, "Scored", "Column"), (_worded_change(change, definition) for change in record.changes)
    )


def _worded_change(change: Change, definition: Definition) -> tuple[str, str, str, str]:
    column = definition.column(change.name)
    before, after = (word_field(column, value) for value in (change.before, change.after))
    if before == after:
        # The change is too small for the words, so show the stored values.
        before, after = (f"{word_value(value)} (as stored)" for value in (change.before, change.after))
    return field_title(column, definition), before, after, change.name


def _note(record: DecisionRecord) -> str:
    if not record.note.strip():
        return _paragraph("None.")
    return f'<div class="note">{escaped(record.note)}</div>'


def _inputs(record: DecisionRecord, definition: Definition) -> str:
    groups: dict[str, list[Column]] = {group: [] for group in definition.groups}
    for column in definition.inputs:
        groups[column.group].append(column)
    tables = (_group(record, definition, title, columns) for title, columns in groups.items())
    n_absent = sum(column.name not in record.inputs for column in definition.inputs)
    absent = _paragraph(f"{labels.plural(n_absent, 'column')} not given; such a value counts as missing.", "muted")
    return "\n".join((*filter(None, tables), *([absent] if n_absent else [])))


def _group(record: DecisionRecord, definition: Definition, title: str, columns: Sequence[Column]) -> str:
    rows = []
    for column in columns:
        name = column.name
        if name in record.inputs:
            edited = " (edited)" if name in record.changed else ""
            rows.append((field_title(column, definition), word_field(column, record.inputs[name]) + edited, name))
    return f"<h3>{escaped(title)}</h3>\n{_table(('Field', 'Value', 'Column'), rows)}" if rows else ""


def _provenance(record: DecisionRecord, definition: Definition) -> str:
    return _facts(
        (
            ("Made", _time(record)),
            ("Scoreroom", record.product_version),
            ("Model that scored", record.backend),
            ("Its SHA-256", record.model_sha256),
            ("Application table, SHA-256", record.data_sha256 or labels.NOT_DEFINED),
            (
                "PD with all its digits",
                labels.NOT_DEFINED if record.default_probability is None else repr(record.default_probability),
            ),
            ("This record as JSON, SHA-256", hashlib.sha256(to_json(record, definition)).hexdigest()),
        )
    )


def _check() -> str:
    return _paragraph(
        "Drop the JSON file of this record on Scoreroom's applicant page. Its values are scored again: the model with "
        "the SHA-256 above gives the same PD to the last digit, and another model is said to be another one."
    )
