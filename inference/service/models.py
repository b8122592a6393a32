"""The model in service: a new one is loaded whole beside the one that answers, and takes its place in one step.

What cannot be opened, or gives no PDs, is refused, and the model in service stays.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from data.errors import ScoreroomError
from data.settings import Settings
from data.store.records import record_path
from inference.errors import InferenceError
from inference.model.artifact import MANIFEST, MODEL_FILES
from inference.model.session import ScoringSession
from inference.service.explanations import Explanations, Reasoning
from inference.service.schemas import Types
from inference.service.service import Service
from inference.service.settings import ServiceSettings
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from inference.serving.watch import Watch


class OtherDefinitionError(InferenceError):
    """A model of another definition than the one that the service was started with."""

    @classmethod
    def from_name(cls, name: str) -> Self:
        return cls(
            f"The model is for another definition ({name}) than the one that this service was started with; "
            "start the service again to take it up."
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt to load what was published: when it failed, and why in one sentence."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class InService:
    """One model with all that an answer needs. A request takes it once, and so never mixes two models."""

    service: Service
    explanations: Explanations
    since: datetime


class Models:
    """The model in service, and the attempts to follow what is published; used on one event loop."""

    def __init__(
        self, types: Types, settings: Settings, service_settings: ServiceSettings, metrics: Metrics, log: Log
    ) -> None:
        """Open the published model and begin to load what explains it; called while an event loop runs.

        Raises:
            ScoreroomError: the model cannot be opened, or is one of another definition than that of `types`.
        """
        self._types = types
        self._settings = settings
        self._service_settings = service_settings
        self._metrics = metrics
        self._log = log
        of_model = (settings.model / name for name in (MANIFEST, *MODEL_FILES))
        # Whatever stands in the record of the build last, the model is tried once more when it stands there.
        self._watch = Watch((*of_model, settings.applications, settings.contributions, record_path(settings)))
        self._refused: Refusal | None = None
        self._current: InService
        session = self._open()
        service = Service(session, types, service_settings, metrics)
        self._serve(InService(service, Explanations(self._load(session)), _now()))

    @property
    def current(self) -> InService:
        """The model in service; take it once a request."""
        return self._current

    @property
    def refused(self) -> Refusal | None:
        """The last attempt to load what is published now, where it failed."""
        return self._refused

    async def look(self, *, at_once: bool = False) -> None:
        """Take up what has been published, where it has changed; `at_once` tries even if it has not."""
        if not await asyncio.to_thread(self._watch.has_changed, at_once=at_once):
            return
        try:
            await self._take_up()
        except ScoreroomError as error:
            self._refuse(str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new model, the old one goes on
            self._log.fault(error)
            self._refuse(f"{type(error).__name__} while it was loaded; the log says where.")
        else:
            self._refused = None

    async def close(self) -> None:
        """Wait until nothing is being loaded."""
        await self._current.explanations.close()

    async def _take_up(self) -> None:
        before = self._current
        session = await asyncio.to_thread(self._open)
        is_same = (session.manifest, session.backend) == (before.service.manifest, before.service.session.backend)
        if is_same:
            session = before.service.session
        loading = self._load(session)
        # Waited for, so that explanations change over together with scores; without them a new model scores all the
        # same, while explanations of the same model stay as they are.
        await asyncio.wait([loading])
        if is_same:
            loading.result()
            self._current = InService(before.service, Explanations(loading), before.since)
        else:
            service = Service(session, self._types, self._service_settings, self._metrics)
            self._serve(InService(service, Explanations(loading), _now()))

    def _open(self) -> ScoringSession:
        session = ScoringSession.open_built(self._settings)
        # What is taken and documented was made for one definition; its callers would not know of another.
        if session.definition.digest != self._types.definition.digest:
            raise OtherDefinitionError.from_name(session.definition.name)
        return session

    def _load(self, session: ScoringSession) -> asyncio.Task[Reasoning]:
        loading = asyncio.create_task(asyncio.to_thread(Reasoning.open, self._settings, session))
        loading.add_done_callback(self._tell_unexplained)
        return loading

    def _tell_unexplained(self, loading: asyncio.Task[Reasoning]) -> None:
        error = None if loading.cancelled() else loading.exception()
        if isinstance(error, ScoreroomError):
            self._log.warning("no_explanations", reason=str(error))
        elif error is not None:
            self._log.fault(error)

    def _serve(self, model: InService) -> None:
        self._current = model
        sha256, backend = model.service.model_sha256, model.service.session.backend
        self._metrics.name_model(sha256, backend, model.since)
        self._log.event("model_in_service", model_sha256=sha256, backend=backend)

    def _refuse(self, reason: str) -> None:
        self._refused = Refusal(_now(), reason)
        self._metrics.count_refused_model()
        self._log.warning("model_refused", reason=reason, model_sha256=self._current.service.model_sha256)


def _now() -> datetime:
    return datetime.now(UTC)
