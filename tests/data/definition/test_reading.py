"""A definition read from TOML: what it becomes, and the one sentence that each fault gets."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from data.definition.columns import Special, SpecialUse
from data.definition.definition import Definition
from data.definition.errors import DefinitionError
from data.definition.grammar import Call, Name
from data.definition.reading import check_said, parse_definition, parse_said, read_definition
from data.definition.writing import definition_text
from data.errors import ScoreroomError

WHERE = Path("portfolio.toml")
SMALL = """
name = "Loans"
[outcome]
column = "status"
bad = ["late"]
good = ["paid"]
[roles]
id = "loan"
decision = "decision"
[scores.bureau]
column = "score"
[columns.loan]
whole = true
[columns.status]
[columns.decision]
levels = ["yes", "no"]
[columns.score]
[columns.amount]
minimum = 0
[columns.income]
whole = true
minimum = 0
maximum = 30_000
special = { "-7" = "not asked", "99999" = { meaning = "no record", model = "indicator" } }
[columns.purpose]
levels = ["car", "house"]
[columns.day]
kind = "date"
[columns.gender]
levels = ["f", "m"]
sensitivity = "protected"
[features]
columns = ["amount", "income", "purpose"]
"""


def read(more: str, text: str = SMALL) -> Definition:
    return parse_definition(text + more, WHERE)


def test_reads_columns_by_kind_and_role() -> None:
    definition = read("")
    assert definition.polars_schema() == pl.Schema(
        {
            "loan": pl.Int64(),
            "status": pl.Int8(),
            "decision": pl.Enum(["yes", "no"]),
            "score": pl.Float64(),
            "amount": pl.Float64(),
            "income": pl.Int32(),
            "purpose": pl.Enum(["car", "house"]),
            "day": pl.Date(),
            "gender": pl.Enum(["f", "m"]),
        }
    )
    assert definition.column("income").special == (
        Special(-7.0, "not asked"),
        Special(99999.0, "no record", SpecialUse.INDICATOR),
    )


def test_puts_derived_features_into_one_another_in_any_order() -> None:
    definition = read(
        '[features.derived.twice]\nvalue = "share * 2"\n[features.derived.share]\nvalue = "amount / income"'
    )
    share = Call("/", (Name("amount"), Name("income")))
    assert [each.name for each in definition.features.derived] == ["twice", "share"]
    assert definition.features.derived[0].node.operands[0] == share  # type: ignore[union-attr]


def test_makes_a_row_number_where_there_is_no_identifier() -> None:
    definition = read("", 'name = "x"\n[columns.a]\n')
    assert list(definition.by_name) == ["row_number", "a"]
    assert definition.features.columns == ("a",)


def test_digest_depends_on_what_is_said_and_not_on_how() -> None:
    first = read('[features.derived.x]\nvalue = "amount/income"')
    spaced = read('# A comment.\n[features.derived.x]\nvalue = "(amount) / income"')
    other = read('[features.derived.x]\nvalue = "income / amount"')
    assert first.digest == spaced.digest != other.digest
    again = parse_definition(definition_text(first, {"columns.income": "guessed"}), WHERE)
    assert (again, again.digest) == (first, first.digest)


FAULTS = [
    # What the file is.
    ("x = = 1", "is not TOML: Invalid value (at line"),
    ("x = " + "[" * 5_000, "is nested too deeply"),
    ("a." * 500_000 + "a = 1", "has keys or texts with too many dots"),
    ("x = " + "1" * 5_000, "is not TOML"),
    # Keys and words.
    ("[colums.a]", "colums is an unknown key; known here are columns, "),
    ("[columns.a]\nlable = 'x'", "columns.a.lable is an unknown key; known here are label, "),
    ("[columns.a]\nunit = 'curency'", "columns.a.unit is curency; write one of currency, currency a year, "),
    ("[columns.a]\nkind = 'numerical'", "columns.a.kind is numerical; write one of numeric, "),
    ("[columns.a]\nminimum = 'x'", "columns.a.minimum is a text; write a number"),
    ("[columns.a]\nminimum = nan", "columns.a.minimum is nan; write a number from -1e+18 to 1e+18"),
    ("[columns.a]\nwhole = 1", "columns.a.whole is a number; write true or false"),
    ("[columns.a]\nlabel = '" + "x" * 201 + "'", "columns.a.label is 201 characters long; shorten it"),
    ('[columns.a]\nlabel = "a\\u0007"', "columns.a.label holds a character that cannot be printed"),
    # Columns.
    ("[columns.a]\nminimum = 2\nmaximum = 1", "columns.a.minimum is 2, above the maximum 1"),
    ("[columns.a]\nlevels = ['x', 'y', 'x']", "columns.a.levels lists x twice"),
    ("[columns.a]\nlevels = ['x']", "columns.a.levels lists one level"),
    ("[columns.a]\nkind = 'category'", "columns.a.levels lists no level"),
    ("[columns.a]\nlevels = ['x', 'y']\nlevel_labels = { z = 'Z' }", "level_labels names z, which is not a level"),
    ("[columns.a]\nlevels = ['x', 'y']\nspecial = { '-1' = 'none' }", "columns.a.special does not fit a column of"),
    ("[columns.a]\nkind = 'flag'\nminimum = 1", "columns.a.minimum does not fit a column of kind flag"),
    ("[columns.a]\nspecial = { x = 'none' }", "columns.a.special.x is not a number"),
    ("[columns.a]\nspecial = { '-1' = 'none', '-1.0' = 'nothing' }", "is the same number as one before it"),
    ("[columns.Amount]", "columns.Amount differs from amount by case or accents alone"),
    ("[columns.'am\u00f3unt']", "differs from amount by case or accents alone"),
    ("[columns.fold]", "columns.fold has a name that the table of predictions needs itself"),
    ("[columns.application_id]", "columns.application_id has a name that"),
    ("[columns.'~row']", "columns.~row begins with ~"),
    ("[columns.'']", "is an empty name"),
    ("".join(f"[columns.c{i}]\n" for i in range(2_000)), "columns has 2,009 entries; keep at most 2,000"),
    # Derived features.
    ("[features.derived.x]\nvalue = 'amount.real'", "features.derived.x.value has a fault at character 1: an"),
    ("[features.derived.x]\nvalue = 'amont / 2'", "there is no column amont; there are amount, "),
    ("[features.derived.x]\nvalue = '1 + 2'", "features.derived.x.value uses no column"),
    ("[features.derived.x]\nvalue = 'purpose * 2'", "computes with purpose, which is of kind category"),
    ("[features.derived.x]\nvalue = 'is_special(amount)'", "asks is_special(amount), which has no special values"),
    ("[features.derived.x]\nvalue = 'count_missing(gender)'", "names gender, which is protected"),
    ("[features.derived.x]\nvalue = 'score * 2'", "names score, which is the score"),
    ("[features.derived.amount]\nvalue = 'income * 2'", "features.derived.amount is called like amount"),
    ("[features.derived.AMOUNT]\nvalue = 'income * 2'", "features.derived.AMOUNT is called like amount"),
    ("[features.derived.mean]\nvalue = 'income * 2'", "features.derived.mean is the name of a function"),
    ("[features.derived.x]\nvalue = 'y + 1'\n[features.derived.y]\nvalue = 'x + 1'", "uses itself (x -> y -> x)"),
    ("[features.derived.x]\nvalue = 'x + 1'", "uses itself (x -> x)"),
    (
        "".join(f"[features.derived.x{i}]\nvalue = 'x{i + 1} * x{i + 1}'\n" for i in range(60))
        + "[features.derived.x60]\nvalue = 'amount'",
        "has more than 1,000 parts or is nested",
    ),
    (
        "".join(f"[features.derived.x{i}]\nvalue = '1 - x{i + 1}'\n" for i in range(900))
        + "[features.derived.x900]\nvalue = 'amount'",
        "has more than 1,000 parts or is nested",
    ),
    (
        "".join(f"[features.derived.x{i}]\nvalue = 'amount'\n" for i in range(1_001)),
        "has 1,001 entries; keep at most 1,000",
    ),
    # Names of columns elsewhere.
    ("[features.monotone]\npurpose = 'rising'", "monotone.purpose is of kind category, which has no order"),
    ("[features.monotone]\nnowhere = 'rising'", "names nowhere, which is not a column of the definition"),
    ("[levers]\nnowhere = { to = 1 }", "levers.nowhere names nowhere, which is not a column"),
    ("[levers]\ngender = { to = 'f' }", "levers.gender is protected"),
    ("[levers]\npurpose = { to = 'boat' }", "levers.purpose.to is not a level of the column; there are car, house"),
    ("[levers]\namount = { step = 0.1 }", "does not say one way to change it"),
    ("[[rules]]\ntext = 'x'\nwhen = 'nowhere > 1'", "rules.number 1.when has a fault at character 1: there is no"),
    ("[[rules]]\ntext = 'x'\nwhen = 'purpose == \"boat\"'", "names boat, which is not a level"),
    ("[[rules]]\ntext = 'x'\nwhen = 'amount == \"boat\"'", "compares amount, which is of kind numeric, with a text"),
    ("[screen]\nsegments = ['nowhere']", "screen.segments names nowhere"),
    ("[sufficiency]\nrequired = ['status']", "sufficiency.required names status, the identifier or outcome"),
    ("[example]\nnowhere = 1", "example names nowhere"),
    (
        "[example]\nincome = 40_000",
        "example.income is 40,000, outside the column's range; write a number from 0 to 30,000",
    ),
    ("[example]\npurpose = 'boat'", "example.purpose is not a level of the column"),
    ("[example]\nday = 'today'", "example.day is not a date"),
]


@pytest.mark.parametrize(("more", "words"), FAULTS, ids=[words[:40] for _, words in FAULTS])
def test_says_in_one_sentence_what_is_wrong(more: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read(more)
    message = str(caught.value)
    assert words in message
    assert message.startswith("portfolio.toml: ")
    assert message.count("\n") == 0
    assert len(message) < 600


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "Loans"', "", "the definition has no name"),
        ('name = "Loans"', 'name = "x"\nversion = 2', "version is 2; this version of Scoreroom reads version = 1"),
        ('name = "Loans"', 'name = "x"\nchampion = "../x"', "champion cannot name a folder"),
        (
            'column = "status"',
            'column = "state"',
            "outcome.column names state, which is not a column of the definition",
        ),
        ('bad = ["late"]', "bad = []", "outcome.bad lists nothing"),
        ('bad = ["late"]', 'bad = ["paid"]', "outcome has paid among bad and good"),
        ('bad = ["late"]', "", "outcome has no bad"),
        ('id = "loan"', 'id = "number"', "roles.id names number"),
        ('id = "loan"', 'id = "status"', "roles makes status the outcome and the identifier"),
        ('id = "loan"', 'id = "loan"\nexposure = "purpose"', "roles.exposure names purpose, which is of kind category"),
        ('["amount",', '["nowhere",', "features.columns names nowhere"),
        ('["amount",', '["gender",', "features.columns names gender, which is protected"),
        ('["amount",', '["loan",', "features.columns names loan, which is the identifier"),
        ('["amount",', '["status",', "features.columns names status, which is the outcome"),
        ('["amount",', '["score",', "features.columns names score, which is the score"),
        ('["amount",', '["decision",', "features.columns names decision, which is the decision"),
        ('["amount",', '["day",', "features.columns names day, which is of kind date"),
    ],
)
def test_says_what_is_wrong_with_a_line(old: str, new: str, words: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(DefinitionError) as caught:
        read("", SMALL.replace(old, new))
    assert words in str(caught.value)


def test_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.toml"
    faults = {
        b"# " + b"x" * 2_000_000: "is larger than 2 MB",
        b'name = "x"\nlabel = "\xe9"': "is not UTF-8 on line 2",
    }
    for data, words in faults.items():
        path.write_bytes(data)
        with pytest.raises(DefinitionError, match=words):
            read_definition(path)
    for wrong in (tmp_path, tmp_path / "nowhere.toml", Path("/dev/null")):
        with pytest.raises(ScoreroomError, match=r"is a directory|no such file|is a device"):
            read_definition(wrong)


def test_reads_a_file_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.toml"
    path.write_text(SMALL, encoding="utf-8-sig")
    assert read_definition(path) == read("")


def test_never_echoes_a_long_text() -> None:
    for more in (f"[{'k' * 5_000}]", f"[columns.a]\nkind = '{'k' * 5_000}'", f"[features.monotone]\n{'k' * 190} = 'x'"):
        with pytest.raises(DefinitionError) as caught:
            read(more)
        assert len(str(caught.value)) < 600


def test_says_of_three_lines_what_they_say() -> None:
    said = parse_said('name = "Loans"\n[outcome]\ncolumn = "s"\nbad = ["1"]\ngood = ["0"]', WHERE)
    assert check_said(said, WHERE) == {"name": "Loans", "outcome": {"column": "s", "bad": ["1"], "good": ["0"]}}
    with pytest.raises(DefinitionError, match="columns lists no column"):
        parse_definition('name = "Loans"', WHERE)
