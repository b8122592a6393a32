"""Compare a synthetic table with a real one: by column, by pair, and by a classifier trained to tell them apart.

Numeric columns are all but the categories and the id; the outcome and the flags are among them. Both tables are read
as float64 and as level names, so that the types they are stored in cannot tell them apart.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Kind
from data.errors import TableError
from data.home_credit import embedded
from data.home_credit.effects import effect_slope, effects, share_close
from data.home_credit.marginals import Floats, average_ranks

_CATEGORIES = tuple(c.name for c in embedded.COLUMNS if c.kind is Kind.CATEGORY)
_NUMERIC = tuple(c.name for c in embedded.COLUMNS if c.kind not in (Kind.CATEGORY, Kind.ID))
_N_WORST = 8
_N_TELLING = 20
_FOLDS = 3
_MIN_ROWS = 100
_TIMES_REAL = 4
_TIMES_REAL_STRONG = 20
# More threads than free cores make LightGBM slower by far, and a fidelity check often shares its machine.
_THREADS = 1
_RATIOS: dict[str, tuple[str, str]] = {
    "credit to goods price": ("AMT_CREDIT", "AMT_GOODS_PRICE"),
    "annuity to credit": ("AMT_ANNUITY", "AMT_CREDIT"),
    "annuity to goods price": ("AMT_ANNUITY", "AMT_GOODS_PRICE"),
    "annuity to income": ("AMT_ANNUITY", "AMT_INCOME_TOTAL"),
    "credit to income": ("AMT_CREDIT", "AMT_INCOME_TOTAL"),
    "goods price to income": ("AMT_GOODS_PRICE", "AMT_INCOME_TOTAL"),
    "income to family": ("AMT_INCOME_TOTAL", "CNT_FAM_MEMBERS"),
    "employed to age": ("DAYS_EMPLOYED", "DAYS_BIRTH"),
    "registered to age": ("DAYS_REGISTRATION", "DAYS_BIRTH"),
    "papers to age": ("DAYS_ID_PUBLISH", "DAYS_BIRTH"),
    "phone to age": ("DAYS_LAST_PHONE_CHANGE", "DAYS_BIRTH"),
    "car to age": ("OWN_CAR_AGE", "DAYS_BIRTH"),
    "registered to papers": ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH"),
    "total to living area": ("TOTALAREA_MODE", "LIVINGAREA_AVG"),
    "flats to living area": ("APARTMENTS_AVG", "LIVINGAREA_AVG"),
    "living flats to flats": ("LIVINGAPARTMENTS_AVG", "APARTMENTS_AVG"),
    "basement to living area": ("BASEMENTAREA_AVG", "LIVINGAREA_AVG"),
    "common to living area": ("COMMONAREA_AVG", "LIVINGAREA_AVG"),
    "land to living area": ("LANDAREA_AVG", "LIVINGAREA_AVG"),
    "least to most floors": ("FLOORSMIN_AVG", "FLOORSMAX_AVG"),
    "entrances to flats": ("ENTRANCES_AVG", "APARTMENTS_AVG"),
    "lifts to floors": ("ELEVATORS_AVG", "FLOORSMAX_AVG"),
    "score 1 to score 2": ("EXT_SOURCE_1", "EXT_SOURCE_2"),
    "score 3 to score 2": ("EXT_SOURCE_3", "EXT_SOURCE_2"),
    "score 1 to age": ("EXT_SOURCE_1", "DAYS_BIRTH"),
}
_DIFFERENCES: dict[str, tuple[str, str]] = {
    "age at papers": ("DAYS_ID_PUBLISH", "DAYS_BIRTH"),
    "age at registration": ("DAYS_REGISTRATION", "DAYS_BIRTH"),
    "age at employment": ("DAYS_EMPLOYED", "DAYS_BIRTH"),
    "credit above goods price": ("AMT_CREDIT", "AMT_GOODS_PRICE"),
    "region above city rating": ("REGION_RATING_CLIENT", "REGION_RATING_CLIENT_W_CITY"),
}
# Remainders show amounts that lie off the steps in which real ones are asked for.
_REMAINDERS: dict[str, float] = {"AMT_INCOME_TOTAL": 4500.0, "AMT_GOODS_PRICE": 4500.0, "AMT_CREDIT": 4500.0}


@dataclass(frozen=True)
class Fidelity:
    """The comparison of a synthetic with a real table; gaps are absolute differences, all between 0 and 1.

    `told_apart_auc` is a LightGBM's on all columns but the id, against a synthetic draw of four times the real rows;
    `told_apart_auc_ratios` has as many rows of each, and ratios, differences and remainders of columns too;
    `told_apart_auc_strong` has these and twenty times the rows, weighted to balance; 0.5 means that they cannot be
    told apart. `effect_slope` and `effects_close` compare effects on the outcome (`data/home_credit/effects.py`).
    `same_rows` counts synthetic rows that equal a real one in all but the id and the outcome.
    """

    max_numeric_ks: float
    max_categorical_tv: float
    max_missing_gap: float
    mean_spearman_gap: float
    max_spearman_gap: float
    told_apart_auc: float | None
    told_apart_auc_ratios: float | None
    default_rate: float
    told_apart_auc_strong: float | None
    default_rate_real: float
    effect_slope: float
    effects_close: float
    same_rows: int
    n_real: int
    n_synthetic: int
    numeric_ks: dict[str, float]
    categorical_tv: dict[str, float]
    missing_gap: dict[str, float]
    worst_pairs: list[tuple[str, str, float]]
    telling_columns: list[tuple[str, float]]
    effects: dict[str, tuple[float, float]]

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def compare(
    real: pl.DataFrame, synthetic: pl.DataFrame, *, seed: int = 0, tell: bool = True, strong: bool = False
) -> Fidelity:
    """Measure how like `real` the table `synthetic` is.

    Args:
        real, synthetic: tables with all 122 columns, in any types that read as the schema's.
        seed: of the folds, the draws and the classifier.
        tell: whether to train the classifiers that are told to tell them apart (their AUC is None otherwise).
        strong: whether to train the strong one too; it takes minutes.

    Raises:
        TableError: a table lacks a column, or `real` has too few rows to train a classifier on.
    """
    for name, table in (("The real table", real), ("The synthetic table", synthetic)):
        check_table(name, table)
    first, second = _normalised(real), _normalised(synthetic)
    ks = {name: ks_distance(_floats(first, name), _floats(second, name)) for name in _NUMERIC}
    tv = {name: total_variation(_levels(first, name), _levels(second, name)) for name in _CATEGORIES}
    if tell and real.height < _MIN_ROWS:
        raise TableError.from_too_few(real.height, _MIN_ROWS, "a comparison")
    names = [*_NUMERIC, *_CATEGORIES]
    missing = {name: abs(_missing(first, name) - _missing(second, name)) for name in names}
    gaps = np.abs(spearman_matrix(_matrix(first)) - spearman_matrix(_matrix(second)))
    pairs = gaps[np.triu_indices(len(_NUMERIC), 1)]
    told = told_apart(_drawn(first, second, _TIMES_REAL, seed), seed=seed)[0] if tell else None
    ratios = _with_ratios(first), _with_ratios(second)
    told_ratios, telling = told_apart(_drawn(*ratios, 1, seed), seed=seed) if tell else (None, [])
    told_strong = told_apart(_drawn(*ratios, _TIMES_REAL_STRONG, seed), seed=seed)[0] if strong else None
    found, wanted = effects(synthetic), effects(real)
    return Fidelity(
        max_numeric_ks=max(ks.values()),
        max_categorical_tv=max(tv.values()),
        max_missing_gap=max(missing.values()),
        mean_spearman_gap=float(np.nanmean(pairs)),
        max_spearman_gap=float(np.nanmax(pairs)),
        told_apart_auc=told,
        told_apart_auc_ratios=told_ratios,
        default_rate=_mean(second, embedded.TARGET),
        told_apart_auc_strong=told_strong,
        default_rate_real=_mean(first, embedded.TARGET),
        effect_slope=effect_slope(wanted, found),
        effects_close=share_close(wanted, found),
        same_rows=count_same_rows(first, second),
        n_real=first.height,
        n_synthetic=second.height,
        numeric_ks=_falling(ks),
        categorical_tv=_falling(tv),
        missing_gap=_falling(missing),
        worst_pairs=_worst_pairs(gaps),
        telling_columns=telling,
        effects={name: (round(wanted[name], 4), round(found[name], 4)) for name in wanted if name in found},
    )


def ks_distance(first: Floats, second: Floats) -> float:
    """Kolmogorov-Smirnov distance of two samples: the largest gap of their distribution functions, NaN left out."""
    a, b = np.sort(first[~np.isnan(first)]), np.sort(second[~np.isnan(second)])
    if not a.size or not b.size:
        return 0.0 if a.size == b.size else 1.0
    at = np.concatenate([a, b])
    below_a, below_b = np.searchsorted(a, at, side="right") / a.size, np.searchsorted(b, at, side="right") / b.size
    return float(np.max(np.abs(below_a - below_b)))


def total_variation(first: pl.Series, second: pl.Series) -> float:
    """Total variation of two samples of level names: half the summed gaps of their shares, missing being a level."""
    shares = [
        dict(series.rename("x").value_counts(normalize=True, name="share").iter_rows()) for series in (first, second)
    ]
    levels = shares[0].keys() | shares[1].keys()
    return 0.5 * float(sum(abs(shares[0].get(level, 0.0) - shares[1].get(level, 0.0)) for level in levels))


def spearman_matrix(table: Floats) -> Floats:
    """Spearman correlations of the columns; missing ranks lowest, ties share their mean rank, constants give 0."""
    ranks = np.column_stack([average_ranks(column) for column in table.T])
    ranks -= ranks.mean(axis=0)
    spread = np.sqrt(np.sum(ranks**2, axis=0))
    ranks /= np.where(spread > 0, spread, 1.0)
    return np.asarray(ranks.T @ ranks)


def count_same_rows(real: pl.DataFrame, synthetic: pl.DataFrame) -> int:
    """Synthetic rows that equal some real row in every column but the id and the outcome."""
    names = [name for name in (*_NUMERIC, *_CATEGORIES) if name != embedded.TARGET]
    return synthetic.select(names).join(real.select(names).unique(), on=names, how="semi", nulls_equal=True).height


def told_apart(labelled: tuple[pl.DataFrame, NDArray[np.int8]], *, seed: int) -> tuple[float, list[tuple[str, float]]]:
    """Out-of-fold AUC of a LightGBM told to find the real rows, and the columns that helped it most.

    Args:
        labelled: features (strings are categories), and 1 for each real row.
        seed: of folds and classifier.

    Returns:
        The AUC, and (column, share of the gain) of the most telling columns.
    """
    import lightgbm as lgb
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    features, is_real = labelled
    table, categories = _coded(features)
    guess = np.zeros(is_real.size)
    gain = np.zeros(table.shape[1])
    settings = {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "num_threads": _THREADS,
        "feature_fraction": 0.7,
        "is_unbalance": True,
        "seed": seed,
        "deterministic": True,
        "verbosity": -1,
    }
    for train, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(table, is_real):
        data = lgb.Dataset(table[train], is_real[train], categorical_feature=categories)
        booster = lgb.train(settings, data, num_boost_round=200)
        guess[test] = np.asarray(booster.predict(table[test]))
        gain += booster.feature_importance("gain")
    shares = sorted(zip(features.columns, (gain / max(gain.sum(), 1e-12)).tolist(), strict=True), key=lambda x: -x[1])
    return float(roc_auc_score(is_real, guess)), [(name, round(share, 4)) for name, share in shares[:_N_TELLING]]


def check_table(name: str, table: pl.DataFrame) -> None:
    """Raise TableError, naming the table as `name`, if it is empty or lacks a column."""
    missing = [c.name for c in embedded.COLUMNS if c.name not in table.columns]
    if missing:
        raise TableError(
            f"{name} lacks {len(missing)} of the application columns, for example {missing[0]}; bring a whole one."
        )
    if not table.height:
        raise TableError(f"{name} holds no rows; bring one with applications in it.")


def _normalised(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(
        *(pl.col(name).cast(pl.Float64) for name in _NUMERIC),
        *(pl.col(name).cast(pl.String) for name in _CATEGORIES),
    )


def _floats(table: pl.DataFrame, name: str) -> Floats:
    return table[name].fill_null(float("nan")).to_numpy().astype(np.float64)


def _levels(table: pl.DataFrame, name: str) -> pl.Series:
    return table[name]


def _matrix(table: pl.DataFrame) -> Floats:
    return np.column_stack([_floats(table, name) for name in _NUMERIC])


def _missing(table: pl.DataFrame, name: str) -> float:
    return table[name].null_count() / table.height


def _mean(table: pl.DataFrame, name: str) -> float:
    return float(np.nanmean(_floats(table, name)))


def _drawn(real: pl.DataFrame, synthetic: pl.DataFrame, times: int, seed: int) -> tuple[pl.DataFrame, NDArray[np.int8]]:
    n_rows = min(synthetic.height, times * real.height)
    labels = np.concatenate([np.ones(real.height, np.int8), np.zeros(n_rows, np.int8)])
    return pl.concat([real, synthetic.sample(n_rows, seed=seed)]), labels


def _with_ratios(table: pl.DataFrame) -> pl.DataFrame:
    families = [name.removesuffix("_AVG") for name in _NUMERIC if name.endswith("_AVG")]
    twins = {f"{f} {kind} - AVG": (f"{f}_{kind}", f"{f}_AVG") for f in families for kind in ("MODE", "MEDI")}
    return table.with_columns(
        *((pl.col(above) / pl.col(below)).alias(name) for name, (above, below) in _RATIOS.items()),
        *((pl.col(first) - pl.col(second)).alias(name) for name, (first, second) in (_DIFFERENCES | twins).items()),
        *((pl.col(name) % step).alias(f"{name} beyond {step:g}") for name, step in _REMAINDERS.items()),
    )


def _coded(features: pl.DataFrame) -> tuple[NDArray[np.float64], list[int]]:
    """A float matrix with NaN for missing, and the places of the categories in it."""
    texts = [i for i, dtype in enumerate(features.dtypes) if dtype == pl.String]
    coded = features.with_columns(pl.col(pl.String).cast(pl.Categorical).to_physical())
    return coded.cast(pl.Float64).fill_null(float("nan")).to_numpy(), texts


def _falling(found: dict[str, float]) -> dict[str, float]:
    return dict(sorted(((name, round(value, 6)) for name, value in found.items()), key=lambda item: -item[1]))


def _worst_pairs(gaps: Floats) -> list[tuple[str, str, float]]:
    upper = np.triu(np.nan_to_num(gaps), 1)
    order = np.argsort(upper, axis=None)[::-1][:_N_WORST]
    return [
        (_NUMERIC[i], _NUMERIC[j], round(float(upper[i, j]), 4))
        for i, j in zip(*np.unravel_index(order, upper.shape), strict=True)
    ]
