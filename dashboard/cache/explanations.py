"""The contributions behind the predictions, and their sums over a cohort."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.cache.chosen import LOADED, chosen_model
from dashboard.cache.kept import kept
from dashboard.cache.models import (
    chosen_entry,
    contributions_file,
    judging,
    model_version,
    why_no_trees,
    why_untrained,
)
from dashboard.cache.sources import SMALL, Dataset, chosen_rows, definition, predictions, settings
from dashboard.cohort.filters import Filters
from dashboard.metrics.explanation_counts import (
    ContributionSums,
    FeatureCounts,
    count_contributions,
    count_feature,
)
from dashboard.words.value_labels import is_descending
from data.errors import ScoreroomError
from data.predictions.imports import version_of
from data.predictions.table import ID
from data.store.build_lock import is_building
from data.store.opening import is_there
from data.store.records import CONTRIBUTIONS, check_built
from inference.explain.contributions import Contributions
from inference.inventory.entry import CHAMPION, ModelEntry
from inference.inventory.explained import open_model_contributions
from inference.model.artifact import MANIFEST

# Ten features' cells take 0.9 MB.
_FEATURES = 16


@dataclass(frozen=True, slots=True)
class Explained:
    """The contributions behind the predictions and their sums over all rows, or the reason why there are none.

    `version` identifies the files that they were read from and the model that they belong to.
    """

    contributions: Contributions | None
    whole: ContributionSums | None = None
    reason: str = ""
    version: str = ""


def explained(dataset: Dataset) -> Explained:
    """The contributions of every application of `dataset` to its model, where they were computed."""
    if dataset.location.file:
        return Explained(None, reason="A dropped file's rows are explained one by one: open one on Score a file.")
    if dataset.location.imported:
        return Explained(None, reason="Contributions are computed when the project's own model is built.")
    with judging(dataset):
        found = model_contributions()
        if found.contributions is None or _are_of(dataset.own):
            return found
    return Explained(None, reason="The contributions belong to other applications; run `make build` again.")


def _version() -> str:
    return f"{version_of(contributions_file())} {model_version()}"


def are_awaited() -> bool:
    """Whether a build is under way that computes the contributions that are missing."""
    return (
        not is_there(settings().contributions)
        and is_there(settings().model / MANIFEST)
        and is_building(settings().processed)
    )


def model_contributions() -> Explained:
    """The contributions of the model's own applications, independent of the predictions shown."""
    try:
        entry = chosen_entry()
    except ScoreroomError as error:
        return Explained(None, reason=str(error))
    reason = _why_none() if entry is None else _why_none_of(entry)
    if reason:
        return Explained(None, reason=reason)
    try:
        if entry is None:
            check_built(settings(), CONTRIBUTIONS)
        return _model_contributions()
    except ScoreroomError as error:
        return Explained(None, reason=str(error))


def _why_none() -> str:
    """Why there are no contributions to the published model; empty where there are."""
    if not is_there(settings().model / MANIFEST):
        return why_untrained() or "There is no model that the contributions could be of; `make build` makes it."
    if not is_there(settings().contributions) and (reason := why_no_trees()):
        return reason
    if are_awaited():
        return "The contributions are being computed; what needs them appears as soon as they are there."
    if not is_there(settings().contributions):
        return "The contributions have not been computed yet; `make build` computes them."
    return ""


def _why_none_of(entry: ModelEntry) -> str:
    """The same of another model, one of scores alone among them."""
    if not entry.can_explain:
        return f"The model {entry.name} gives PDs without the trees that contributions are computed from."
    if not is_there(contributions_file()):
        return f"The contributions to the model {entry.name} have not been computed yet; the page Models computes them."
    return ""


@kept(_version, entries=LOADED, spinner="Loading the contributions ...")
def _model_contributions() -> Explained:
    try:
        contributions = open_model_contributions(settings(), chosen_model() or CHAMPION)
    except ScoreroomError as error:
        return Explained(None, reason=str(error))
    return Explained(contributions, count_contributions(contributions), version=_version())


@kept(_version, entries=4)
def _are_of(dataset: Dataset) -> bool:
    contributions = _model_contributions().contributions
    return contributions is not None and contributions.are_of(predictions(dataset).frame[ID])


def _version_at_hand() -> str:
    return model_contributions().version


def contribution_sums(dataset: Dataset, filters: Filters) -> ContributionSums | None:
    """The sums of every feature's contributions over a cohort; None where there are no contributions."""
    with judging(dataset):
        return _contribution_sums(dataset, filters)


@kept(_version_at_hand, entries=SMALL, is_copied=True)
def _contribution_sums(dataset: Dataset, filters: Filters) -> ContributionSums | None:
    shown = explained(dataset)
    if shown.contributions is None:
        return None
    chosen = chosen_rows(dataset, filters)
    return shown.whole if chosen is None else count_contributions(shown.contributions, chosen, whole=shown.whole)


def feature_counts(dataset: Dataset, filters: Filters, names: tuple[str, ...]) -> tuple[FeatureCounts, ...]:
    """A cohort's applications by value and contribution of each of these features, values in the order shown."""
    with judging(dataset):
        return _feature_counts(dataset, filters, names)


@kept(_version_at_hand, entries=_FEATURES, is_copied=True)
def _feature_counts(dataset: Dataset, filters: Filters, names: tuple[str, ...]) -> tuple[FeatureCounts, ...]:
    shown = explained(dataset)
    if shown.contributions is None:
        return ()
    chosen = chosen_rows(dataset, filters)
    counted = (count_feature(shown.contributions, name, chosen) for name in names)
    known = definition()
    return tuple(counts.flipped() if is_descending(counts.feature, known) else counts for counts in counted)
