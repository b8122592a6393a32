"""The stated risk model behind the synthetic outcome: a logistic regression on features anyone can read.

It is fitted so that on synthetic applications each feature parts defaults from the others as it does on real ones, and
stored as coefficients on clipped standardised features. On a portfolio its log-odds are shifted so that the expected
default rate is the asked one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.home_credit import embedded
from data.home_credit.marginals import Floats

# 24,825 defaults among the 307,511 applications of the published table.
PUBLISHED_DEFAULT_RATE = 0.0807
_CLIP = 3.0
_PENALTY = 6e-3
# Flags of work and papers stand for much that the scores and ages say better; they are let in less easily.
_WEAK = ("working", "state servant", "manual work", "drivers", "core staff", "skilled work", "document 3", "document 6")
_WEAK_PENALTY = 4 * _PENALTY
_NEWTON_STEPS = 8

_c = pl.col
_days_employed = pl.when(_c("DAYS_EMPLOYED") == embedded.NOT_EMPLOYED).then(None).otherwise(_c("DAYS_EMPLOYED"))
_scores = [_c(f"EXT_SOURCE_{i}") for i in (1, 2, 3)]


def _is(name: str, *levels: str) -> pl.Expr:
    return _c(name).cast(pl.String).is_in(levels)


FEATURES: dict[str, pl.Expr] = {
    **{f"external score {i}": _c(f"EXT_SOURCE_{i}") for i in (1, 2, 3)},
    **{f"external score {i} missing": _c(f"EXT_SOURCE_{i}").is_null() for i in (1, 3)},
    "mean external score": pl.mean_horizontal(_scores),
    "lowest external score": pl.min_horizontal(_scores),
    "age": -_c("DAYS_BIRTH"),
    "years in job": (-_days_employed + 1).log(),
    "no job": _c("DAYS_EMPLOYED") == embedded.NOT_EMPLOYED,
    "share of life in job": _days_employed / _c("DAYS_BIRTH"),
    "log income": _c("AMT_INCOME_TOTAL").log(),
    "log goods price": _c("AMT_GOODS_PRICE").log(),
    "credit to goods price": _c("AMT_CREDIT") / _c("AMT_GOODS_PRICE"),
    "annuity to income": (_c("AMT_ANNUITY") / _c("AMT_INCOME_TOTAL")).log(),
    "credit to annuity": _c("AMT_CREDIT") / _c("AMT_ANNUITY"),
    "revolving": _is("NAME_CONTRACT_TYPE", "Revolving loans"),
    "secondary education": _is("NAME_EDUCATION_TYPE", "Secondary / secondary special", "Lower secondary"),
    "higher education": _is("NAME_EDUCATION_TYPE", "Higher education", "Academic degree"),
    "male": _is("CODE_GENDER", "M"),
    "married": _is("NAME_FAMILY_STATUS", "Married"),
    "widowed": _is("NAME_FAMILY_STATUS", "Widow"),
    "children": _c("CNT_CHILDREN").clip(0, 4),
    "lives with parents": _is("NAME_HOUSING_TYPE", "With parents"),
    "rents": _is("NAME_HOUSING_TYPE", "Rented apartment"),
    "state servant": _is("NAME_INCOME_TYPE", "State servant"),
    "working": _is("NAME_INCOME_TYPE", "Working"),
    "manual work": _is("OCCUPATION_TYPE", "Laborers", "Low-skill Laborers", "Drivers", "Security staff"),
    "drivers": _is("OCCUPATION_TYPE", "Drivers"),
    "core staff": _is("OCCUPATION_TYPE", "Core staff", "Medicine staff"),
    "skilled work": _is("OCCUPATION_TYPE", "Accountants", "High skill tech staff", "Managers"),
    "self-employed": _is("ORGANIZATION_TYPE", "Self-employed"),
    "construction": _is("ORGANIZATION_TYPE", "Construction"),
    "owns a car": _is("FLAG_OWN_CAR", "Y"),
    "car age": _c("OWN_CAR_AGE").clip(0, 30),
    "region rating": _c("REGION_RATING_CLIENT_W_CITY"),
    "home in another city": _c("REG_CITY_NOT_LIVE_CITY"),
    "work in another city": _c("REG_CITY_NOT_WORK_CITY"),
    "work phone": _c("FLAG_WORK_PHONE"),
    "home phone": _c("FLAG_PHONE"),
    "email": _c("FLAG_EMAIL"),
    "days since phone change": -_c("DAYS_LAST_PHONE_CHANGE"),
    "phone just changed": _c("DAYS_LAST_PHONE_CHANGE") > -30,
    "days since new papers": -_c("DAYS_ID_PUBLISH"),
    "days since registration": -_c("DAYS_REGISTRATION"),
    "document 3": _c("FLAG_DOCUMENT_3"),
    "document 6": _c("FLAG_DOCUMENT_6"),
    "defaults in circle": _c("DEF_30_CNT_SOCIAL_CIRCLE").clip(0, 2),
    "enquiries in the year": _c("AMT_REQ_CREDIT_BUREAU_YEAR").clip(0, 6),
    "no enquiry record": _c("AMT_REQ_CREDIT_BUREAU_YEAR").is_null(),
    "building known": _c("FLOORSMAX_AVG").is_not_null(),
    "floors": _c("FLOORSMAX_AVG"),
    "lifts": _c("ELEVATORS_AVG"),
    "living area": _c("LIVINGAREA_AVG").sqrt(),
    "total area": _c("TOTALAREA_MODE").sqrt(),
    "common area": _c("COMMONAREA_AVG").sqrt(),
    "flats not lived in": _c("NONLIVINGAPARTMENTS_AVG").sqrt(),
    "year built": _c("YEARS_BUILD_AVG"),
    "panel walls": _is("WALLSMATERIAL_MODE", "Panel"),
    "areas known": _c("NONLIVINGAREA_AVG").is_not_null(),
}


@dataclass(frozen=True)
class RiskModel:
    """Log-odds as an intercept and, for each feature, (mean, spread, coefficient) on the standardised scale."""

    terms: dict[str, tuple[float, float, float]]
    cross_validated_auc: float

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> RiskModel:
        terms = {name: (term[0], term[1], term[2]) for name, term in stored["terms"].items()}
        return cls(terms, stored["cross_validated_auc"])

    def to_json(self) -> dict[str, Any]:
        return {"terms": self.terms, "cross_validated_auc": self.cross_validated_auc}

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """Log-odds of default up to a constant, one for each row; a missing feature counts as its mean."""
        total = np.zeros(frame.height)
        for name, (mean, spread, coefficient) in self.terms.items():
            total += coefficient * _standardise(_feature(frame, name), mean, spread)
        return total


def fit_risk_model(real: pl.DataFrame, synthetic: pl.DataFrame, default_rate: float) -> RiskModel:
    """Fit coefficients that give synthetic applications the effects of real ones.

    With `default_rate` of the synthetic applications defaulting, the gap between the means of each standardised feature
    among defaults and among the others is the real one, but for a light L2 penalty; where synthetic features are
    distributed as the real ones this is the logistic regression on these.

    Args:
        real: applications with outcomes.
        synthetic: applications without.
        default_rate: of the portfolio.

    Returns:
        The model, with the 5-fold cross-validated AUC of the same regression on real applications alone.
    """
    raw = {name: _feature(real, name) for name in FEATURES}
    moments = {name: (_short(np.nanmean(values)), _short(np.nanstd(values)) or 1.0) for name, values in raw.items()}
    table = np.column_stack([_standardise(raw[name], *moments[name]) for name in FEATURES])
    drawn = np.column_stack([_standardise(_feature(synthetic, name), *moments[name]) for name in FEATURES])
    outcome = real[embedded.TARGET].to_numpy().astype(bool)
    gap = table[outcome].mean(axis=0) - table[~outcome].mean(axis=0)
    goal = default_rate * (drawn.mean(axis=0) + (1 - default_rate) * gap)
    coefficients = _solve(drawn, goal, default_rate)[1:]
    terms = {
        name: (*moments[name], round(float(coefficient), 5))
        for name, coefficient in zip(FEATURES, coefficients, strict=True)
    }
    return RiskModel(terms, round(_cross_validated_auc(table, outcome), 4))


def _solve(table: Floats, goal: Floats, rate: float) -> Floats:
    """Intercept and coefficients of the logistic model under which the mean of outcome times feature is `goal`.

    Newton's method on the convex function whose gradient is the difference, with the penalty on the coefficients.
    """
    design = np.column_stack([np.ones(len(table)), table])
    wanted = np.append(rate, goal)
    penalty = np.array([0.0, *(_WEAK_PENALTY if name in _WEAK else _PENALTY for name in FEATURES)])
    solution = np.append(np.log(rate / (1 - rate)), np.zeros(table.shape[1]))
    for _ in range(_NEWTON_STEPS):
        probability = _sigmoid(design @ solution)
        gradient = design.T @ probability / len(table) - wanted + penalty * solution
        weights = probability * (1 - probability)
        curvature = (design * weights[:, None]).T @ design / len(table) + np.diag(penalty)
        solution = solution - np.linalg.solve(curvature, gradient)
    return np.asarray(solution)


def _cross_validated_auc(table: Floats, outcome: NDArray[np.bool_]) -> float:
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    predicted = np.empty(outcome.size)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table, outcome):
        goal = table[train].T @ outcome[train] / train.size
        solution = _solve(table[train], goal, float(outcome[train].mean()))
        predicted[test] = solution[0] + table[test] @ solution[1:]
    return float(roc_auc_score(outcome, predicted))


def draw_outcomes(log_odds: Floats, default_rate: float, rng: np.random.Generator) -> Floats:
    """Draw 0/1 outcomes, each with its row's probability, whose mean is `default_rate` to within one row.

    Systematic sampling over the rows in random order (Madow, 1949): the total is held, and because of the shuffle
    neither a row's place nor its neighbours say anything about its outcome.
    """
    probability = _probabilities(log_odds, default_rate)
    order = rng.permutation(probability.size)
    steps = np.floor(np.cumsum(probability[order]) + rng.random())
    outcome = np.zeros(probability.size)
    outcome[order] = np.diff(steps, prepend=0.0).clip(0, 1)
    return outcome


def _probabilities(log_odds: Floats, default_rate: float) -> Floats:
    low, high = -20.0, 20.0
    for _ in range(60):
        shift = (low + high) / 2
        if _sigmoid(log_odds + shift).mean() < default_rate:
            low = shift
        else:
            high = shift
    return _sigmoid(log_odds + high)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))


def _feature(frame: pl.DataFrame, name: str) -> Floats:
    values = frame.select(FEATURES[name].cast(pl.Float64).alias("x"))["x"]
    return values.fill_null(float("nan")).to_numpy().astype(np.float64)


def _standardise(values: Floats, mean: float, spread: float) -> Floats:
    return np.asarray(np.nan_to_num(np.clip((values - mean) / spread, -_CLIP, _CLIP), nan=0.0))


def _short(value: Any) -> float:
    return float(f"{value:.6g}")
