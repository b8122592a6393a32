"""What explaining applications takes beside the session: the model's trees and those who are just approved.

It takes a second or two to load, so that happens behind the service's start, or before a new model takes over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from data.errors import DamageError, ScoreroomError
from data.facts import describe_table
from data.files.convert import open_applications
from data.settings import Settings
from inference.errors import ContributionsError
from inference.explain.assessment import Assessment, assess
from inference.explain.comparison import Reference, compute_reference, find_reference
from inference.explain.contributions import open_contributions
from inference.explain.explainer import Explainer
from inference.model.session import ScoringSession
from inference.service.problems import ProblemError
from inference.values import Value


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Trees that explain, and the applications that the model's cutoff only just approves."""

    explainer: Explainer
    reference: Reference

    @classmethod
    def open(cls, settings: Settings, session: ScoringSession) -> Reasoning:
        """Load what the reasons of the session's model need.

        Stored contributions save time. A model that was published a moment ago has none yet: it is compared with the
        same applications, all of which are then scored.

        Raises:
            ScoreroomError: the trees are not at hand or another model's, or there are no applications.
        """
        table = open_applications(settings, session.definition)
        typical = {name: facts.typical for name, facts in describe_table(table, session.definition).items()}
        explainer = Explainer.open(settings.model, typical, session.features, manifest=session.manifest)
        return cls(explainer, _reference(settings, table, session, explainer))

    def assess(self, application: Mapping[str, Value], session: ScoringSession) -> Assessment:
        """What is said of one application at the model's cutoff; raises ReferredError where too little is known."""
        return assess(application, session.manifest.cutoff, session, self.explainer, self.reference)


def _reference(settings: Settings, table: pl.LazyFrame, session: ScoringSession, explainer: Explainer) -> Reference:
    cutoff = session.manifest.cutoff
    try:
        contributions = open_contributions(settings, session.manifest)
        if contributions.are_of(table.select(session.definition.id).collect().to_series()):
            return find_reference(contributions, table, session, cutoff)
    except (ContributionsError, DamageError):
        pass
    return compute_reference(explainer.model, table, session, cutoff)


class Explanations:
    """A `Reasoning` that is loaded in the background."""

    def __init__(self, loading: asyncio.Future[Reasoning]) -> None:
        self._loading = loading

    @property
    def state(self) -> Literal["loading", "ready", "unavailable"]:
        """Whether applications can be explained."""
        if not self._loading.done():
            return "loading"
        failed = self._loading.cancelled() or self._loading.exception() is not None
        return "unavailable" if failed else "ready"

    async def reasoning(self) -> Reasoning:
        """What explains, once it is loaded.

        Raises:
            ProblemError: it cannot be loaded.
        """
        try:
            return await asyncio.shield(self._loading)
        except ScoreroomError as error:
            raise ProblemError.from_no_explanations(str(error)) from None
        except Exception as error:
            # The log names its place once, where it was loaded.
            raise ProblemError.from_no_explanations("loading what explains failed; see the log.") from error

    async def close(self) -> None:
        """Wait until nothing is loaded any more."""
        await asyncio.wait([self._loading])
