"""The applications that the published model was built on, to compare an applicant with.

They do not depend on the predictions shown. Without contributions of this model there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dashboard.cache.chosen import LOADED
from dashboard.cache.explanations import model_contributions
from dashboard.cache.kept import kept
from dashboard.cache.models import model_folder, model_version, open_session
from dashboard.cache.sources import SMALL, applications_version, definition, settings
from data.errors import ScoreroomError
from data.facts import ColumnFacts, describe_table
from data.files.convert import open_applications
from inference.batch import Explain
from inference.explain.all_reasons import NamedReasons, name_reasons
from inference.explain.assessment import Assessment, assess
from inference.explain.comparison import Reference, Typical, find_reference, published_log_odds
from inference.explain.contributions import Contributions
from inference.explain.explainer import Explainer
from inference.explain.neighbours import Neighbours, main_fields
from inference.explain.reasons import batch_reasons
from inference.model.decision import probabilities_of
from inference.values import Value

_LOOKING = "Looking through the applications ..."


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Applications in the order of their table: contributions and log-odds of the published model, and what happened.

    `ids` are Int64 or String; `defaulted` is null where an application has no outcome. `weights` are the main fields
    with their share of what moves predictions, the weightiest first.
    """

    contributions: Contributions
    log_odds: NDArray[np.float32]
    ids: pl.Series
    defaulted: pl.Series
    weights: Mapping[str, float]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """PD of every application by the published model."""
        return probabilities_of(self.log_odds)


def built_version() -> str:
    """The version of model and application table, both of which must exist."""
    return f"{model_version()} {applications_version()}"


def found_version() -> str:
    """The version of contributions and application table, as far as they exist."""
    return f"{model_contributions().version} {_version_at_hand()}"


def _version_at_hand() -> str:
    try:
        return applications_version()
    except ScoreroomError:
        return ""


@kept(built_version, entries=LOADED)
def explainer() -> Explainer:
    """The published model's trees, ready to explain an application beside what is typical of the application table.

    Raises:
        ScoreroomError: the trees are missing, or are not those that were published; or there is no such table.
    """
    typical = {name: facts.typical for name, facts in column_facts().items()}
    return Explainer.open(model_folder(), typical, open_session().features)


# Shared: it is never written to, and copying it takes longer than all that a page does with it.
@kept(lambda: f"{model_version()} {found_version()}", entries=SMALL)
def assess_values(values: Mapping[str, Value], cutoff: float) -> Assessment:
    """Score, explain and decide an application; without contributions or reasons where the trees are missing.

    Raises:
        ScoreroomError: there is no model, or it does not take one of the values.
    """
    trees = _explainer_at_hand()
    return assess(values, cutoff, open_session(), trees, None if trees is None else reference(cutoff))


def explain_many(cutoff: float) -> Explain | None:
    """The function that gives principal reasons of many declined applications; None without trees or portfolio."""
    trees = _explainer_at_hand()
    compared = None if trees is None else reference(cutoff)
    if trees is None or compared is None:
        return None
    return partial(batch_reasons, explainer=trees, session=open_session(), reference=compared)


def name_all_reasons(cutoff: float) -> NamedReasons | None:
    """The reasons of every application, against those that `cutoff` only just approves; None without the portfolio.

    Raises:
        ScoreroomError: the trees are missing, or are not those that were published.
    """
    own, compared = portfolio(), reference(cutoff)
    if own is None or compared is None:
        return None
    return name_reasons(_inputs(), own.contributions, explainer(), open_session(), compared)


def _explainer_at_hand() -> Explainer | None:
    try:
        return explainer()
    except ScoreroomError:
        return None


@kept(applications_version, entries=LOADED, spinner=_LOOKING)
def column_facts() -> Mapping[str, ColumnFacts]:
    """What occurs in each column of the application table.

    Raises:
        ScoreroomError: there is no such table.
    """
    return describe_table(open_applications(settings(), definition()), definition())


@kept(found_version, entries=LOADED, spinner=_LOOKING)
def portfolio() -> Portfolio | None:
    """The model's own applications; None where they or their contributions are missing."""
    contributions, known = model_contributions().contributions, definition()
    if contributions is None or not _version_at_hand():
        return None
    try:
        features = open_session().features
    except ScoreroomError:
        # The page that needs the model says what is wrong with it.
        return None
    target = pl.lit(None) if known.target is None else pl.col(known.target) == 1
    table = open_applications(settings(), definition()).select(pl.col(known.id), target.alias("~defaulted")).collect()
    ids = table[known.id]
    if not contributions.are_of(ids):
        return None
    return Portfolio(
        contributions,
        published_log_odds(contributions),
        ids.cast(pl.Int64 if ids.dtype.is_integer() else pl.String),
        table["~defaulted"].cast(pl.Boolean),
        main_fields(contributions, features),
    )


def why_no_portfolio() -> str:
    """The sentence why there are no applications to compare with."""
    reason = model_contributions().reason
    if not reason:
        try:
            applications_version()
        except ScoreroomError as error:
            return str(error)
    return reason or "The contributions are of another application table; `make build` computes them again."


@kept(found_version, entries=SMALL, is_copied=True)
def reference(cutoff: float) -> Reference | None:
    """The applications that `cutoff` only just approves; None where there is nothing to compare with."""
    own = portfolio()
    return None if own is None else find_reference(own.contributions, _inputs().lazy(), open_session(), cutoff)


def typical_of_reference(name: str, cutoff: float) -> Typical | None:
    """What is typical of a column of the model among the applications that `cutoff` only just approves."""
    compared = reference(cutoff)
    return None if compared is None else compared.typical.get(name)


def field_values(name: str) -> pl.Series:
    """A column of the application table that the model takes, as it is stored.

    Raises:
        ScoreroomError: there is no such table.
    """
    return _inputs()[name]


@kept(built_version, entries=SMALL, is_copied=True)
def published_pds(rows: tuple[int, ...]) -> NDArray[np.float32]:
    """PDs by the published model of the applications at these positions, bit for bit as the side panel has them."""
    return open_session().score_frame(_inputs()[list(rows)])


# 79 MB; another cutoff compares with other applications, and to read 2,000 of them takes as long as to read all.
@kept(built_version, entries=LOADED)
def _inputs() -> pl.DataFrame:
    return open_applications(settings(), definition()).select(open_session().features.sources).collect()


@kept(found_version, entries=LOADED, spinner="Preparing the applications to compare with ...")
def neighbours() -> Neighbours | None:
    """The model's own applications, ready to be searched for those like another one."""
    own = portfolio()
    return None if own is None else Neighbours(_inputs(), definition(), own.weights)
