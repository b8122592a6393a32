"""Contributions of a model of the inventory, made when it was trained or first asked for, and the reasons they give."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import polars as pl

from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.facts import describe_table
from data.files.convert import open_applications
from data.settings import Settings
from data.store.opening import is_there, reading
from data.store.records import APPLICATIONS, check_built
from data.store.storage import read_parquet
from inference.errors import ContributionsError
from inference.explain.all_reasons import NamedReasons, name_reasons
from inference.explain.comparison import find_reference
from inference.explain.contributions import (
    Contributions,
    build_contributions,
    digest_of_ids,
    digest_of_model,
    load_contributions,
    open_contributions,
    read_header,
)
from inference.explain.explainer import Explainer
from inference.inventory.entry import InventoryError
from inference.inventory.store import contributions_of_model, find_model, folder_of_model, open_model
from inference.model.artifact import Manifest

Advance = Callable[[int, int], None]
Progress = Callable[[str], AbstractContextManager[Advance]]


def explain_model(settings: Settings, name: str, progress: Progress) -> bool:
    """Compute a model's contributions to all predictions where they are not there; whether there was anything to do.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is stale.
        ScoreroomError: the applications are damaged, or the place cannot be written.
    """
    entry = find_model(settings, name)
    if entry.is_champion or not entry.can_explain:
        return False
    if entry.is_stale:
        raise InventoryError.from_stale(name)
    definition, folder = load_definition(settings), folder_of_model(settings, name)
    place, manifest = contributions_of_model(settings, name), Manifest.load(folder)
    check_built(settings, APPLICATIONS)
    with reading(settings.applications):
        applications = read_parquet(settings.applications)
    try:
        header = read_header(place)
        ids = digest_of_ids(applications[definition.id])
        if header.digest == digest_of_model(manifest) and header.ids_digest == ids:
            return False
    except ScoreroomError:
        # Missing or damaged: made below.
        pass
    with progress(f"Explaining every prediction of {name}") as advance:
        build_contributions(applications, manifest.features_in(definition), folder, place, advance)
    return True


def open_model_contributions(settings: Settings, name: str) -> Contributions:
    """A model's contributions, in memory.

    Raises:
        UnknownModelError: there is no such model.
        InventoryError: it is stale.
        ContributionsError: it cannot be explained exactly, or its contributions have not been computed yet.
        DamageError: they are damaged.
    """
    entry = find_model(settings, name)
    manifest = Manifest.load(folder_of_model(settings, name)) if entry.can_score else None
    if manifest is None or not entry.can_explain:
        raise ContributionsError(f"Model {name!r} is not a forest, so that there are no exact contributions to it.")
    if entry.is_champion:
        return open_contributions(settings, manifest)
    if entry.is_stale:
        raise InventoryError.from_stale(name)
    place, command = contributions_of_model(settings, name), f"`python -m scripts.explain_model {name}`"
    if not is_there(place):
        raise ContributionsError(f"The contributions to model {name!r} are not there yet; {command} computes them.")
    found = load_contributions(place)
    if found.digest != digest_of_model(manifest):
        raise ContributionsError(f"The contributions to model {name!r} belong to another model; {command} mends that.")
    return found


def name_model_reasons(settings: Settings, name: str, cutoff: float, ids: pl.Series) -> NamedReasons:
    """The reasons that a model names for all applications of the portfolio, which are those of `ids` in their order.

    Raises:
        UnknownModelError: there is no such model.
        ContributionsError: there are no contributions to it, or they are of other applications.
        ScoreroomError: the model, its contributions or the applications are damaged.
    """
    contributions = open_model_contributions(settings, name)
    if not contributions.are_of(ids):
        raise ContributionsError(f"The contributions to {name} are of other applications; train or build it again.")
    definition, session = load_definition(settings), open_model(settings, name)
    applications = open_applications(settings, definition)
    typical = {column: facts.typical for column, facts in describe_table(applications, definition).items()}
    explainer = Explainer.open(folder_of_model(settings, name), typical, session.features)
    reference = find_reference(contributions, applications, session, cutoff)
    table = applications.select(session.features.sources).collect()
    return name_reasons(table, contributions, explainer, session, reference)
