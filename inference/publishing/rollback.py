"""Serving the portfolio that was in service before, and going forth again."""

from __future__ import annotations

from dataclasses import dataclass

from data.definition.at_hand import load_definition
from data.definition.errors import DefinitionError
from data.definition.reading import read_definition
from data.settings import DEFINITION, Settings
from data.store.opening import is_there
from inference.errors import ArtifactError, HoldError
from inference.model.artifact import ENTRY
from inference.model.session import ScoringSession
from inference.publishing.pipeline import belongs_together, model_of
from inference.publishing.staging import PREVIOUS, Hold, Say, Staging, Why, read_hold, silent, staging


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is served since, and what is kept, both by the first 12 digits of the SHA-256 of `model.onnx`."""

    served: str
    kept: str
    hold: Hold | None


def roll_back(settings: Settings, *, forward: bool = False, say: Say = silent) -> Exchange:
    """Exchange the portfolio in service with the previous one: applications, predictions, contributions and model.

    Builds are held after that, and after going `forward` again only if the model there was promoted.

    Raises:
        HoldError: no portfolio is kept, the one kept is not whole, or it is the one that was rolled back from.
        FileError: a place cannot be written.
    """
    with staging(settings, say) as stage:
        hold = read_hold(settings)
        previous = settings.processed / PREVIOUS
        if not previous.is_dir():
            raise HoldError(
                f"{settings.processed}: no previous portfolio is kept; a build that changes the model keeps one."
            )
        back = hold if hold is not None and hold.why is Why.ROLLED_BACK else None
        if forward and back is None:
            raise HoldError("Nothing was rolled back, so there is nothing to go forward to.")
        if back is not None and not forward:
            raise HoldError(
                f"Only one portfolio is kept, and it is the later one; nothing was changed. {back.notice()}"
            )
        stage.take_previous()
        check_fit(stage, str(previous))
        stage.take_definition()
        served, kept = model_of(stage.settings), model_of(settings)
        # What was promoted is no more what a build makes when it is gone forward to than it was before.
        is_promoted = is_there(stage.settings.model / ENTRY)
        hold = Hold.now(Why.ROLLED_BACK, served, kept)
        if forward:
            hold = Hold.now(Why.PROMOTED, served, kept) if is_promoted else None
        stage.commit(keep_current=True, hold=hold)
    return Exchange(served, kept, hold)


def check_fit(stage: Staging, origin: str) -> None:
    """Raise HoldError unless what was staged from `origin` opens here and belongs together."""
    try:
        settings = stage.settings
        definition = load_definition(settings)
        if settings.portfolio is not None:
            definition = read_definition(settings.model / DEFINITION)
        ScoringSession.open(settings.model, definition)
    except (ArtifactError, DefinitionError) as error:
        # The sentence is about the copy that was staged.
        reason = str(error).replace(str(stage.settings.model), "its model").rstrip(".")
        raise HoldError.from_unfit(origin, reason) from None
    if not belongs_together(stage.settings):
        raise HoldError.from_unfit(origin, "model, applications and predictions do not belong together")
