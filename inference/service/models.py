"""The models that answer: a new champion is loaded whole beside the one that answers, and takes its place in one step.

What cannot be opened, or gives no PDs, is refused, and the model in service stays.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from data.errors import ScoreroomError
from data.settings import Settings
from data.store.records import record_path
from inference.inventory.entry import CHAMPION
from inference.inventory.promotion import promote
from inference.model.artifact import MANIFEST, MODEL_FILES, TEXT
from inference.model.session import ScoringSession
from inference.service.challengers import Challengers, InService, check_definition
from inference.service.explanations import Explanations, Reasoning
from inference.service.problems import ProblemError
from inference.service.schemas import Promoted, Types
from inference.service.service import Service
from inference.service.settings import ServiceSettings
from inference.service.shadow import Shadow
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from inference.serving.watch import Watch

# All else that an address may say of a model goes the long way.
_NAMED = re.compile(rb"model=([A-Za-z0-9_.-]{1,40})")
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt to load what was published: when it failed, and why in one sentence."""

    at: datetime
    reason: str


class Models:
    """The models that answer, and the attempts to follow what is published; used on one event loop."""

    def __init__(
        self,
        types: Types,
        settings: Settings,
        service_settings: ServiceSettings,
        metrics: Metrics,
        log: Log,
        call_others: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the published model and begin to load what explains it; called while an event loop runs.

        `call_others` makes the service's other processes look at once for what is published.

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
        self._call_others = call_others
        self._looking, self._promoting = asyncio.Lock(), asyncio.Lock()
        self._refused: Refusal | None = None
        self.challengers = Challengers(types, settings, service_settings, metrics, log)
        self._shadow = Shadow.of(service_settings, self.challengers.at_hand, metrics, log)
        self._current: InService
        session = self._open()
        explanations = self._explanations(session)
        if explanations is not None:
            explanations.begin()
        self._serve(InService(self._service(session), explanations, _now()))

    @property
    def current(self) -> InService:
        """The model in service; take it once a request."""
        return self._current

    async def find(self, name: str) -> InService:
        """The model of this name, `champion` and no name being the one in service; take it once a request.

        Raises:
            ProblemError: there is none, or it cannot be opened.
        """
        return self._current if name in ("", CHAMPION) else await self.challengers.find(name)

    def at_hand(self, query: bytes) -> InService | None:
        """The model that an address names behind its question mark, where nothing else stands there and it is open."""
        if not query:
            return self._current
        named = _NAMED.fullmatch(query)
        name = named[1].decode() if named else ""
        return self._current if name == CHAMPION else self.challengers.at_hand(name)

    @property
    def refused(self) -> Refusal | None:
        """The last attempt to load what is published now, where it failed."""
        return self._refused

    async def look(self, *, at_once: bool = False) -> None:
        """Take up what has been published, where it has changed; `at_once` tries even if it has not."""
        async with self._looking:
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

    async def promote(self, name: str) -> Promoted:
        """Make a model of the inventory the champion, for the dashboard too, and wait until all processes serve it.

        Raises:
            ProblemError: there is no such model, it cannot be opened or promoted, or was and is refused here.
        """
        async with self._promoting:
            if name == CHAMPION:
                raise ProblemError.from_unusable_model(name, "it is in service already.")
            wanted = (await self.challengers.find(name)).service.model_sha256
            try:
                await asyncio.to_thread(promote, self._settings, name, _unseen)
            except ScoreroomError as error:
                raise ProblemError.from_unusable_model(name, str(error)) from None
            self._log.event("model_promoted", model=name, model_sha256=wanted)
            self._call_others()
            await self.look(at_once=True)
            await self.challengers.look()
            current = self._current
            if current.service.model_sha256 != wanted:
                reason = self._refused.reason if self._refused else "another one was published meanwhile."
                raise ProblemError.from_unusable_model(name, f"it was promoted, but is not in service: {reason}")
            everywhere = await self._is_everywhere(wanted)
        return Promoted(promoted=name, model_sha256=wanted, in_service_since=current.since, everywhere=everywhere)

    async def _is_everywhere(self, sha256: str) -> bool:
        until = time.monotonic() + self._service_settings.seconds
        while not (found := {named for named, _ in self._metrics.models()} == {sha256}) and time.monotonic() < until:
            await asyncio.sleep(_LOOK_S)
        return found

    async def close(self) -> None:
        """Wait until nothing is being loaded."""
        if self._shadow is not None:
            await asyncio.to_thread(self._shadow.close)
        await self.challengers.close()
        if self._current.explanations is not None:
            await self._current.explanations.close()

    async def _take_up(self) -> None:
        before = self._current
        session = await asyncio.to_thread(self._open)
        is_same = (session.manifest, session.backend) == (before.service.manifest, before.service.session.backend)
        if is_same:
            session = before.service.session
        explanations = self._explanations(session)
        if explanations is not None:
            loading = explanations.begin()
            # Waited for, so that explanations change over together with scores; without them a new model scores all
            # the same, while explanations of the same model stay as they are.
            await asyncio.wait([loading])
            if is_same:
                loading.result()
        if is_same:
            self._current = InService(before.service, explanations, before.since)
        else:
            self._serve(InService(self._service(session), explanations, _now()))

    def _open(self) -> ScoringSession:
        session = ScoringSession.open_built(self._settings)
        check_definition(session, self._types.definition)
        return session

    def _service(self, session: ScoringSession) -> Service:
        return Service(session, self._types, self._service_settings, self._metrics, shadow=self._shadow)

    def _explanations(self, session: ScoringSession) -> Explanations | None:
        # Published without trees, it never explains; where they are lacking, a build brings them back.
        if TEXT not in session.manifest.files:
            return None
        return Explanations(partial(Reasoning.open, self._settings, session), self._log)

    def _serve(self, model: InService) -> None:
        self._current = model
        sha256, backend = model.service.model_sha256, model.service.session.backend
        self._metrics.name_model(sha256, backend, model.since)
        self._log.event("model_in_service", model_sha256=sha256, backend=backend)

    def _refuse(self, reason: str) -> None:
        self._refused = Refusal(_now(), reason)
        self._metrics.count_refused_model()
        self._log.warning("model_refused", reason=reason, model_sha256=self._current.service.model_sha256)


@contextmanager
def _unseen(_: str) -> Iterator[Callable[[int, int], None]]:
    yield lambda *_: None


def _now() -> datetime:
    return datetime.now(UTC)
