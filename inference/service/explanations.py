"""What explaining applications takes beside the session: the model's trees and those who are just approved.

It takes a second or two to load, so it is loaded behind the service's start, and asked for when an explanation is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from data import schema
from data.convert import open_applications
from data.errors import DataError
from data.facts import describe_table
from data.settings import Settings
from inference.assessment import Assessment, assess
from inference.comparison import Reference, find_reference
from inference.contributions import open_contributions
from inference.errors import ContributionsError
from inference.explainer import Explainer
from inference.service.problems import ProblemError
from inference.session import ScoringSession
from inference.values import Value


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Trees that explain, and the applications that the model's cutoff only just approves."""

    explainer: Explainer
    reference: Reference

    @classmethod
    def open(cls, settings: Settings, session: ScoringSession) -> Reasoning:
        """Load what the published model's reasons need.

        Raises:
            DataError: trees, applications or contributions are not at hand, or do not belong together.
        """
        table = open_applications(settings)
        # What can be wrong comes first, what takes long after it.
        contributions = open_contributions(settings, session.manifest)
        if not contributions.are_of(table.select(schema.ID).collect().to_series()):
            raise ContributionsError.from_other_applications()
        typical = {name: facts.typical for name, facts in describe_table(table).items()}
        explainer = Explainer.open(settings.model, typical)
        return cls(explainer, find_reference(contributions, table, session, session.manifest.cutoff))

    def assess(self, application: Mapping[str, Value], session: ScoringSession) -> Assessment:
        """What is said of one application at the model's cutoff; raises ReferredError where too little is known."""
        return assess(application, session.manifest.cutoff, session, self.explainer, self.reference)


class Explanations:
    """A `Reasoning` that is loaded in the background."""

    def __init__(self, settings: Settings, session: ScoringSession) -> None:
        """Begin to load; called while an event loop runs."""
        self._loading = asyncio.create_task(asyncio.to_thread(Reasoning.open, settings, session))

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
        except DataError as error:
            raise ProblemError.from_no_explanations(str(error)) from None

    async def close(self) -> None:
        """Wait until nothing is loaded any more."""
        await asyncio.wait([self._loading])
