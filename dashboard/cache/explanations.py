"""The contributions behind the predictions, and their sums over a cohort."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.cache.chosen import LOADED
from dashboard.cache.kept import kept
from dashboard.cache.sources import (
    SMALL,
    Dataset,
    chosen_rows,
    definition,
    model_version,
    predictions,
    settings,
    why_untrained,
)
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
from inference.explain.contributions import Contributions, open_contributions
from inference.model.artifact import MANIFEST, Manifest

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
    """The contributions of every application of `dataset` to the published model, where they were computed."""
    if dataset.location.file:
        return Explained(None, reason="A dropped file's rows are explained one by one: open one on Score a file.")
    if dataset.location.imported:
        return Explained(None, reason="Contributions are computed when the project's own model is built.")
    published = model_contributions()
    if published.contributions is None or _are_of(dataset):
        return published
    return Explained(None, reason="The contributions belong to other applications; run `make build` again.")


def _version() -> str:
    return f"{version_of(settings().contributions)} {model_version()}"


def are_awaited() -> bool:
    """Whether a build is under way that computes the contributions that are missing."""
    return (
        not is_there(settings().contributions)
        and is_there(settings().model / MANIFEST)
        and is_building(settings().processed)
    )


def model_contributions() -> Explained:
    """The contributions of the published model's own applications, independent of the predictions shown."""
    if not is_there(settings().model / MANIFEST):
        there_is_none = "There is no model that the contributions could be of; `make build` makes it."
        return Explained(None, reason=why_untrained() or there_is_none)
    if are_awaited():
        awaited = "The contributions are being computed; what needs them appears as soon as they are there."
        return Explained(None, reason=awaited)
    if not is_there(settings().contributions):
        return Explained(None, reason="The contributions have not been computed yet; `make build` computes them.")
    try:
        check_built(settings(), CONTRIBUTIONS)
        return _model_contributions()
    except ScoreroomError as error:
        return Explained(None, reason=str(error))


@kept(_version, entries=LOADED, spinner="Loading the contributions ...")
def _model_contributions() -> Explained:
    try:
        contributions = open_contributions(settings(), Manifest.load(settings().model))
    except ScoreroomError as error:
        return Explained(None, reason=str(error))
    return Explained(contributions, count_contributions(contributions), version=_version())


@kept(_version, entries=4)
def _are_of(dataset: Dataset) -> bool:
    contributions = _model_contributions().contributions
    return contributions is not None and contributions.are_of(predictions(dataset).frame[ID])


def _version_at_hand() -> str:
    return model_contributions().version


@kept(_version_at_hand, entries=SMALL, is_copied=True)
def contribution_sums(dataset: Dataset, filters: Filters) -> ContributionSums | None:
    """The sums of every feature's contributions over a cohort; None where there are no contributions."""
    shown = explained(dataset)
    if shown.contributions is None:
        return None
    chosen = chosen_rows(dataset, filters)
    return shown.whole if chosen is None else count_contributions(shown.contributions, chosen, whole=shown.whole)


@kept(_version_at_hand, entries=_FEATURES, is_copied=True)
def feature_counts(dataset: Dataset, filters: Filters, names: tuple[str, ...]) -> tuple[FeatureCounts, ...]:
    """A cohort's applications by value and contribution of each of these features, values in the order shown."""
    shown = explained(dataset)
    if shown.contributions is None:
        return ()
    chosen = chosen_rows(dataset, filters)
    counted = (count_feature(shown.contributions, name, chosen) for name in names)
    known = definition()
    return tuple(counts.flipped() if is_descending(counts.feature, known) else counts for counts in counted)
