"""The portfolio's other models, as requests ask for them by name and as they score in the champion's shadow.

Each is opened when it is first asked for, stays open, and is opened again where another one took its name.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.settings import Settings
from inference.errors import InferenceError
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry, UnknownModelError
from inference.inventory.store import find_model, folder_of_model, look_through, open_model
from inference.model.artifact import ENTRY, MANIFEST, MODEL_FILES, Manifest
from inference.model.session import ScoringSession
from inference.service.explanations import Explanations, Reasoning
from inference.service.problems import ProblemError
from inference.service.schemas import ListedModel, ModelFault, ModelList, Types
from inference.service.service import Service
from inference.service.settings import ServiceSettings
from inference.service.telemetry import Metrics
from inference.serving.log import Log
from inference.serving.watch import Version, Watch, version_of


class OtherDefinitionError(InferenceError):
    """A model of another definition than the one that the service was started with."""

    @classmethod
    def from_name(cls, name: str) -> Self:
        return cls(
            f"The model is for another definition ({name}) than the one that this service was started with; "
            "start the service again to take it up."
        )


@dataclass(frozen=True, slots=True)
class InService:
    """One model with all that an answer needs. A request takes it once, and so never mixes two models.

    `explanations` is None where the model has no trees that would explain it.
    """

    service: Service
    explanations: Explanations | None
    since: datetime

    @property
    def explains(self) -> bool:
        """Whether it can say what each column adds."""
        return self.explanations is not None and self.explanations.state != "unavailable"


@dataclass(frozen=True, slots=True)
class _Opened:
    model: InService
    version: Version


class Challengers:
    """The models beside the champion; used on one event loop, but for `at_hand`, which is any thread's."""

    def __init__(
        self, types: Types, settings: Settings, service_settings: ServiceSettings, metrics: Metrics, log: Log
    ) -> None:
        self._types = types
        self._settings = settings
        self._service_settings = service_settings
        self._metrics = metrics
        self._log = log
        self._watch = Watch((settings.applications,))
        self._opened: dict[str, _Opened] = {}
        self._opening: dict[str, asyncio.Task[_Opened]] = {}
        # What was said of a shadow that cannot be opened, so as to say it once.
        self._told: dict[str, str] = {}

    def at_hand(self, name: str) -> InService | None:
        """The model called so where it is open already."""
        found = self._opened.get(name)
        return None if found is None else found.model

    async def find(self, name: str) -> InService:
        """The model called so, opened if need be.

        Raises:
            ProblemError: there is no such model, or it cannot be opened.
        """
        found = self.at_hand(name)
        if found is not None:
            return found
        try:
            return (await self._open(name)).model
        except UnknownModelError:
            known = [each.name for each in (await asyncio.to_thread(look_through, self._settings))[0] if each.can_score]
            raise ProblemError.from_unknown_model(name, known) from None
        except ScoreroomError as error:
            raise ProblemError.from_unusable_model(name, str(error)) from None

    async def look(self, *, at_once: bool = False) -> None:  # noqa: ARG002 - as every look
        """Open again what was replaced, let go of what is gone, and open those of the shadow that are not yet."""
        # With other applications, those that scored the ones before are stale.
        is_all = await asyncio.to_thread(self._watch.has_changed)
        versions = await asyncio.to_thread(lambda: {name: self._version(name) for name in tuple(self._opened)})
        for name, version in versions.items():
            if is_all or self._opened[name].version != version:
                await self._open_or_tell(name)
        for name in self._service_settings.shadow:
            if name not in self._opened:
                await self._open_or_tell(name)

    async def list_models(self, champion: InService) -> ModelList:
        """All models that can score, the champion in service first.

        Raises:
            ProblemError: the portfolio cannot be looked through.
        """
        try:
            return await asyncio.to_thread(self._list, champion)
        except ScoreroomError as error:
            raise ProblemError.from_unavailable("not-listed", "Models cannot be listed", str(error)) from None

    async def close(self) -> None:
        """Wait until nothing is being loaded."""
        for opening in tuple(self._opening.values()):
            await asyncio.wait([opening])
        for opened in self._opened.values():
            if opened.model.explanations is not None:
                await opened.model.explanations.close()

    async def _open_or_tell(self, name: str) -> None:
        try:
            await self._open(name)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a challenger, the champion goes on
            self._opened.pop(name, None)
            reason = str(error) if isinstance(error, ScoreroomError) else type(error).__name__
            if self._told.get(name) == reason:
                return
            self._told[name] = reason
            self._log.warning("model_unusable", model=name, reason=reason)
            if not isinstance(error, ScoreroomError):
                self._log.fault(error, model=name)

    async def _open(self, name: str) -> _Opened:
        opening = self._opening.get(name)
        if opening is None:
            opening = self._opening[name] = asyncio.create_task(asyncio.to_thread(self._read, name))
            opening.add_done_callback(partial(self._keep, name))
        # Others may wait for it, too, whoever goes away.
        return await asyncio.shield(opening)

    def _keep(self, name: str, opening: asyncio.Task[_Opened]) -> None:
        del self._opening[name]
        if opening.cancelled() or opening.exception() is not None:
            return
        opened = self._opened[name] = opening.result()
        self._told.pop(name, None)
        service = opened.model.service
        self._log.event("model_opened", model=name, model_sha256=service.model_sha256, backend=service.session.backend)

    def _read(self, name: str) -> _Opened:
        # A name from outside, which makes no path before it is known.
        find_model(self._settings, name)
        # Before what is read, so that a change meanwhile is seen at the next look.
        version = self._version(name)
        entry = find_model(self._settings, name)
        session = open_model(self._settings, name)
        check_definition(session, self._types.definition)
        service = Service(session, self._types, self._service_settings, self._metrics, name=name)
        load = partial(Reasoning.open, self._settings, session, name)
        explanations = Explanations(load, self._log) if entry.can_explain else None
        return _Opened(InService(service, explanations, _since(entry)), version)

    def _version(self, name: str) -> Version:
        folder = folder_of_model(self._settings, name)
        return version_of((folder / ENTRY, folder / MANIFEST))

    def _list(self, champion: InService) -> ModelList:
        entries, reasons = look_through(self._settings)
        faults = [ModelFault(name=name, reason=reason) for name, reason in sorted(reasons.items())]
        listed = []
        for entry in entries:
            if not (entry.can_score or entry.name == CHAMPION):
                continue
            try:
                listed.append(self._listed(entry, champion))
            except ScoreroomError as error:
                faults.append(ModelFault(name=entry.name, reason=str(error)))
        return ModelList(models=listed, faults=faults)

    def _listed(self, entry: ModelEntry, champion: InService) -> ListedModel:
        is_champion = entry.name == CHAMPION
        if entry.is_stale and not is_champion:
            raise InventoryError.from_stale(entry.name)
        opened = champion if is_champion else self.at_hand(entry.name)
        folder = folder_of_model(self._settings, entry.name)
        return ListedModel(
            name=entry.name,
            kind=entry.kind,
            model_sha256=_digest(folder) if opened is None else opened.service.model_sha256,
            since=champion.since if is_champion else _since(entry),
            is_champion=is_champion,
            is_shadow=entry.name in self._service_settings.shadow,
            n_features=len(champion.service.manifest.features) if is_champion else entry.n_features,
            explains=champion.explains if is_champion else entry.can_explain,
        )


def check_definition(session: ScoringSession, definition: Definition) -> None:
    """Raise OtherDefinitionError unless the model of `session` is for `definition`."""
    # What is taken and documented was made for one definition; its callers would not know of another.
    if session.definition.digest != definition.digest:
        raise OtherDefinitionError.from_name(session.definition.name)


def _since(entry: ModelEntry) -> datetime:
    return datetime.fromisoformat(entry.made_at)


def _digest(folder: Path) -> str:
    files = Manifest.load(folder).files
    return files[next(name for name in MODEL_FILES if name in files)].sha256
