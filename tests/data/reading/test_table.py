"""One table in forty dialects, any that Hypothesis finds, and files as people bring them, with their right values."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import TableError
from data.reading.table import read_table

NAMES = ["id", "Ausfall", "pd", "Betrag (€)", "Stadt"]
ROWS: list[tuple[int, str, float, float, str | None]] = [
    (700_001 + k, "ja" if k % 5 == 0 else "nein", (k * 37 % 100 + 0.5) / 128, k * 1234.25 + 0.5, city)
    for k, city in enumerate(
        itertools.islice(itertools.cycle(["Köln", "Süd; Ost, West", 'die "Alte"', None, "São\tTomé"]), 60)
    )
]


def german(number: float, *, grouped: bool) -> str:
    text = f"{number:,.2f}" if grouped else repr(number)
    return text.translate(str.maketrans(",.", ".,"))


def written(separator: str, decimal: str, quoting: Any, ending: str, quote: str = '"') -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=ending, quotechar=quote)
    writer.writerow(NAMES)
    for key, outcome, pd, amount, city in ROWS:
        numbers = [repr(pd), f"{amount:.2f}"]
        if decimal == ",":
            numbers = [german(pd, grouped=False), german(amount, grouped=True)]
        writer.writerow([key, outcome, *numbers, city or ""])
    return out.getvalue()


PACKINGS = {"plain": lambda data: data, "gz": gzip.compress, "bz2": bz2.compress}
DIALECTS = [
    (separator, decimal, quoting, ending, encoding, packing)
    for (separator, decimal), (quoting, ending), (encoding, packing) in itertools.product(
        [(",", "."), (";", ","), ("\t", ","), ("|", ".")],
        [(csv.QUOTE_MINIMAL, "\n"), (csv.QUOTE_ALL, "\r\n")],
        [("utf-8", "plain"), ("utf-8-sig", "gz"), ("utf-16", "plain"), ("cp1252", "bz2"), ("utf-16-le", "plain")],
    )
]


@pytest.mark.parametrize(("separator", "decimal", "quoting", "ending", "encoding", "packing"), DIALECTS)
def test_one_table_in_forty_dialects(
    tmp_path: Path, separator: str, decimal: str, quoting: int, ending: str, encoding: str, packing: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(PACKINGS[packing](written(separator, decimal, quoting, ending).encode(encoding)))
    reading = read_table(path)
    assert reading.frame.columns == NAMES
    assert reading.frame.rows() == ROWS
    assert [reading.frame.schema[name] for name in NAMES] == [pl.Int64, pl.String, pl.Float64, pl.Float64, pl.String]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00\x1a", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(-1e12, 1e12), TEXTS), min_size=5, max_size=40),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    ending=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_dialect_is_read_back_when_its_marks_are_said(
    rows: list[tuple[int, float, str]], separator: str, decimal: str, quoting: Any, ending: str, encoding: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=ending)
    writer.writerow(["key", "number", "text"])
    for key, number, text in rows:
        # The mark is the first sign of every text, so that none of them is a number or a date.
        writer.writerow([key, repr(number).replace(".", decimal), f"t{text}"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(out.getvalue().encode(encoding))
        frame = read_table(path, {"separator": separator, "decimal": decimal}).frame
    assert frame["key"].to_list() == [key for key, _, _ in rows]
    assert frame["number"].cast(pl.Float64).to_list() == [number for _, number, _ in rows]
    assert frame["text"].to_list() == [f"t{text}".strip() for _, _, text in rows]


def put(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "case.csv"
    path.write_bytes(text.encode(encoding))
    return path


GERMAN = [
    "Antrag-Nr.;Ausfall;Ausfallwahrscheinlichkeit;Kreditbetrag (€);Region",
    *[
        f"{700_001 + k};{'ja' if k % 4 == 0 else 'nein'};0,{k + 1:06d};{german(1_000 * k + 0.5, grouped=True)};Süd"
        for k in range(20)
    ],
]
GERMAN_FRAME = {
    "Antrag-Nr.": [700_001 + k for k in range(20)],
    "Ausfall": ["ja" if k % 4 == 0 else "nein" for k in range(20)],
    "Ausfallwahrscheinlichkeit": [(k + 1) / 1_000_000 for k in range(20)],
    "Kreditbetrag (€)": [1_000 * k + 0.5 for k in range(20)],
    "Region": ["Süd"] * 20,
}


@pytest.mark.parametrize(
    ("before", "encoding", "separator", "said"),
    [
        ("", "cp1252", ";", "Windows-1252, separated by semicolon"),
        ("", "utf-8-sig", ";", "separated by semicolon"),
        ("sep=;\r\n", "cp1252", ";", "Windows-1252, separated by semicolon"),
        ("", "utf-16", "\t", "UTF-16, separated by tab"),
    ],
    ids=["german_excel", "german_bom", "sep_line", "unicode_text"],
)
def test_a_german_table_as_workbooks_save_it(
    tmp_path: Path, before: str, encoding: str, separator: str, said: str
) -> None:
    text = before + "\r\n".join(line.replace(";", separator) for line in GERMAN) + "\r\n"
    reading = read_table(put(tmp_path, text, encoding))
    assert reading.frame.to_dict(as_series=False) == GERMAN_FRAME
    assert reading.assumed.sentences() == (
        f"Read as text: {said}.",
        "Columns read: Ausfallwahrscheinlichkeit, Kreditbetrag (€) with a decimal comma; Kreditbetrag (€) with marks "
        "between thousands.",
    )
    assert reading.assumed.sample[0] == GERMAN[1].replace(";", separator)


def test_percent_signs_and_currencies(tmp_path: Path) -> None:
    reading = read_table(put(tmp_path, 'id,pd,amount\n1,6.92%,"$14,331.70"\n2,0.50%,$99.00\n3,100%,\n'))
    assert reading.frame.rows() == [(1, 0.0692, 14331.70), (2, 0.005, 99.0), (3, 1.0, None)]
    assert reading.percents == {"pd"}
    assert reading.assumed.sentences() == (
        "Columns read: amount with marks between thousands; pd as percentages; amount ($) as amounts in a currency.",
    )


def test_amounts_ids_and_late_numbers_keep_every_digit(tmp_path: Path) -> None:
    head = "wide,wider,padded,amount,late\n"
    lines = [
        f"{9_007_199_254_740_993 + 2 * k},{2**64 + k},{k:09d},{k}.25,{'' if k < 10_500 else k % 97}"
        for k in range(12_000)
    ]
    lines[:2] = [
        "9007199254740993,18446744073709551616,000000000,99999999.99,",
        "9007199254740995,18446744073709551617,000000001,123456789012.5,",
    ]
    frame = read_table(put(tmp_path, head + "\n".join(lines) + "\n")).frame
    assert frame["wide"].to_list() == [9_007_199_254_740_993 + 2 * k for k in range(12_000)]
    assert frame["wider"].to_list() == [str(2**64 + k) for k in range(12_000)]
    assert frame["padded"].to_list() == [f"{k:09d}" for k in range(12_000)]
    assert frame["amount"].head(3).to_list() == [99999999.99, 123456789012.5, 2.25]
    assert frame["late"].to_list() == [None if k < 10_500 else k % 97 for k in range(12_000)]


def test_days_months_and_quarters_are_dates(tmp_path: Path) -> None:
    text = "applied,month,quarter\n31.12.2023,Dec-2023,2023-Q4\n01.02.2024,Feb-2024,2024-Q1\n"
    reading = read_table(put(tmp_path, text))
    assert reading.frame.rows() == [
        (date(2023, 12, 31), date(2023, 12, 1), date(2023, 10, 1)),
        (date(2024, 2, 1), date(2024, 2, 1), date(2024, 1, 1)),
    ]


def test_odd_names_stay_legible(tmp_path: Path) -> None:
    names = [
        "id",
        "amount",
        "amount",
        '6" rule',
        "a,b",
        "~x",
        "cutoff",
        "",
        "地域",
        "<b>bold</b>",
        "$\\alpha$",
        "\u202eknil",
    ]
    out = io.StringIO()
    csv.writer(out).writerows([names, list(range(len(names)))])
    frame = read_table(put(tmp_path, out.getvalue())).frame
    assert frame.columns == ["id", "amount", "amount (2)", *names[3:5], "(~x)", "cutoff", "(column 8)", *names[8:]]
    assert frame.row(0) == tuple(range(len(names)))


def test_lines_around_a_table_are_left_out_and_said(tmp_path: Path) -> None:
    body = "id,is_default,pd\r\n" + "".join(f"{k},{k % 2},0.5\r\n" for k in range(1, 50))
    text = f"Loan report, generated 2024-05-01\r\n\r\n{body}\r\nTotal rows: 49\r\nSum of amount: see finance\r\n"
    reading = read_table(put(tmp_path, text))
    assert reading.frame["id"].to_list() == list(range(1, 50))
    assert reading.assumed.sentences() == (
        "Skipped before the table: 'Loan report,generated 2024-05-01'.".replace("report,g", "report, g"),
        "Skipped after the table: 'Total rows: 49', 'Sum of amount: see finance'.",
    )


def test_a_table_without_names_is_named_by_place(tmp_path: Path) -> None:
    text = "".join(f"{700_001 + k} {k % 2} 0.{k + 1:03d} Nord\n" for k in range(30))
    reading = read_table(put(tmp_path, text))
    assert reading.frame.columns == ["column_1", "column_2", "column_3", "column_4"]
    assert reading.frame.row(1) == (700_002, 1, 0.002, "Nord")
    assert reading.assumed.sentences() == (
        "Read as text: separated by blank, no line of names, so columns are named by place.",
    )
    assert read_table(put(tmp_path, text), {"names": "id,y,pd,region"}).frame.columns == ["id", "y", "pd", "region"]


def test_broken_lines_are_named_wherever_they_are(tmp_path: Path) -> None:
    lines = ["id,is_default,pd,amount", *[f"{k},0,0.5,{k}.25" for k in range(1, 1_501)]]
    lines[501], lines[1201] = lines[501] + ",extra,cells", lines[1201].replace(",", ";")
    path = put(tmp_path, "\n".join(lines))
    with pytest.raises(TableError, match=r"line 502 has 6 fields .* line 1,202 another number"):
        read_table(path)
    assert read_table(path, {"bad_lines": "leave-out"}).frame.height == 1_498


def test_blocks_and_one_piece_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{k};{k % 7};{german(k + 0.25, grouped=True)};{'NA' if k % 9 == 0 else k}" for k in range(3_000)]
    path = put(tmp_path, "id;y;x;gap\n" + "\n".join(lines) + "\nSumme;;1,00;\n")
    whole = read_table(path)
    monkeypatch.setattr("data.reading.blocks._BLOCK", 2_000)
    monkeypatch.setattr("data.reading.surveying._MOST_KEPT", 0)
    seen: list[tuple[int, int]] = []
    cut = read_table(path, progress=lambda done, total: seen.append((done, total)))
    assert cut.frame.equals(whole.frame)
    assert cut.assumed == whole.assumed
    assert cut.frame["x"].sum() == sum(k + 0.25 for k in range(3_000))
    assert cut.gaps == {"gap": {"NA": 334}}
    assert seen[-1][0] == seen[-1][1]
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(seen))
