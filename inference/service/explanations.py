"""What explaining applications takes beside the session: the model's trees and those who are just approved.

It takes a second or two to load, so that happens behind the service's start, or before a new model takes over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
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
from inference.inventory.entry import CHAMPION, InventoryError
from inference.inventory.explained import open_model_contributions
from inference.inventory.store import folder_of_model
from inference.model.session import ScoringSession
from inference.service.problems import ProblemError
from inference.serving.log import Log
from inference.values import Value


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Trees that explain, and the applications that the model's cutoff only just approves."""

    explainer: Explainer
    reference: Reference

    @classmethod
    def open(cls, settings: Settings, session: ScoringSession, name: str = CHAMPION) -> Reasoning:
        """Load what the reasons of the session's model need, which the inventory calls `name`.

        Stored contributions save time. A model that was published a moment ago has none yet: it is compared with the
        same applications, all of which are then scored.

        Raises:
            ScoreroomError: the trees are not at hand or another model's, or there are no applications.
        """
        table = open_applications(settings, session.definition)
        typical = {name: facts.typical for name, facts in describe_table(table, session.definition).items()}
        folder = folder_of_model(settings, name)
        explainer = Explainer.open(folder, typical, session.features, manifest=session.manifest)
        return cls(explainer, _reference(settings, name, table, session, explainer))

    def assess(self, application: Mapping[str, Value], session: ScoringSession) -> Assessment:
        """What is said of one application at the model's cutoff; raises ReferredError where too little is known."""
        return assess(application, session.manifest.cutoff, session, self.explainer, self.reference)


def _reference(
    settings: Settings, name: str, table: pl.LazyFrame, session: ScoringSession, explainer: Explainer
) -> Reference:
    cutoff = session.manifest.cutoff
    try:
        contributions = (
            open_contributions(settings, session.manifest)
            if name == CHAMPION
            else open_model_contributions(settings, name)
        )
        if contributions.are_of(table.select(session.definition.id).collect().to_series()):
            return find_reference(contributions, table, session, cutoff)
    except (ContributionsError, DamageError, InventoryError):
        pass
    return compute_reference(explainer.model, table, session, cutoff)


class Explanations:
    """A `Reasoning` that is loaded in the background, when it is first asked for or before."""

    def __init__(self, load: Callable[[], Reasoning], log: Log) -> None:
        self._load = load
        self._log = log
        self._loading: asyncio.Task[Reasoning] | None = None

    def begin(self) -> asyncio.Task[Reasoning]:
        """Load it unless that has begun; called on the event loop."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load))
            self._loading.add_done_callback(self._tell)
        return self._loading

    def _tell(self, loading: asyncio.Task[Reasoning]) -> None:
        error = None if loading.cancelled() else loading.exception()
        if isinstance(error, ScoreroomError):
            self._log.warning("no_explanations", reason=str(error))
        elif error is not None:
            self._log.fault(error)

    @property
    def state(self) -> Literal["loading", "ready", "unavailable"]:
        """Whether applications can be explained."""
        if self._loading is None or not self._loading.done():
            return "loading"
        failed = self._loading.cancelled() or self._loading.exception() is not None
        return "unavailable" if failed else "ready"

    async def reasoning(self) -> Reasoning:
        """What explains, once it is loaded.

        Raises:
            ProblemError: it cannot be loaded.
        """
        try:
            return await asyncio.shield(self.begin())
        except ScoreroomError as error:
            raise ProblemError.from_no_explanations(str(error)) from None
        except Exception as error:
            # The log names its place once, where it was loaded.
            raise ProblemError.from_no_explanations("loading what explains failed; see the log.") from error

    async def close(self) -> None:
        """Wait until nothing is loaded any more."""
        if self._loading is not None:
            await asyncio.wait([self._loading])
