"""The reasons that two models give for the same applications: named once a model and cutoff, then counted by cohort."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

from dashboard.cache.explanations import explained
from dashboard.cache.models import dataset_of_model, judging
from dashboard.cache.paired import Pair, compared, swapped
from dashboard.cache.portfolio import found_version, name_all_reasons, portfolio, why_no_portfolio
from dashboard.metrics.economics import Terms
from dashboard.metrics.paired_reasons import ReasonAgreement, reason_agreement
from dashboard.metrics.paired_swap import Swap
from data.errors import ScoreroomError
from inference.errors import ContributionsError
from inference.explain.all_reasons import NamedReasons

# 2.5 MB each at 307,511 rows.
_MOST = 16


@dataclass(frozen=True, slots=True)
class _Named:
    """The reasons that were named last; one table at a time is worked on, because that takes all cores."""

    kept: OrderedDict[str, NamedReasons] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, key: str) -> NamedReasons | None:
        """What is kept under `key`."""
        return self.kept.get(key)

    def keep(self, key: str, found: NamedReasons) -> None:
        """Keep `found`, and let go of the oldest where that is one too many."""
        self.kept[key] = found
        while len(self.kept) > _MOST:
            self.kept.popitem(last=False)


@st.cache_resource(show_spinner=False)
def _named() -> _Named:
    return _Named()


def why_no_reasons(key: Pair) -> str:
    """Why the reasons of two models cannot be compared, in one sentence; empty where they can."""
    for name in (key.one, key.two):
        dataset = dataset_of_model(key.shown, name)
        reason = explained(dataset).reason
        with judging(dataset):
            if not reason and portfolio() is None:
                reason = why_no_portfolio()
        if reason:
            return reason
    return ""


def are_reasons_named(key: Pair, cutoffs: tuple[float, float]) -> bool:
    """Whether the reasons of both models at their cutoffs are at hand, so that they are compared at once."""
    return all(
        _named().look(_key(key, name, cutoff)) is not None
        for name, cutoff in zip((key.one, key.two), cutoffs, strict=True)
    )


def compared_reasons(key: Pair, cutoffs: tuple[float, float], terms: Terms) -> ReasonAgreement:
    """How far two models name the same reasons over a cohort; names them first where they are not at hand.

    Raises:
        ScoreroomError: a model or its contributions are missing or damaged.
    """
    one, two = (_reasons(key, name, cutoff) for name, cutoff in zip((key.one, key.two), cutoffs, strict=True))
    found = compared(key)
    assert found is not None
    return reason_agreement(
        one,
        two,
        ~swapped(key, cutoffs, terms).rows(Swap.BOTH),
        places=found.places,
        weight=found.comparison.rows.weight,
    )


def _reasons(key: Pair, name: str, cutoff: float) -> NamedReasons:
    named, wanted = _named(), _key(key, name, cutoff)
    found = named.look(wanted)
    if found is not None:
        return found
    with named.lock:
        # Another visit may have named them meanwhile.
        found = named.look(wanted)
        if found is None:
            with judging(dataset_of_model(key.shown, name)):
                found = name_all_reasons(min(cutoff, 1.0))
                if found is None:
                    raise ContributionsError(why_no_portfolio())
            named.keep(wanted, found)
    return found


def _key(key: Pair, name: str, cutoff: float) -> str:
    dataset = dataset_of_model(key.shown, name)
    with judging(dataset):
        try:
            version = found_version()
        except ScoreroomError:
            version = ""
    return f"{dataset.location} {name} {version} {cutoff!r}"
