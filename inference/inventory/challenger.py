"""Training a further model on the portfolio's applications, and adding it to the inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace

import polars as pl

from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.table import FOLD, ID, OUT_OF_FOLD, PROBABILITY
from data.settings import Settings
from data.store.opening import reading
from data.store.records import APPLICATIONS, check_built
from data.store.storage import read_parquet
from inference.errors import TrainingError
from inference.features.choice import EVERYTHING, FeatureChoice, choose_features
from inference.features.definition_features import feature_set
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry, ModelKind
from inference.inventory.explained import explain_model
from inference.inventory.store import applications_digest, check_free, find_model, now, of_manifest, publish
from inference.model.artifact import CARD, Manifest
from inference.model.build import MadeModel, make_model, prove_model
from inference.model.training_settings import TrainingSettings, with_given
from inference.publishing.pipeline import why_no_model
from inference.scorecard.card import card_bytes
from inference.scorecard.settings import ScorecardSettings

Advance = Callable[[int, int], None]
Progress = Callable[[str], AbstractContextManager[Advance]]
TRAINABLE = (ModelKind.LIGHTGBM, ModelKind.SCORECARD)
# Settings that say how many trees there are, or change how long it takes and nothing else.
_NOT_GROWTH = {"fixed_trees", "threads", "folds"}
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Order:
    """A model to be trained: its kind and name, from which columns, and with which settings.

    `only` and `leave_out` name columns or features (`choose_features`); `given` are settings by name, as text. Unless
    it `is_constrained`, the PD may move either way with every field.
    """

    kind: ModelKind
    name: str
    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    is_constrained: bool = True

    @property
    def is_usual(self) -> bool:
        """Whether it is for a model of the usual settings."""
        return self.kind is ModelKind.LIGHTGBM and not self.given


def train_challenger(settings: Settings, order: Order, progress: Progress, *, replaces: bool = False) -> ModelEntry:
    """Train a model on the applications at hand, prove it over all of them, publish it, and explain its predictions.

    Folds are those of the champion, as long as their number is, so that both are compared on the same rows.

    Raises:
        InventoryError: the name is not free, or the model would be the champion over again.
        ChoiceError: a column is named that no feature is made of, or none is left.
        TrainingError: a setting is wrong, or the applications cannot be trained on.
        ScoreroomError: the portfolio is not built or damaged, or a place cannot be written.
    """
    check_free(settings, order.name, replaces=replaces)
    champion = find_model(settings, CHAMPION)
    definition = load_definition(settings)
    check_built(settings, APPLICATIONS)
    if reason := why_no_model(settings, definition):
        raise TrainingError(reason)
    choice = choose_features(
        feature_set(definition).features,
        only=order.only,
        leave_out=order.leave_out,
        is_constrained=order.is_constrained,
    )
    given = _settings(order)
    digest = applications_digest(settings)
    if champion.can_score and order.is_usual and choice == EVERYTHING:
        features = feature_set(definition)
        if Manifest.load(settings.model).was_trained_from(digest, features, settings.seed):
            raise InventoryError.from_repeated(order.name)
    with reading(settings.applications):
        applications = read_parquet(settings.applications)
    with progress(f"Training and checking {order.name}") as advance:
        work = _Work(applications, definition, choice, digest, settings.seed, advance)
        made, how = _grow(work, given, order.given) if isinstance(given, TrainingSettings) else _bin(work, given)
    if made.manifest.identity == champion.model:
        raise InventoryError.from_repeated(order.name)
    probabilities, folds = made.of_rows(applications[definition.target or ""].is_null())
    scores = pl.DataFrame(
        {ID: applications[definition.id], PROBABILITY: probabilities, FOLD: folds}, schema_overrides={FOLD: pl.UInt8}
    )
    entry = ModelEntry(
        name=order.name,
        kind=order.kind,
        how=OUT_OF_FOLD,
        said=_said(made, definition, choice, how),
        data_sha256=digest,
        made_at=now(),
        **of_manifest(made.manifest),
    )
    entry = publish(settings, entry, made.files, scores, replaces=replaces)
    try:
        explain_model(settings, entry.name, progress)
    except ScoreroomError as error:
        raise InventoryError(
            f"Model {entry.name!r} was published, and its contributions are lacking: {error}"
        ) from error
    return entry


@dataclass(frozen=True, slots=True)
class _Work:
    applications: pl.DataFrame
    definition: Definition
    choice: FeatureChoice
    digest: str
    seed: int
    advance: Advance


def _settings(order: Order) -> TrainingSettings | ScorecardSettings:
    """The settings of an order, which make a model.

    Raises:
        TrainingError: one is not known, or its value makes none.
    """
    usual = ScorecardSettings() if order.kind is ModelKind.SCORECARD else TrainingSettings()
    settings = with_given(usual, order.given)
    settings.check()
    return settings


def _grow(work: _Work, settings: TrainingSettings, given: Mapping[str, str]) -> tuple[MadeModel, str]:
    """A LightGBM model, and how it was made."""
    if given.keys() <= _NOT_GROWTH and not settings.fixed_trees:
        # The definition's number of trees was chosen for the usual settings; with others an inner split chooses it.
        n_known = work.applications.height - work.applications[work.definition.target or ""].null_count()
        settings = settings.for_definition(work.definition, n_known)
    made = make_model(
        work.applications,
        work.definition,
        data_digest=work.digest,
        seed=work.seed,
        settings=settings,
        choice=work.choice,
        progress=work.advance,
    )
    # What a small table is really grown with.
    grown = asdict(settings.for_rows(int(made.manifest.metrics["n_rows"])))
    changed = [f"{name} {grown[name]}" for name in given if name != "threads"]
    trees = int(made.manifest.metrics["trees"])
    return made, "; ".join(["LightGBM", f"{trees:,} trees", *([", ".join(changed)] if changed else [])])


def _bin(work: _Work, settings: ScorecardSettings) -> tuple[MadeModel, str]:
    """A scorecard, and how it was made."""
    from inference.scorecard.training import train_scorecard

    features = feature_set(work.definition, work.choice)
    trained = train_scorecard(work.applications, features, seed=work.seed, settings=settings, progress=work.advance)
    made = prove_model(
        trained,
        work.applications,
        data_digest=work.digest,
        files={CARD: card_bytes(trained.card)},
        # It is opened with the features that it asks and no others, which makes a row cheaper.
        choice=replace(work.choice, left_out=(*work.choice.left_out, *trained.unused)),
    )
    card = trained.card
    return made, (
        f"Scorecard of {len(card.characteristics)} characteristics; {card.base_score:g} points at odds of "
        f"{card.base_odds:g} to 1, {card.pdo:g} to double them"
    )


def _said(made: MadeModel, definition: Definition, choice: FeatureChoice, how: str) -> str:
    """One sentence on how a model was made."""
    features = feature_set(definition)
    n_all, n_seen = len(features.names), len(made.manifest.features)
    parts = [how, f"{n_seen} of {n_all} features"]
    if choice.left_out:
        known = {feature.name for feature in features.features}
        columns = [name for name in choice.left_out if name in known and name in definition.by_name]
        named = columns or list(choice.left_out)
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        parts.append(f"without {', '.join(named[:_MOST_NAMED])}{more}")
    if not choice.is_constrained:
        parts.append("no direction kept")
    return "; ".join(parts) + "."
