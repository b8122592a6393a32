from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from data.errors import TableError
from data.home_credit import embedded
from data.home_credit.fidelity import (
    check_table,
    compare,
    count_same_rows,
    ks_distance,
    spearman_matrix,
    told_apart,
    total_variation,
)
from data.home_credit.marginals import average_ranks
from data.home_credit.synthetic import make_applications

NAN = float("nan")


@pytest.fixture(scope="module")
def portfolio() -> pl.DataFrame:
    return make_applications(1_500, seed=3)


def test_ks_by_hand() -> None:
    assert ks_distance(np.array([1.0, 2.0, 3.0, 4.0]), np.array([3.0, 4.0, 5.0, 6.0])) == 0.5
    assert ks_distance(np.array([0.0, 0.0, 1.0, NAN]), np.array([0.0, 1.0, 1.0])) == pytest.approx(1 / 3)
    assert ks_distance(np.array([NAN]), np.array([1.0])) == 1.0
    assert ks_distance(np.array([NAN]), np.array([NAN])) == 0.0


def test_ks_is_scipys() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.poisson(3, 400).astype(float), rng.poisson(3.4, 300).astype(float)
    assert ks_distance(first, second) == pytest.approx(float(stats.ks_2samp(first, second).statistic), abs=1e-12)


def test_total_variation_by_hand_counts_missing_as_a_level() -> None:
    first, second = pl.Series(["a", "a", "b", None]), pl.Series(["a", "b", "b", "c"])
    # Shares a: 1/2 and 1/4, b: 1/4 and 1/2, missing: 1/4 and 0, c: 0 and 1/4.
    assert total_variation(first, second) == pytest.approx(0.5)
    assert total_variation(first, first) == 0.0


def test_ranks_put_missing_lowest_and_share_ties() -> None:
    assert average_ranks(np.array([5.0, NAN, 7.0, 5.0, NAN])).tolist() == [3.5, 1.5, 5.0, 3.5, 1.5]


def test_spearman_is_scipys_with_missing_as_the_lowest_value() -> None:
    rng = np.random.default_rng(1)
    table = rng.integers(0, 5, (200, 3)).astype(float)
    table[:, 1] += table[:, 0]
    table[rng.random((200, 3)) < 0.2] = NAN
    expected = stats.spearmanr(np.nan_to_num(table, nan=-1.0)).statistic
    np.testing.assert_allclose(spearman_matrix(table), expected, atol=1e-12)


def test_spearman_of_a_constant_is_zero() -> None:
    assert spearman_matrix(np.array([[1.0, 2.0], [1.0, 3.0]]))[0].tolist() == [0.0, 0.0]


def test_the_same_table_has_no_gap(portfolio: pl.DataFrame) -> None:
    fidelity = compare(portfolio, portfolio, tell=False)
    gaps = fidelity.max_numeric_ks, fidelity.max_categorical_tv, fidelity.max_missing_gap, fidelity.max_spearman_gap
    assert gaps == (0.0, 0.0, 0.0, 0.0)
    assert fidelity.same_rows == portfolio.height


