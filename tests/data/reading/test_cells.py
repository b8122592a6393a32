"""What cells say: numbers in any usual spelling, gaps in any word, dates, and every digit of a code."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from data.reading.cells import Survey, convert, read_cells, resolve


def read(
    columns: dict[str, list[str | None]], separator: str = ",", **said: str
) -> tuple[dict[str, list[object]], list[str]]:
    """The columns as read, and those that are asked about."""
    surveys = {}
    for name, cells in columns.items():
        surveys[name] = Survey(said)
        for cell in cells:
            # One at a time: a column means the same however it is cut into blocks.
            surveys[name].look(pl.Series([cell], dtype=pl.String))
    formats, asked = resolve(surveys, separator, said)
    texts = {name: pl.Series(name, cells, dtype=pl.String) for name, cells in columns.items()}
    found = {name: convert(texts[name], formats[name]).to_list() for name in columns}
    return found, [each.column for each in asked]


@pytest.mark.parametrize(
    ("cells", "found", "gaps"),
    [
        (["1", "NA", "2.5", None], [1.0, None, 2.5, None], {"NA": 1}),
        (["-", "n/a", "N/A", " #N/A ", "7"], [None] * 4 + [7], dict.fromkeys(["#N/A", "-", "N/A", "n/a"], 1)),
        (["NULL", "NULL", "nan", "3"], [None, None, None, 3], {"NULL": 2, "nan": 1}),
        ([" 4", "5 ", "  "], [4, 5, None], {}),
        (["1"] * 12_000 + ["0.5"], [1.0] * 12_000 + [0.5], {}),
        (["007", "12"], ["007", "12"], {}),
        (["007", "NA"], ["007", None], {"NA": 1}),
        (["0", "10"], [0, 10], {}),
        (["0.50", "00.5"], [0.5, 0.5], {}),
        (["9007199254740993", "-1"], [9_007_199_254_740_993, -1], {}),
        (["18446744073709551616", "1"], ["18446744073709551616", "1"], {}),
        (["NA", "north", ""], ["NA", "north", None], {}),
        (["NA", "n/a"], ["NA", "n/a"], {}),
        (["1", "two "], ["1", "two"], {}),
        (["$1", "2"], [1, 2], {}),
        (["99999999.99", "123456789012.5"], [99999999.99, 123456789012.5], {}),
    ],
)
def test_text_becomes_a_number_only_where_nothing_is_lost(
    cells: list[str | None], found: list[object], gaps: dict[str, int]
) -> None:
    values, words = read_cells(pl.Series("x", cells, dtype=pl.String))
    assert values.to_list() == found
    assert list(words.items()) == list(gaps.items())
    assert values.name == "x"


def test_columns_of_other_types_stay_as_they_are() -> None:
    for values in (pl.Series([1, None], dtype=pl.Int8), pl.Series([0.5]), pl.Series([1]).cast(pl.Date)):
        assert read_cells(values)[0] is values


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["1.234,56", "-7,5", "12"], [1234.56, -7.5, 12]),
        (["0,069241", "0,5"], [0.069241, 0.5]),
        (["1,234.56", "7.5"], [1234.56, 7.5]),
        (["12,34,567.5", "1,234.5"], [1234567.5, 1234.5]),
        (["1'234.5", "12’345.5"], [1234.5, 12345.5]),
        (["1 234,5", "12\u00a0345,5", "7\u202f000,1"], [1234.5, 12345.5, 7000.1]),
        (["1 234", "12 345"], [1234, 12345]),
        (["1.234.567", "5"], [1234567, 5]),
        (["$14,331.70", "-$5.10", "($2.00)"], [14331.70, -5.10, -2.0]),
        (["1.234,50 €", "7,00 €", "NA"], [1234.5, 7.0, None]),
        (["EUR 5.5", "EUR 6"], [5.5, 6.0]),
        (["5,5 Kč", "6 Kč"], [5.5, 6.0]),
        (["6.92%", "0.5 %"], [0.0692, 0.005]),
        (["6,92 %", "100 %"], [0.0692, 1.0]),
        (["−1.5", "2.5"], [-1.5, 2.5]),
        (["1.5-", "2.5"], [-1.5, 2.5]),
        (["1e-05", "2.5E3"], [1e-05, 2500.0]),
        (["1,5e-05", "2"], [1.5e-05, 2.0]),
        ([".5", "1."], [0.5, 1.0]),
        (["inf", "1"], [float("inf"), 1.0]),
        (["1.2.3", "1"], ["1.2.3", "1"]),
        (["12,3456.7", "1"], ["12,3456.7", "1"]),
        (["030 123", "1"], ["030 123", "1"]),
        (["5 %", "5"], ["5 %", "5"]),
        (["$5", "€5"], ["$5", "€5"]),
        (["+49 170", "x"], ["+49 170", "x"]),
    ],
)
def test_numbers_in_the_usual_spellings(cells: list[str | None], found: list[object]) -> None:
    assert read({"x": cells})[0]["x"] == found


GROUPED: list[str | None] = [*[f"{k}.250" for k in range(1, 30)], "900", "850", "7"]
COMMAS: list[str | None] = ["1,234", "5,678"]


@pytest.mark.parametrize(
    ("columns", "separator", "said", "found", "asked"),
    [
        # Nothing tells: it stays text and is asked.
        ({"x": COMMAS}, ";", {}, ["1,234", "5,678"], ["x"]),
        ({"x": COMMAS}, ",", {}, ["1,234", "5,678"], ["x"]),
        ({"x": ["1.234", "5.678"]}, ";", {}, ["1.234", "5.678"], ["x"]),
        # The answer holds.
        ({"x": COMMAS}, ";", {"decimal": ","}, [1.234, 5.678], []),
        ({"x": COMMAS}, ";", {"decimal": "."}, [1234, 5678], []),
        ({"x": ["1.234", "5.678"]}, ";", {"decimal": ","}, [1234, 5678], []),
        # Another column of the file tells.
        ({"x": COMMAS, "pd": ["0,25", "0,5"]}, ";", {}, [1.234, 5.678], []),
        ({"x": COMMAS, "pd": ["0.25", "0.5"]}, ",", {}, [1234, 5678], []),
        ({"x": ["1.234", "5.678"], "pd": ["0,25", "0,5"]}, ";", {}, [1234, 5678], []),
        # Usual decimals in a usual file.
        ({"x": ["1.234", "5.678"]}, ",", {}, [1.234, 5.678], []),
        # Beside a number of four digits there are no groups.
        ({"x": ["1.234", "5678"]}, ";", {}, [1.234, 5678.0], []),
        # Never a decimal that ends in 0, and whole numbers below 1,000 alone: thousands, or asked.
        ({"x": GROUPED}, ";", {}, GROUPED, ["x"]),
    ],
)
def test_a_mark_with_three_digits_behind_it_is_never_guessed(
    columns: dict[str, list[str | None]], separator: str, said: dict[str, str], found: list[object], asked: list[str]
) -> None:
    values, open_columns = read(columns, separator, **said)
    assert values["x"] == found
    assert open_columns == asked


@pytest.mark.parametrize(
    ("cells", "found", "asked"),
    [
        (["31.12.2023", "01.02.2024"], [date(2023, 12, 31), date(2024, 2, 1)], []),
        (["Jan-2023", "Dec-2024"], [date(2023, 1, 1), date(2024, 12, 1)], []),
        (["Mai 2023", "Dez 2024"], [date(2023, 5, 1), date(2024, 12, 1)], []),
        (["2024-Q3", "2023-Q1"], [date(2024, 7, 1), date(2023, 1, 1)], []),
        (["Q3 2024", "Q1/2023"], [date(2024, 7, 1), date(2023, 1, 1)], []),
        (["2024-07-31T10:11:12Z", "2024-01-02"], [date(2024, 7, 31), date(2024, 1, 2)], []),
        (["31/12/2023", "01/02/2024"], [date(2023, 12, 31), date(2024, 2, 1)], []),
        (["12/31/2023", "01/02/2024"], [date(2023, 12, 31), date(2024, 1, 2)], []),
        (["05/06/2023", "01/02/2024"], ["05/06/2023", "01/02/2024"], ["x"]),
        (["05-06-2023", "NA"], ["05-06-2023", "NA"], ["x"]),
        (["31.12.2023", "-", None], [date(2023, 12, 31), None, None], []),
        (["31.12.2023", "soon"], ["31.12.2023", "soon"], []),
        (["202401", "202402"], [202401, 202402], []),
    ],
)
def test_dates_are_read_and_their_order_is_never_guessed(
    cells: list[str | None], found: list[object], asked: list[str]
) -> None:
    values, open_columns = read({"x": cells})
    assert values["x"] == found
    assert open_columns == asked


@pytest.mark.parametrize(
    ("said", "found"),
    [("day-first", date(2023, 6, 5)), ("month-first", date(2023, 5, 6)), ("%d/%m/%Y", date(2023, 6, 5))],
)
def test_the_order_of_dates_can_be_said(said: str, found: date) -> None:
    assert read({"x": ["05/06/2023"], "y": ["05-06-2023"]}, dates=said) == (
        {"x": [found], "y": [found]},
        [],
    )


def test_further_words_for_gaps_can_be_said() -> None:
    survey = Survey({"missing": "-9,unknown"})
    cells = pl.Series(["1.5", "-9", "Unknown"])
    survey.look(cells)
    formats, _ = resolve({"x": survey})
    assert convert(cells, formats["x"], ["-9", "unknown"]).to_list() == [1.5, None, None]


@pytest.mark.parametrize(("cell", "number"), [("1,105E-01", 0.1105), ("1.105E-01", 0.1105), ("2,500e+00", 2.5)])
def test_a_number_with_an_exponent_has_no_groups(cell: str, number: float) -> None:
    survey = Survey()
    values = pl.Series("pd", [cell])
    survey.look(values)
    formats, asked = resolve({"pd": survey}, ";")
    assert asked == []
    assert convert(values, formats["pd"]).to_list() == [number]
