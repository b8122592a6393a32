"""What the pieces of the applicant's page are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dashboard import cache
from dashboard.cohort.lookup import Identifier
from dashboard.components.applicant.standing import PUBLISHED, Standing
from dashboard.components.scorecard import points_by_field
from dashboard.visit.drafts import NEW, Draft
from data.definition.definition import Definition
from data.facts import ColumnFacts
from data.predictions.scores import exact_score
from inference.explain.assessment import Assessment, ReferredError
from inference.features.encoding import FeatureSet
from inference.values import Value

# The fields that come first in the form.
MOST_MAIN = 16


@dataclass(frozen=True, slots=True)
class ApplicantView:
    """An application as it is being looked at: what it began with (`base`), what it holds now, and what is said of it.

    `features` are the model's, `facts` what occurs in each column of the application table. Where the model is a
    scorecard, `points` are those of its fields in words.
    """

    dataset: cache.Dataset
    features: FeatureSet
    cutoff: float
    draft: Draft
    base: Mapping[str, Value]
    values: Mapping[str, Value]
    judged: Assessment | ReferredError
    facts: Mapping[str, ColumnFacts]
    points: Mapping[str, str]

    @property
    def definition(self) -> Definition:
        """The definition of the table that the model is for."""
        return self.features.definition

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that the model takes."""
        return self.features.sources

    @property
    def assessed(self) -> Assessment:
        """What is said of the application.

        Raises:
            ReferredError: it is not scored.
        """
        if isinstance(self.judged, ReferredError):
            raise self.judged
        return self.judged

    @property
    def standing(self) -> Standing:
        """The PD that the application has on the screen.

        Raises:
            ReferredError: it is not scored.
        """
        published, filed = self.published, self.filed
        if filed is None:
            return published
        return replace(published, default_probability=filed.default_probability, whose=filed.whose)

    @property
    def published(self) -> Standing:
        """What the published model gives it.

        Raises:
            ReferredError: it is not scored.
        """
        edges = cache.open_session().manifest.band_edges
        # The decimal that is decided on, as everywhere.
        pd = exact_score(np.float32(self.assessed.default_probability))
        return Standing(pd, PUBLISHED, self.cutoff, edges)

    @property
    def is_disputed(self) -> bool:
        """Whether the published model decides otherwise than the PD that stands."""
        return not self.referral and self.standing.is_declined != self.published.is_declined

    @property
    def referral(self) -> str:
        """Why the application is not scored; empty where it is."""
        return str(self.judged) if isinstance(self.judged, ReferredError) else ""

    @property
    def name(self) -> str:
        """What the application is called."""
        return "New applicant" if self.is_new else f"Application {self.draft.identifier}"

    @property
    def is_new(self) -> bool:
        """Whether it began with typical values instead of an application's own."""
        return self.draft.applicant == NEW

    @property
    def identifier(self) -> Identifier | None:
        """The application's id; None for a new one."""
        return cache.identifier_of(self.dataset, self.draft.applicant)

    @property
    def main_fields(self) -> tuple[str, ...]:
        """The fields that move predictions most, the weightiest first."""
        own = cache.portfolio()
        return (self.fields if own is None else tuple(own.weights))[:MOST_MAIN]

    @property
    def observed(self) -> cache.Observed | None:
        """What the predictions on the screen hold of this application; None for a new one."""
        identifier = self.identifier
        return None if identifier is None else cache.observed(self.dataset, identifier)

    @property
    def filed(self) -> cache.Observed | None:
        """What the predictions say of the application as it is: None where it was changed, or is a new one.

        It stands wherever there is one, since tables and all other pages go by it.
        """
        return None if self.changed else self.observed

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns whose values were changed."""
        return tuple(name for name, _ in self.draft.edits)


def applicant_view(dataset: cache.Dataset, draft: Draft, cutoff: float) -> ApplicantView | None:
    """The view of `draft` at a cutoff; None where there is no such application.

    Raises:
        ScoreroomError: no model, no application table, or a value that the model does not take.
    """
    base = cache.base_values(dataset, draft.applicant)
    if base is None:
        return None
    values, features = draft.values(base), cache.open_session().features
    judged, card = assess_or_refer(values, cutoff), cache.card_lines(values)
    return ApplicantView(
        dataset,
        features,
        cutoff,
        draft.beside(base),
        base,
        values,
        judged,
        cache.column_facts(),
        {} if card is None else points_by_field(card.lines),
    )


def assess_or_refer(values: Mapping[str, Value], cutoff: float) -> Assessment | ReferredError:
    """What is said of an application with these values, or why it is not scored.

    Raises:
        ScoreroomError: no model, or a value that it does not take.
    """
    try:
        return cache.assess_values(values, cutoff)
    except ReferredError as referred:
        return referred
