"""The stability page: the figures that belong to the two sides chosen, and designed states for what is odd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats
from streamlit.testing.v1 import AppTest

from data.settings import Settings
from tests.dashboard import sent_figures

OpenPage = Callable[..., AppTest]
PENSIONERS = {"cutoff": "9.09", "f.NAME_INCOME_TYPE": "Pensioner"}
COLUMNS = {"stab.tab": "Columns"}


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.main.metric}


def sides(app: AppTest) -> str:
    return next((text.value for text in app.main.markdown if "as the reference" in text.value), "")


def plain(text: str) -> str:
    """Text without Markdown's escapes."""
    return text.replace("\\", "")


def table(app: AppTest) -> pl.DataFrame:
    return pl.DataFrame(app.main.dataframe[0].value.to_dict(orient="list"))


def index(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> float:
    """The index by SciPy, for bins that hold something on both sides."""
    return float(stats.entropy(current, reference) + stats.entropy(reference, current))


def psi(reference: pl.DataFrame, current: pl.DataFrame) -> float:
    """The index of the PD over tenths of the reference."""
    r, c = (f["default_probability"].to_numpy() for f in (reference, current))
    ends = np.quantile(r, np.arange(1, 10) / 10)
    return index(*(np.bincount(np.searchsorted(ends, side, side="right")) for side in (r, c)))


def shares(frame: pl.DataFrame, column: str, levels: list[str]) -> npt.NDArray[Any]:
    return np.array([frame.filter(pl.col(column) == level).height for level in levels])


def split(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    is_in = pl.col("NAME_INCOME_TYPE") == "Pensioner"
    return frame.filter(is_in), frame.filter(~is_in)


def test_a_whole_portfolio_compares_its_first_fold_with_the_others(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("stability")
    assert app.title[0].value == "Stability"
    first, others = frame.filter(pl.col("fold") == 0), frame.filter(pl.col("fold") != 0)
    assert sides(app) == (
        f"**Fold 0 against Other folds** as the reference: {first.height:,} applications against "
        f"{others.height:,}. No comparison is in force; choose one in the bar."
    )
    assert float(metrics(app)["PSI"]) == pytest.approx(psi(others, first), abs=5e-4)
    critical = (1 / first.height + 1 / others.height) * stats.chi2.ppf(0.95, 9)
    assert metrics(app)["Critical value"] == f"{critical:.4f}"


def test_a_cohort_is_compared_with_the_rest(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("stability", query=PENSIONERS)
    assert sides(app).startswith("**Cohort against Rest** as the reference: ")
    assert sides(app).endswith("No comparison is in force; choose one in the bar.")
    current, reference = split(frame)
    assert float(metrics(app)["PSI"]) == pytest.approx(psi(reference, current), rel=0.02)
    assert sent_figures.alts(app)[0].startswith("PD, Cohort against Rest: large shift")


def test_what_the_page_compares_with_is_the_reference(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("stability", query={**PENSIONERS, "against": "~whole"})
    n = split(frame)[0].height
    assert sides(app) == (
        f"**Cohort against Portfolio** as the reference: {n:,} applications against {frame.height:,}, "
        f"{n:,} are in both."
    )
    # What both hold cannot differ: 1 / N + 1 / M - 2 / M.
    critical = (1 / n - 1 / frame.height) * stats.chi2.ppf(0.95, 9)
    assert float(metrics(app)["Critical value"]) == pytest.approx(critical, abs=6e-6)


def test_a_fold_and_a_named_cohort_are_references_too(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("stability", query={"f.fold_name": "2", "against": "~fold.1"})
    assert sides(app).startswith("**Cohort against Fold 1** as the reference: ")
    two, one = (frame.filter(pl.col("fold") == number) for number in (2, 1))
    assert float(metrics(app)["PSI"]) == pytest.approx(psi(one, two), abs=5e-4)
    app = open_page("stability", query={"c.Older": "f.NAME_INCOME_TYPE=Pensioner", "against": "Older"})
    assert sides(app).startswith("**Portfolio against Older** as the reference: ")
    assert float(metrics(app)["PSI"]) == pytest.approx(psi(split(frame)[0], frame), rel=0.05)


def test_every_column_has_its_index_and_the_filters_own_is_marked(open_page: OpenPage, frame: pl.DataFrame) -> None:
    found = table(open_page("stability", query={**PENSIONERS, **COLUMNS}))
    current, reference = split(frame)
    by_column = {row["Column"]: row for row in found.iter_rows(named=True)}
    for label, column, levels in (
        ("Owns a car", "FLAG_OWN_CAR", ["N", "Y"]),
        ("Contract type", "NAME_CONTRACT_TYPE", ["Cash loans", "Revolving loans"]),
    ):
        r, c = shares(reference, column, levels), shares(current, column, levels)
        assert by_column[label]["CSI"] == pytest.approx(index(r, c), abs=1e-9)
        critical = (1 / r.sum() + 1 / c.sum()) * stats.chi2.ppf(0.95, 1)
        assert by_column[label]["Critical"] == pytest.approx(critical, abs=1e-9)
    assert by_column["Income type"]["Shift"] == "part of the filter"
    assert found["Column"][-1] == "Income type"
    values = found["CSI"].to_list()[:-1]
    assert values == sorted(values, reverse=True)
    # All but the PD itself, with risk band, outcome and fold.
    assert found.height == len(frame.columns) - 5 + 3


def test_the_most_shifted_column_is_drawn_until_one_is_chosen(open_page: OpenPage, frame: pl.DataFrame) -> None:
    app = open_page("stability", query={**PENSIONERS, **COLUMNS})
    first = table(app)["Column"][0]
    assert sent_figures.alts(app)[0].startswith(f"{first}")
    next(box for box in app.main.selectbox if box.label == "Column").set_value("FLAG_OWN_CAR").run()
    current, reference = split(frame)
    csi = index(*(shares(side, "FLAG_OWN_CAR", ["N", "Y"]) for side in (reference, current)))
    assert f"CSI {csi:.3f}" in sent_figures.alts(app)[0]
    assert app.query_params["stab.column"] == "FLAG_OWN_CAR"


def test_a_filter_on_pd_is_said_to_shift_the_pd(open_page: OpenPage) -> None:
    app = open_page("stability", query={"cutoff": "9.09", "f.default_probability": "0.05.."})
    assert any("defined by its PDs" in caption.value for caption in app.main.caption)
    found = table(open_page("stability", query={"f.default_probability": "0.05..", **COLUMNS}))
    assert found.filter(pl.col("Shift") == "part of the filter")["Column"].to_list() == ["Risk band"]


@pytest.mark.parametrize("chosen", ["~fold.99", "no such cohort", "<script>alert(1)</script>"])
def test_a_link_that_names_no_cohort_shows_the_usual_ones(chosen: str, open_page: OpenPage) -> None:
    app = open_page("stability", query={"against": chosen, "stab.column": chosen, **COLUMNS})
    assert sides(app).startswith("**Fold 0 against Other folds**")


def test_a_reference_without_applications_is_said_so(open_page: OpenPage) -> None:
    app = open_page("stability", query={**PENSIONERS, "c.None": "f.DAYS_BIRTH=1..2", "against": "None"})
    said = "None holds no applications. Choose another comparison in the bar."
    assert [plain(info.value) for info in app.main.info] == [said]
    assert not app.main.metric


def test_imported_predictions_without_folds(built: Settings, open_page: OpenPage, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    pd = rng.beta(1, 11, 4_000)
    path = tmp_path / "theirs.csv"
    branch = rng.choice(["<b>north</b>", "south"], 4_000)
    pl.DataFrame({"target": (rng.random(4_000) < pd).astype(int), "pd": pd, "branch": branch}).write_csv(path)
    told = ("--predictions", str(path))
    app = open_page("stability", arguments=told)
    assert [plain(info.value) for info in app.main.info] == [
        "There is nothing to compare the whole portfolio with yet. Filter a cohort, or choose a comparison in the bar."
    ]
    assert not sides(app)
    app = open_page("stability", query={"f.branch": "south"}, arguments=told)
    assert sides(app).startswith("**Cohort against Rest**")
    assert "PSI" in metrics(app)
