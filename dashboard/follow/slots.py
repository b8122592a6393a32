"""A place on a page that shows something of the cutoff, and how to word it at any cutoff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from dashboard.metrics.evaluation import Evaluation

Word = Callable[[Evaluation], str]


class Kind(StrEnum):
    """What static/drag.js does with a slot's word.

    A text goes into the text nodes of its element, a line into each. An upright is a figure's line at the cutoff with
    its note, which says the word. A point is a marker at "x y", in the units of its figure's axes. An opacity is an
    area's.
    """

    TEXT = "text"
    UPRIGHT = "upright"
    POINT = "point"
    OPACITY = "opacity"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place: of the elements that match the CSS selector `where` the one with the index `place` (-1 is the last).

    `word` takes all that depends on the cutoff from the evaluation it is given. It `names_cutoff` if it can differ
    between two cutoffs that decide alike.
    """

    where: str
    kind: Kind
    word: Word
    place: int = 0
    names_cutoff: bool = False
