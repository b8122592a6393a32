"""A file that somebody brings: kept aside, understood, put into the library whole, or gone."""

from __future__ import annotations

import gc
import gzip
from pathlib import Path

import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data.definition.definition import Outcome
from data.definition.reading import parse_definition
from data.errors import ScoreroomError
from data.library.entries import LibraryError, list_entries, neutral_definition
from data.library.opening import Brought, keep_predictions, prepare_training, same_content, understand
from data.predictions.imports import import_predictions
from data.predictions.roles.answers import NOTHING_SAID, parse_answers
from data.predictions.table import OUTCOME, PROBABILITY
from tests.made_loans import make_loans

DEFINITION = parse_definition(neutral_definition("Loans"), Path("portfolio.toml"))
LOANS = make_loans(400)
CSV = LOANS.write_csv().encode()


def test_a_file_is_understood_as_predictions_and_as_applications(tmp_path: Path) -> None:
    brought = Brought(tmp_path, "../My loans.csv.gz", gzip.compress(CSV))
    assert (brought.table.name, brought.title, brought.table.parent.parent) == ("My loans.csv.gz", "My loans", tmp_path)
    known = understand(brought, most_rows=400)
    assert known.predictions is not None
    assert known.predictions.frame.height == known.table.n_rows == 400
    assert known.sample.rows() == [tuple(map(str, row)) for row in LOANS.head(3).iter_rows()]
    assert known.is_trainable
    assert list_entries(tmp_path) == ()


def test_what_it_is_kept_as_is_what_was_understood(tmp_path: Path) -> None:
    brought = Brought(tmp_path, "loans.csv", CSV)
    answers = parse_answers(["defaulted=outcome"])
    known = understand(brought, answers, most_rows=400)
    assert known.predictions is not None
    entry = keep_predictions(brought, "Loans", known.predictions, answers)
    assert entry.reading is not None
    assert (entry.reading.digest, entry.n_rows) == (known.predictions.source.digest, 400)
    again = import_predictions(entry.folder / "loans.csv", DEFINITION, entry.reading.answers)
    assert again.frame[PROBABILITY].equals(known.predictions.frame[PROBABILITY])
    auc = roc_auc_score(again.frame[OUTCOME].to_numpy(), again.frame[PROBABILITY].to_numpy())
    assert auc == roc_auc_score(LOANS["defaulted"].to_numpy(), LOANS["pd"].to_numpy())
    found = same_content(list_entries(tmp_path), Brought(tmp_path, "copy.csv", CSV))
    assert found == entry
    assert same_content(list_entries(tmp_path), Brought(tmp_path, "other.csv", CSV + b"\n")) is None


def test_nothing_stays_of_a_file_that_nobody_holds(tmp_path: Path) -> None:
    brought = Brought(tmp_path, "loans.csv", CSV)
    assert brought.part.is_dir()
    del brought
    gc.collect()
    assert [*tmp_path.iterdir()] == []
    other = Brought(tmp_path, "portfolio.toml", CSV)
    assert other.table.name == "table-portfolio.toml"
    other.drop()
    assert [*tmp_path.iterdir()] == []


def test_a_file_too_long_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="400 rows, and at most 399 are opened"):
        understand(Brought(tmp_path, "loans.csv", CSV), most_rows=399)
    with pytest.raises(ScoreroomError, match=r"x\.csv"):
        understand(Brought(tmp_path, "x.csv", b"\x00\x01"), most_rows=9)


def test_a_file_without_scores_says_so_without_the_folder_it_lies_in_for_now(tmp_path: Path) -> None:
    brought = Brought(tmp_path, "loans.csv", LOANS.drop("pd").write_csv().encode())
    known = understand(brought, most_rows=400)
    assert known.predictions is None
    assert known.problems[0].startswith("loans.csv: ")
    assert known.is_trainable
    unknown = understand(
        Brought(tmp_path, "bare.csv", LOANS.select("income", "region").write_csv().encode()), most_rows=400
    )
    assert not unknown.is_trainable
    with pytest.raises(LibraryError, match="No column says how loans ended"):
        prepare_training(brought, "Loans", unknown)


def test_what_the_file_leaves_open_is_asked_and_its_answer_is_kept(tmp_path: Path) -> None:
    words = LOANS.with_columns(pl.col("defaulted").replace_strict({0: "1", 1: "2"}))
    brought = Brought(tmp_path, "loans.csv", words.write_csv().encode())
    known = understand(brought, most_rows=400)
    assert known.predictions is None
    (question,) = known.questions
    assert not known.is_trainable
    said = next(answer.said for answer in question.answers if answer.said.bad == ("2",))
    answered = understand(brought, said, most_rows=400)
    assert answered.questions == ()
    assert answered.is_trainable
    assert answered.predictions is not None
    assert answered.predictions.frame[OUTCOME].to_list() == (LOANS["defaulted"] == 1).to_list()
    assert answered.guess is not None
    assert answered.guess.definition.outcome == Outcome("defaulted", ("2",), ("1",))


def test_names_that_stand_twice_are_in_no_score_s_way(tmp_path: Path) -> None:
    brought = Brought(tmp_path, "loans.csv", CSV.replace(b"region", b"income"))
    known = understand(brought, most_rows=400)
    assert known.predictions is not None
    assert known.table.n_rows == known.predictions.frame.height == 400
    assert not known.is_trainable
    assert known.problems[1].startswith("loans.csv: ")


def test_how_a_file_is_written_can_be_said_and_is_kept(tmp_path: Path) -> None:
    damaged = CSV.replace(b"L000100,", b"L000100,1,2,3,")
    brought = Brought(tmp_path, "loans.csv", damaged)
    with pytest.raises(ScoreroomError, match="line 102"):
        understand(brought, most_rows=400)
    said = {"bad_lines": "leave-out"}
    known = understand(brought, said=said, most_rows=400)
    assert known.predictions is not None
    assert known.predictions.frame.height == 399
    prepare_training(brought, "Loans", known)
    assert 'read = ["bad_lines=leave-out"]' in (brought.part / "portfolio.toml").read_text()
    entry = keep_predictions(brought, "Loans", known.predictions, NOTHING_SAID, said)
    assert entry.reading is not None
    assert dict(entry.reading.said) == said


def test_an_answer_on_how_a_file_is_written_is_kept_with_what_was_said_of_that(tmp_path: Path) -> None:
    brought = Brought(tmp_path, "loans.csv", b"id;ead;pd;default\n1;1.234;5;0\n2;12.500;9;1\n3;20.100;1;0\n")
    (question,) = understand(brought, most_rows=10).questions
    known = understand(brought, question.answers[0].said, most_rows=10)
    assert known.predictions is not None
    entry = keep_predictions(brought, "Loans", known.predictions, question.answers[0].said)
    assert entry.reading is not None
    assert (entry.reading.answers, entry.reading.said) == (NOTHING_SAID, (("decimal", ","),))
    again = import_predictions(entry.folder / "loans.csv", DEFINITION, entry.reading.answers, dict(entry.reading.said))
    assert again.frame["exposure"].to_list() == [1234, 12500, 20100]
    assert again.source.digest == entry.reading.digest
