"""One applicant as a report: what it says is what the record says, and what the model gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest

from dashboard import cache
from dashboard.components.applicant.paper import applicant_paper, find_applicant
from dashboard.components.applicant.record import make_record
from dashboard.report.formats import FORMATS
from dashboard.report.paper import Figure, Origin, Paper, Sheet, Text
from dashboard.report.recipe import RecipeError
from dashboard.visit.drafts import Draft
from dashboard.words import labels
from tests.dashboard.components.applicant.test_record import CUTOFF, KINDS, kinds, view_of

ORIGIN = Origin(dt.datetime(2026, 1, 31, 12, 0, 5, tzinfo=dt.UTC), "1.2.3", "ab" * 32, "cd" * 32)


def paper_of(draft: Draft) -> Paper:
    view = view_of(draft)
    signed = replace(make_record(view, "Asked *for* <b>papers</b>."), analyst="A. N.", human_decision="refer")
    return applicant_paper(view, replace(signed, human_reason="Papers <missing>"), ORIGIN)


def rows_of(paper: Paper, title: str) -> list[tuple[str, ...]]:
    return next(list(block.rows) for block in paper.blocks if isinstance(block, Sheet) and block.title == title)


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_the_record_says(kind: str, ranked: pl.DataFrame) -> None:
    draft = kinds(ranked)[kind]
    view, paper = view_of(draft), paper_of(draft)
    record = make_record(view)
    assert Text("Asked *for* <b>papers</b>.") in paper.blocks
    human = rows_of(paper, "Decision of the analyst")
    assert human == [("Decision", "Referred"), ("Analyst", "A. N."), ("Reason", "Papers <missing>")]
    assert {column for _, _, column in rows_of(paper, "Values that were scored")} == set(record.inputs)
    assert any(isinstance(block, Sheet) and block.title == "What was edited" for block in paper.blocks) == bool(
        record.changes
    )
    if record.deciding_probability is None:
        assert paper.title.endswith("referred")
        assert any(isinstance(block, Text) and record.refer_reason in block.text for block in paper.blocks)
        return
    facts = {row[0]: row[1] for row in rows_of(paper, "Decision")}
    digits = labels.telling_digits(record.deciding_probability, CUTOFF)
    assert facts[f"PD, {record.decided_on}"] == labels.percent(record.deciding_probability, digits)
    assert facts["Decision"] == {"decline": "Declined", "approve": "Approved"}[record.decision]
    assert facts["Risk band"][0] == record.risk_band
    reasons = [(reason.label, reason.value) for reason in record.reasons]
    if reasons:
        assert [row[:2] for row in rows_of(paper, "Principal reasons, of the published model")] == reasons
    (figure,) = (block for block in paper.blocks if isinstance(block, Figure))
    (title,) = (fact for name, fact in paper.facts if name == "PD")
    assert title.startswith(facts[f"PD, {record.decided_on}"])
    assert figure.number == 1


def test_its_rank_is_the_table_s(ranked: pl.DataFrame, paper_pds: pl.Series) -> None:
    draft = kinds(ranked)["declined"]
    own = view_of(draft).standing.default_probability
    share = float((paper_pds < own).mean())  # type: ignore[arg-type]
    placed = {row[0]: row[1] for row in rows_of(paper_of(draft), "Where it stands")}
    assert placed["Riskier than"] == f"{100 * share:.1f} % of the portfolio"


@pytest.fixture
def paper_pds() -> pl.Series:
    predictions = cache.predictions(cache.open_dataset(cache.Location()))
    return predictions.frame["default_probability"]


def test_each_format_takes_it(ranked: pl.DataFrame) -> None:
    paper = paper_of(kinds(ranked)["declined"])
    begun = {kind: form.write(paper, lambda _done, _total: None)[:4] for kind, form in FORMATS.items()}
    assert begun == {"html": b"<!DO", "pdf": b"%PDF", "xlsx": b"PK\x03\x04"}


@pytest.mark.parametrize("identifier", ["nobody", "999999999999", "", "-1"])
def test_an_id_that_nobody_has_is_refused_in_one_sentence(identifier: str, ranked: pl.DataFrame) -> None:
    assert ranked.height
    with pytest.raises(
        RecipeError, match=r"There is no application .* in the table; give the id of one that is"
    ) as said:
        find_applicant(cache.open_dataset(cache.Location()), identifier, CUTOFF)
    assert str(said.value).count(".") == 1
