"""What reading leaves open of columns with a role is asked with the flag that says it, and rows of sums are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from data.errors import PredictionsError
from data.home_credit import embedded
from data.predictions.imports import import_predictions
from data.predictions.roles.answers import Answers, parse_answers
from data.predictions.roles.questions import Question, QuestionsError
from data.predictions.table import Predictions
from data.reading.said import NOTHING, Said

ROWS = [["id", "ead", "pd", "default"], ["1", "1.234", "5", "0"], ["2", "12.500", "9", "1"], ["3", "20.100", "1", "0"]]


def write(folder: Path, text: str) -> Path:
    path = folder / "theirs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, answers: Answers | None = None, said: Said = NOTHING) -> Predictions:
    return import_predictions(path, embedded.DEFINITION, answers or Answers(), said)


def questions_of(path: Path) -> tuple[Question, ...]:
    with pytest.raises(QuestionsError) as caught:
        read(path)
    return caught.value.questions


def put(folder: Path, kind: str) -> Path:
    if kind != "xlsx":
        return write(folder, "".join(kind.join(row) + "\n" for row in ROWS))
    path = folder / "theirs.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(ROWS):
            sheet.write_row(at, 0, row)
    return path


@pytest.mark.parametrize("kind", [";", "\t", "|", "xlsx"])
def test_amounts_that_can_be_read_in_two_ways_are_asked(tmp_path: Path, kind: str) -> None:
    path = put(tmp_path, kind)
    (question,) = questions_of(path)
    assert question.worded == (
        "ead (1.234, 12.500, 20.100) can be read in two ways; which mark is the decimal one? Answer with --read "
        "'decimal=,' (the comma is the decimal mark) or --read 'decimal=.' (the point is the decimal mark)."
    )
    by_answer = [read(path, answer.said).frame["exposure"].to_list() for answer in question.answers]
    assert by_answer == [[1234, 12500, 20100], [1.234, 12.5, 20.1]]
    # The column holds ids or a feature: nothing has to be known of it.
    assert "exposure" not in read(path, parse_answers(["ead=none"])).frame.columns


def test_a_score_that_cannot_be_read_is_asked_about_and_not_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "id;pd;default\n1;5,123;0\n2;9,250;1\n3;12,125;0\n")
    (question,) = questions_of(path)
    assert question.columns == ("pd",)
    assert read(path, question.answers[0].said).frame["default_probability"].to_list() == [0.05123, 0.0925, 0.12125]


def test_days_of_which_the_month_could_come_first_are_asked(tmp_path: Path) -> None:
    path = write(tmp_path, "when,pd,default\n01/02/2024,0.1,0\n03/04/2024,0.2,1\n")
    with pytest.raises(QuestionsError, match="does the day or the month come first") as caught:
        read(path, parse_answers(["when=date"]))
    assert [answer.said.worded for answer in caught.value.questions[0].answers] == [
        "--read dates=day-first",
        "--read dates=month-first",
    ]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [(["5.00%", "7.00%", "0.05"], "percentages and other numbers, such as 5.00%, 0.05"),
     (["$5", "€7", "8"], "several currencies, such as $5, €7, 8")],
)  # fmt: skip
def test_cells_of_several_kinds_are_no_score_and_no_amount(tmp_path: Path, cells: list[str], shown: str) -> None:
    name, other = ("pd", "ead") if "%" in cells[0] else ("ead", "pd")
    rows = [f"{cell},0.{at + 1},{at % 2}\n" for at, cell in enumerate(cells)]
    path = write(tmp_path, f"{name},{other},default\n" + "".join(rows))
    with pytest.raises(PredictionsError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: column {name} holds {shown}; write its cells alike, or leave it out with --map {name}=none."
    )


@pytest.mark.parametrize("code", ["9999", "-999", "0", "9999.0"])
def test_codes_among_points_are_asked_and_left_out(tmp_path: Path, code: str) -> None:
    scores = [str(300 + 10 * at) for at in range(56)] + [code] * 4
    rows = [f"{score},{int(at % 7 == 0)}\n" for at, score in enumerate(scores)]
    path = write(tmp_path, "score,default\n" + "".join(rows))
    said = parse_answers(["score=points"])
    with pytest.raises(QuestionsError) as caught:
        read(path, said)
    (question,) = caught.value.questions
    assert f"between 300 and 850; is {float(code):.0f} (4 rows) a code" in question.text
    codes, values = (said.plus(answer.said) for answer in question.answers)
    without = read(path, codes)
    assert (without.frame.height, without.scale and (without.scale.least, without.scale.most)) == (56, (300, 850))
    assert read(path, values).frame.height == 60


def test_a_code_among_percentages_is_asked(tmp_path: Path) -> None:
    rows = [f"{at % 40 + 0.5},{int(at % 7 == 0)}\n" for at in range(400)] + ["99,0\n"] * 60
    path = write(tmp_path, "pd,default\n" + "".join(rows))
    with pytest.raises(
        QuestionsError, match=r"between 0\.5 and 39\.5; is 99 \(60 rows\) a code for no score"
    ) as caught:
        read(path, parse_answers(["pd=percent"]))
    said = parse_answers(["pd=percent"]).plus(caught.value.questions[0].answers[0].said)
    assert read(path, said).frame["default_probability"].max() == 0.395


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["a,1000,0.1,0", "Subtotal,1000,0.1,0", "b,2000,0.2,1"], "row 2 says 'Subtotal' in id, so it sums up others"),
        (
            [*(f"{n},{n * 7},0.1,{n % 2}" for n in range(1, 20)), "Subtotal North,5000,0.1,", "20,1,0.2,0"],
            "row 20 says 'Subtotal North' in id",
        ),
        (["1,1000,0.1,0", "2,2000,0.2,1", ",3000,0.15,"], "row 3 has the sum of the others in exposure"),
    ],
)
def test_a_row_that_sums_up_others_is_no_application(tmp_path: Path, rows: list[str], said: str) -> None:
    path = write(tmp_path, "\n".join(["id,exposure,pd,default", *rows]) + "\n")
    with pytest.raises(PredictionsError, match=said):
        read(path)


def test_three_amounts_of_which_one_is_the_sum_are_three_applications(tmp_path: Path) -> None:
    path = write(tmp_path, "id,exposure,pd,default\n1,1000,0.1,0\n2,2000,0.2,1\n3,3000,0.3,0\n")
    assert read(path).frame["exposure"].sum() == 6000
