"""Predictions from a score that the table brings, where no model can be trained."""

from __future__ import annotations

import hashlib

import polars as pl

from data.definition.definition import Definition
from data.definition.errors import Place
from data.predictions.brought import brought_pd, brought_score
from data.predictions.table import OUTCOME, PredictionsSource, make_predictions, write_predictions
from data.settings import Settings
from data.store.records import APPLICATIONS, PREDICTIONS, FileRecord, PortfolioRecord, is_intact, keep
from data.store.storage import check_file_place, read_parquet


def imported_are_fresh(settings: Settings, record: PortfolioRecord, definition: Definition) -> bool:
    """Whether there is nothing to do about the table's own score."""
    if brought_score(definition) is None:
        return True
    if not is_intact(settings, record, PREDICTIONS):
        return False
    return record.products[PREDICTIONS].made_from == _made_from_score(settings, definition)


def _made_from_score(settings: Settings, definition: Definition) -> dict[str, str]:
    return {APPLICATIONS: FileRecord.of_file(settings.applications).sha256, "definition": definition.digest}


def import_score(settings: Settings, definition: Definition, reason: str) -> None:
    """Write the predictions that the table brings, of the rows that have one; `reason` says why none were trained.

    Raises:
        DefinitionError: no row has a usable score.
        FileError: the place cannot be written.
    """
    check_file_place(settings.predictions)
    score = brought_score(definition)
    assert score is not None
    table = read_parquet(settings.applications)
    pds = table.select(brought_pd(score, definition)).to_series()
    scored = table.filter(pds.is_not_null())
    frame = make_predictions(
        scored, definition, pds.drop_nulls(), pl.repeat(None, scored.height, dtype=pl.UInt8, eager=True)
    )
    if frame.is_empty():
        raise Place(settings.definition, ("scores", score.name)).error(
            f"says no probability in any row ({score.column} as {score.kind})", "correct its kind or its column"
        )
    notices = [reason]
    n_open = frame[OUTCOME].null_count()
    if definition.target is None:
        notices.append("No outcome is known, so that nothing compares PDs with what happened.")
    if n_left := pds.null_count():
        notices.append(f"{n_left:,} of {table.height:,} applications have no usable {score.column} and are left out.")
    made_from = _made_from_score(settings, definition)
    digest = hashlib.sha256(repr(sorted(made_from.items())).encode()).hexdigest()
    source = PredictionsSource(
        definition.name,
        digest,
        is_imported=True,
        notices=tuple(notices),
        taken=f"PD from {score.column} ({score.kind}, higher is {score.higher})",
        n_open=n_open,
        has_outcomes=n_open < frame.height,
    )
    write_predictions(frame, settings.predictions, source)
    keep(settings, PREDICTIONS, [settings.predictions.name], made_from)
