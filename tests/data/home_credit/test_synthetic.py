from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from data.definition.columns import Column, Kind
from data.files.validate import is_allowed
from data.home_credit import embedded
from data.home_credit.building import FAMILIES
from data.home_credit.marginals import Levels, Marginal
from data.home_credit.profile import load_profile
from data.home_credit.synthetic import make_applications
from data.home_credit.variables import ENQUIRIES, EXTRA_DOCUMENTS, MAIN_DOCUMENTS

N_ROWS = 24_000
c = pl.col
CASH = c("NAME_CONTRACT_TYPE") == "Cash loans"
HAS_JOB = c("DAYS_EMPLOYED") != embedded.NOT_EMPLOYED


@pytest.fixture(scope="module")
def portfolio() -> pl.DataFrame:
    return make_applications(N_ROWS, seed=5)


def _flags(place: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    names = f"REG_{place}_NOT_LIVE_{place}", f"REG_{place}_NOT_WORK_{place}", f"LIVE_{place}_NOT_WORK_{place}"
    home, work, between = (c(name) == 1 for name in names)
    return home, work, between


def _together(*names: str) -> pl.Expr:
    return pl.all_horizontal(c(name).is_null() == c(names[0]).is_null() for name in names)


def _on_step(name: str, step: float) -> pl.Expr:
    return c(name).is_null() | ((c(name) / step - (c(name) / step).round()).abs() < 1e-6)


_PARTNERED = c("NAME_FAMILY_STATUS").cast(pl.String).is_in(["Married", "Civil marriage"])
RULES: dict[str, pl.Expr] = {
    "car age just for car owners": c("OWN_CAR_AGE").is_null() == (c("FLAG_OWN_CAR") == "N"),
    "sentinel just for pensioners and unemployed": (
        c("NAME_INCOME_TYPE").cast(pl.String).is_in(["Pensioner", "Unemployed"]) != HAS_JOB
    ),
    "no job, no employer": (c("ORGANIZATION_TYPE") == "XNA") != HAS_JOB,
    "no job, no phone there": (c("FLAG_EMP_PHONE") == 1) == HAS_JOB,
    "no job, no work phone": HAS_JOB | (c("FLAG_WORK_PHONE") == 0),
    "no job, no occupation": HAS_JOB | c("OCCUPATION_TYPE").is_null(),
    "no job, no way to work": HAS_JOB
    | pl.all_horizontal(
        c(name) == 0 for name in embedded.BY_NAME if name.endswith(("NOT_WORK_REGION", "NOT_WORK_CITY"))
    ),
    "employed since adulthood": ~HAS_JOB | (c("DAYS_EMPLOYED").cast(pl.Int32) - c("DAYS_BIRTH") >= 6550),
    "employed before today": ~HAS_JOB | (c("DAYS_EMPLOYED") <= 0),
    "registered in life": c("DAYS_REGISTRATION") >= c("DAYS_BIRTH"),
    "papers from 20 on": c("DAYS_ID_PUBLISH") - c("DAYS_BIRTH") >= 7305,
    "family is children, applicant and partner": (
        c("CNT_FAM_MEMBERS") == c("CNT_CHILDREN") + 1 + _PARTNERED.cast(pl.Int8)
    ),
    "city rating never worse than the region's": c("REGION_RATING_CLIENT_W_CITY") <= c("REGION_RATING_CLIENT"),
    **{
        f"same {place.lower()} of home and register, same way to work": (
            _flags(place)[0] | (_flags(place)[1] == _flags(place)[2])
        )
        for place in ("REGION", "CITY")
    },
    **{
        f"{family} triple missing together": _together(*(f"{family}_{kind}" for kind in ("AVG", "MODE", "MEDI")))
        for family in FAMILIES
    },
    **{
        f"{family} triple zero together": ~(c(f"{family}_AVG") == 0).fill_null(value=False)
        | ((c(f"{family}_MODE") == 0) & (c(f"{family}_MEDI") == 0))
        for family in FAMILIES
        if not family.startswith("YEARS")
    },
    "social circle missing together": _together(
        *(f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for kind in ("OBS", "DEF") for days in (30, 60))
    ),
    "fewer observed over 60 days": (c("OBS_60_CNT_SOCIAL_CIRCLE") <= c("OBS_30_CNT_SOCIAL_CIRCLE")).fill_null(
        value=True
    ),
    "fewer late over 60 days": (c("DEF_60_CNT_SOCIAL_CIRCLE") <= c("DEF_30_CNT_SOCIAL_CIRCLE")).fill_null(value=True),
    "late are observed": (c("DEF_30_CNT_SOCIAL_CIRCLE") <= c("OBS_30_CNT_SOCIAL_CIRCLE")).fill_null(value=True),
    "late over 60 days are observed": (c("DEF_60_CNT_SOCIAL_CIRCLE") <= c("OBS_60_CNT_SOCIAL_CIRCLE")).fill_null(
        value=True
    ),
    "enquiries missing together": _together(*ENQUIRIES),
    "no enquiries, no third score": c(ENQUIRIES[0]).is_not_null() | c("EXT_SOURCE_3").is_null(),
    "revolving credit is its price": CASH | c("AMT_GOODS_PRICE").is_null() | (c("AMT_CREDIT") == c("AMT_GOODS_PRICE")),
    "revolving annuity is 5 %": CASH | ((c("AMT_ANNUITY") - 0.05 * c("AMT_CREDIT")).abs() < 2.3),
    "cash loans have a goods price": ~CASH | c("AMT_GOODS_PRICE").is_not_null(),
    "no price, no company": c("AMT_GOODS_PRICE").is_not_null() | c("NAME_TYPE_SUITE").is_null(),
    "credit covers the goods": c("AMT_GOODS_PRICE").is_null() | (c("AMT_CREDIT") >= c("AMT_GOODS_PRICE")),
    "credit on steps of 4.5": _on_step("AMT_CREDIT", 4.5),
    "annuity on steps of 4.5": _on_step("AMT_ANNUITY", 4.5),
    "income on steps of 4.5": _on_step("AMT_INCOME_TOTAL", 4.5),
    "goods price on steps of 4.5": _on_step("AMT_GOODS_PRICE", 4.5),
    "one main document at most": pl.sum_horizontal(f"FLAG_DOCUMENT_{n}" for n in MAIN_DOCUMENTS) <= 1,
    "further documents beside 3 or 8": (pl.sum_horizontal(f"FLAG_DOCUMENT_{n}" for n in EXTRA_DOCUMENTS) == 0)
    | (c("FLAG_DOCUMENT_3") + c("FLAG_DOCUMENT_8") == 1),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_row_obeys(rule: str, portfolio: pl.DataFrame) -> None:
    assert portfolio.filter(~RULES[rule]).height == 0


def test_a_region_has_one_rating_as_in_the_profile(portfolio: pl.DataFrame) -> None:
    own = next(step["own"] for step in load_profile()["variables"] if step["name"] == "region")
    known = {tuple(map(float, name.split("|"))) for name in Levels.from_json(own).names}
    found = portfolio.select("REGION_RATING_CLIENT", "REGION_POPULATION_RELATIVE").unique().rows()
    assert {(float(rating), population) for rating, population in found} <= known


def test_has_the_schema(portfolio: pl.DataFrame) -> None:
    assert portfolio.schema == embedded.DEFINITION.polars_schema()
    assert portfolio.height == N_ROWS


@pytest.mark.parametrize("column", embedded.COLUMNS, ids=lambda column: str(column.name))
def test_values_are_allowed(column: Column, portfolio: pl.DataFrame) -> None:
    values = portfolio[column.name].drop_nulls()
    assert column.kind is Kind.CATEGORY or is_allowed(column, values).all()
    assert column.nullable or values.len() == N_ROWS


def test_ids_are_unique_and_rise_from_the_published_first(portfolio: pl.DataFrame) -> None:
    ids = portfolio[embedded.ID]
    assert ids.is_unique().all()
    assert ids.is_sorted()
    assert ids.min() >= 100_002  # type: ignore[operator]


def test_same_seed_same_portfolio_and_another_seed_another() -> None:
    first, again, other = (make_applications(500, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_no_row_is_there_twice(portfolio: pl.DataFrame) -> None:
    assert portfolio.drop(embedded.ID).is_duplicated().sum() == 0


def test_default_rate_is_the_published_one(portfolio: pl.DataFrame) -> None:
    assert portfolio[embedded.TARGET].mean() == pytest.approx(0.0807, abs=0.001)


# Shares of the 5,000 real rows; each beside a bound that lies between it and what independent draws would give.
RARITIES: dict[str, tuple[pl.Expr, float, float]] = {
    "children over 60, 0.04 %": ((c("DAYS_BIRTH") < -21_915) & (c("CNT_CHILDREN") > 0), 0.0, 0.002),
    "living area over twice the total, 0.86 %": (c("LIVINGAREA_AVG") > 2 * c("TOTALAREA_MODE"), 0.004, 0.013),
    "total area over twice the living, 0.96 %": (c("TOTALAREA_MODE") > 2 * c("LIVINGAREA_AVG"), 0.005, 0.014),
    "region 3 with city 1, 0.22 %": (
        (c("REGION_RATING_CLIENT") == 3) & (c("REGION_RATING_CLIENT_W_CITY") == 1),
        0.001,
        0.005,
    ),
    "income off the steps of 4,500, 2.5 %": (c("AMT_INCOME_TOTAL") % 4500 > 0, 0.018, 0.032),
    "registered on the day of the papers, 1.2 %": (c("DAYS_REGISTRATION") == c("DAYS_ID_PUBLISH"), 0.008, 0.016),
    "lowest floor stored one above the highest, 23 %": (
        ((c("FLOORSMIN_AVG") - c("FLOORSMAX_AVG") - 1 / 24).abs() < 3e-4).fill_null(value=False),
        0.19,
        0.27,
    ),
}


@pytest.mark.parametrize("name", RARITIES)
def test_what_is_rare_or_frequent_in_real_rows_is_so_here(name: str, portfolio: pl.DataFrame) -> None:
    condition, low, high = RARITIES[name]
    assert low <= portfolio.filter(condition).height / N_ROWS <= high


def test_loans_are_of_few_tariffs(portfolio: pl.DataFrame) -> None:
    few = portfolio.head(5_000)
    # 61 and 1,582 in as many real rows.
    assert 45 <= few.select((c("AMT_CREDIT") / c("AMT_GOODS_PRICE")).round(4)).n_unique() <= 75
    assert few.select((c("AMT_ANNUITY") / c("AMT_CREDIT")).round(5)).n_unique() < 1_900


def test_young_applicants_have_the_lowest_first_scores(portfolio: pl.DataFrame) -> None:
    lowest = c("EXT_SOURCE_1") < c("EXT_SOURCE_1").quantile(0.05)
    youngest = c("DAYS_BIRTH") > c("DAYS_BIRTH").quantile(0.95)
    # 28 of 5,000 real rows, where independent columns would give 5.
    assert portfolio.filter(lowest & youngest).height * 5_000 / N_ROWS == pytest.approx(28, abs=8)


def test_defaults_follow_the_stated_risk(portfolio: pl.DataFrame) -> None:
    by_half = (
        portfolio.group_by(c("EXT_SOURCE_2") > c("EXT_SOURCE_2").median()).agg(c(embedded.TARGET).mean()).drop_nulls()
    )
    worse, better = by_half.sort("EXT_SOURCE_2")[embedded.TARGET]
    assert worse > 1.8 * better


@pytest.mark.parametrize("name", ["AMT_INCOME_TOTAL", "DAYS_BIRTH", "EXT_SOURCE_2", "AMT_GOODS_PRICE", "DAYS_EMPLOYED"])
def test_quantities_keep_the_marginal_of_the_profile(name: str, portfolio: pl.DataFrame) -> None:
    own = next(step["own"] for step in load_profile()["variables"] if step["name"] == name)
    marginal = Marginal.from_json(own)
    values = portfolio.filter(HAS_JOB)[name] if name == "DAYS_EMPLOYED" else portfolio[name]
    known = np.sort(values.drop_nulls().cast(pl.Float64).to_numpy())
    expected = np.cumsum(marginal.counts) / marginal.counts.sum()
    # The distribution function at the upper end of a piece, where the next piece is not an atom at that same value.
    last = np.append(marginal.high[:-1] < marginal.high[1:], True)
    found = np.searchsorted(known, marginal.high, side="right") / known.size
    assert np.abs(found - expected)[last].max() < 0.02


def test_progress_counts_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    make_applications(200, seed=0, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, seen[0][1] + 1))


def test_making_it_needs_neither_scikit_learn_nor_lightgbm_nor_scipy() -> None:
    code = (
        "import sys; from data.home_credit.synthetic import make_applications; make_applications(50);"
        "print([m for m in ('sklearn', 'lightgbm', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
