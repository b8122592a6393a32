"""The one PD that an application has on every surface, and how far it lies from the one that it could have instead."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.cohort.rows import APPROVED, DECLINED
from dashboard.words import labels

PUBLISHED = "published model"
DECISIONS = {True: DECLINED, False: APPROVED}


@dataclass(frozen=True, slots=True)
class Standing:
    """A PD, `whose` it is, and what follows from it at `cutoff` and by the model's risk bands, which begin at `edges`.

    An application as it was filed has the PD of the predictions, by which tables and all other pages go. One that was
    edited, and a new one, have the published model's.
    """

    default_probability: float
    whose: str
    cutoff: float
    edges: Sequence[float]

    @property
    def is_published(self) -> bool:
        """Whether the PD is the published model's."""
        return self.whose == PUBLISHED

    @property
    def is_declined(self) -> bool:
        """Whether the PD is at or above the cutoff."""
        return self.default_probability >= self.cutoff

    @property
    def risk_band(self) -> str:
        """The letter of the risk band."""
        return chr(ord("A") + bisect_right(self.edges, self.default_probability))

    @property
    def worded_pd(self) -> str:
        """The PD, with as many decimals as tell it from the cutoff."""
        return labels.percent(self.default_probability, labels.telling_digits(self.default_probability, self.cutoff))

    @property
    def worded_decision(self) -> str:
        """The decision in a word."""
        return DECISIONS[self.is_declined]

    @property
    def worded_distance(self) -> str:
        """How far the PD lies from the cutoff, and on which side."""
        distance = abs(self.default_probability - self.cutoff)
        digits = labels.telling_digits(self.default_probability, self.cutoff)
        return f"{labels.points(distance, digits)} {'above' if self.is_declined else 'below'}"

    @property
    def worded_band(self) -> str:
        """The PDs that the risk band spans."""
        return word_span(self.default_probability, self.edges)


def word_span(pd: float, edges: Sequence[float]) -> str:
    """The PDs that the risk band of a PD spans."""
    place = bisect_right(edges, pd)
    if not place:
        return f"PD below {labels.percent(edges[0], 0)}"
    if place == len(edges):
        return f"PD of {labels.percent(edges[-1], 0)} and more"
    return f"PD from {labels.percent(edges[place - 1], 0)} to {labels.percent(edges[place], 0)}"


def word_published(
    standing: Standing,
    published: Standing,
    disputed: float | None,
    model: str = "",
    *,
    is_explained: bool = True,
    was_trained_here: bool = True,
) -> str:
    """What the published model gives beside the PD that stands, and the share of applications that are `disputed`.

    Where another `model` is shown, `published` is what that one gives. What a model made elsewhere was trained on is
    not known, and one without trees is not explained.
    """
    more = published.default_probability - standing.default_probability
    if published.is_declined == standing.is_declined:
        decided = "decides alike"
    else:
        decided = f"would {'decline' if published.is_declined else 'approve'} it"
    seen = "; it was trained on the whole portfolio, this outcome included" if was_trained_here else ""
    explained = " and which is explained here" if is_explained else ""
    sentences = [
        f"The {f'model {model}' if model else 'published model'}, which scores edited and new applications{explained}, "
        f"gives {published.worded_pd} ({labels.signed_points(more)}) and {decided}{seen}."
    ]
    if disputed is not None:
        at = labels.cutoff_percent(standing.cutoff, 2)
        sentences.append(f"At {at} the two disagree on {labels.percent(disputed)} of the portfolio.")
    return " ".join(sentences)
