"""What a table of models says of each beside its figures: what it is, how large, how fast, and what it can explain."""

from __future__ import annotations

from statistics import median
from time import perf_counter_ns
from typing import Any

from data.definition.at_hand import load_definition
from data.errors import ScoreroomError
from data.files.convert import scan_applications
from data.settings import Settings
from inference.inventory.entry import ModelEntry
from inference.inventory.store import open_model
from inference.model.session import ScoringSession

# So many applications are scored one by one; the first few find nothing in the processor's caches.
_TIMED, _WARM = 200, 20


def facts_of(settings: Settings, entry: ModelEntry) -> dict[str, Any]:
    """The facts of a model; size (bytes) and time (microseconds an application) are None where it cannot score here.

    The time is the median over 200 applications of the portfolio, each scored alone from its features.
    """
    told: dict[str, Any] = {
        "kind": entry.kind.value,
        "how": entry.how,
        "said": entry.said,
        "parent": entry.parent,
        "n_features": entry.n_features,
        "is_monotone": entry.is_monotone,
        "has_reasons": entry.can_explain,
        "size_bytes": None,
        "microseconds_a_row": None,
    }
    if not entry.can_score:
        return told
    try:
        session = open_model(settings, entry.name)
    except ScoreroomError as error:
        return told | {"problem": str(error)}
    return told | {
        "size_bytes": session.manifest.files[session.backend].size,
        "microseconds_a_row": _time_a_row(settings, session),
    }


def _time_a_row(settings: Settings, session: ScoringSession) -> float | None:
    applications = scan_applications(settings.applications, load_definition(settings)).head(_TIMED).collect()
    matrix = session.features.matrix(applications)
    taken = []
    for place in [*range(min(_WARM, len(matrix))), *range(len(matrix))]:
        row = matrix[place : place + 1]
        start = perf_counter_ns()
        session.score_row(row)
        taken.append(perf_counter_ns() - start)
    timed = taken[min(_WARM, len(matrix)) :]
    return round(median(timed) / 1_000, 1) if timed else None
