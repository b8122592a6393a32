"""The reasons of all applications of a portfolio, as each of them would get them alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inference.explain.comparison import Reference
from inference.explain.contributions import Contributions
from inference.explain.explainer import Explainer
from inference.explain.reasons import MOST_REASONS, NO_REASON, batch_reasons
from inference.model.session import ScoringSession

# The features of so many rows are in memory at once.
_PIECE_ROWS = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class NamedReasons:
    """The fields that a model names for each application, and the raw columns that it reads at all.

    `places` are positions in `fields`, int16 (rows, 4), the strongest reason first and -1 behind the last one. A
    combination of several values names no field and is -1 too.
    """

    fields: tuple[str, ...]
    places: NDArray[np.int16]


def name_reasons(
    applications: pl.DataFrame,
    contributions: Contributions,
    explainer: Explainer,
    session: ScoringSession,
    reference: Reference,
) -> NamedReasons:
    """The principal reasons of all `applications`, approved ones too, against those that `reference` is of.

    `contributions` are theirs, stored to within half a step, so that two fields that raise the PD equally to that
    precision may change places beside what `principal_reasons` says.

    Raises:
        FeatureError: the applications lack a column.
        ValueError: there are not as many applications as contributions.
    """
    n_rows = applications.height
    if n_rows != contributions.frame.height:
        raise ValueError(f"{n_rows} applications cannot have contributions of {contributions.frame.height}")
    places = np.full((n_rows, MOST_REASONS), NO_REASON, dtype=np.int16)
    for start in range(0, n_rows, _PIECE_ROWS):
        rows = slice(start, min(start + _PIECE_ROWS, n_rows))
        part, known = applications[rows], contributions.log_odds(rows)
        places[rows] = batch_reasons(part, session.features.matrix(part), explainer, session, reference, known=known)
    places[places == len(explainer.fields)] = NO_REASON
    return NamedReasons(explainer.fields, places)