def test_gaps_show_where_they_are(portfolio: pl.DataFrame) -> None:
    blank = pl.Series(np.arange(portfolio.height) < portfolio.height // 10)
    changed = portfolio.with_columns(
        pl.when(~blank).then("EXT_SOURCE_2").alias("EXT_SOURCE_2"),
        pl.lit("F").cast(embedded.column("CODE_GENDER").dtype).alias("CODE_GENDER"),
        (pl.col("DAYS_BIRTH") - 400).alias("DAYS_BIRTH"),
    )
    fidelity = compare(portfolio, changed, tell=False)
    assert next(iter(fidelity.numeric_ks)) == "DAYS_BIRTH"
    assert next(iter(fidelity.missing_gap)) == "EXT_SOURCE_2"
    assert fidelity.missing_gap["EXT_SOURCE_2"] == pytest.approx(0.1, abs=0.002)
    men = (portfolio["CODE_GENDER"] == "M").mean()
    assert fidelity.categorical_tv["CODE_GENDER"] == pytest.approx(men, abs=1e-6)


def test_types_do_not_tell_tables_apart(portfolio: pl.DataFrame) -> None:
    plain = portfolio.with_columns(pl.col(pl.Enum).cast(pl.String), pl.col(pl.Int8, pl.Int16).cast(pl.Int64))
    assert compare(plain, portfolio, tell=False).max_spearman_gap == 0.0


def test_a_classifier_tells_apart_what_differs_and_nothing_else() -> None:
    rng = np.random.default_rng(2)
    label = np.repeat(np.array([1, 0], np.int8), 500)
    noise = pl.DataFrame({"x": rng.random(1000), "y": [*"abcd"] * 250})
    assert told_apart((noise, label), seed=0)[0] == pytest.approx(0.5, abs=0.08)
    auc, telling = told_apart((noise.with_columns((pl.col("x") + pl.Series(label)).alias("z")), label), seed=0)
    assert auc > 0.99
    assert telling[0][0] == "z"


def test_ratios_show_what_single_columns_hide(portfolio: pl.DataFrame) -> None:
    # Shuffled against the goods price every credit is a real one; only what they are to each other is not.
    table = portfolio.head(700)
    shuffled = table.with_columns(pl.col("AMT_CREDIT").shuffle(seed=1))
    names = ["AMT_CREDIT", "AMT_GOODS_PRICE"]
    fidelity = compare(table, shuffled)
    assert max(fidelity.numeric_ks[name] for name in names) == 0.0
    assert fidelity.told_apart_auc_ratios is not None
    assert fidelity.told_apart_auc_ratios > 0.8
    assert fidelity.telling_columns[0][0] in ("credit to goods price", "credit above goods price")
    assert fidelity.effect_slope == pytest.approx(1.0, abs=0.1)


def test_rows_are_the_same_only_if_every_column_is(portfolio: pl.DataFrame) -> None:
    moved = portfolio.with_columns(pl.col(embedded.ID) + 1, 1 - pl.col(embedded.TARGET))
    assert count_same_rows(portfolio, moved) == portfolio.height
    older = portfolio.with_columns(pl.col("DAYS_BIRTH") - 1)
    assert count_same_rows(portfolio, older) < 3


def test_a_table_that_lacks_a_column_is_refused(portfolio: pl.DataFrame) -> None:
    with pytest.raises(TableError, match="lacks 1 of the application columns, for example AMT_CREDIT"):
        check_table("The real table", portfolio.drop("AMT_CREDIT"))
    with pytest.raises(TableError, match="no rows"):
        check_table("The real table", portfolio.head(0))


def test_the_script_writes_the_figures(portfolio: pl.DataFrame, tmp_path: Path) -> None:
    file, out = tmp_path / "real.parquet", tmp_path / "out.json"
    portfolio.head(400).write_parquet(file)
    arguments = ["--real", str(file), "--synthetic", str(file), "--json", str(out)]
    subprocess.run([sys.executable, "-m", "scripts.check_synthetic", *arguments], check=True, capture_output=True)
    found = json.loads(out.read_text())
    wanted = {
        "max_numeric_ks",
        "max_categorical_tv",
        "max_missing_gap",
        "mean_spearman_gap",
        "max_spearman_gap",
        "told_apart_auc",
        "told_apart_auc_ratios",
        "effect_slope",
        "effects_close",
        "default_rate",
    }
    assert wanted <= found.keys()
    assert found["max_numeric_ks"] == 0.0


@pytest.mark.parametrize("script", ["check_synthetic", "fit_profile"])
def test_a_missing_file_is_one_sentence_and_exit_code_2(script: str, tmp_path: Path) -> None:
    out = ["--json", str(tmp_path / "o.json")] if script == "check_synthetic" else ["--out", str(tmp_path / "o.json")]
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.{script}", "--real", str(tmp_path / "none.parquet"), *out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
