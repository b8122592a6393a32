"""Tables by cutoff: what pages announce, kept until a reader's hand is on the slider, and made then."""

from __future__ import annotations

import gzip
import hashlib
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np

from dashboard.follow.columns import Columns, IntArray, add_texts, table_bytes
from dashboard.follow.slots import Slot
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.sweep import Sweep
from data.predictions.scores import round_cutoffs

# A longer scale is that of a portfolio whose PDs are all below 1 %; its pages follow with the run alone.
MOST_POSITIONS = 20_000
# A recipe holds a cohort's counts (1.4 MB), which views of one cohort share; a table has up to 100 kB.
MOST_RECIPES, MOST_TABLES = 32, 32
_SHORTEST_SCALE = 15.0
_FINE_BELOW = 0.01
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scale:
    """A slider's positions in percent: 0, `step`, 2 `step` ... up to `top`."""

    top: float
    step: float

    @classmethod
    def up_to(cls, highest: float, cutoff: float) -> Self:
        """The scale where PDs end at `highest` and `cutoff` (in percent) is in force.

        It ends where PDs do, on a round number, but never short of the usual cutoff or of the one in force.
        """
        top = max(_SHORTEST_SCALE, 5.0 * math.ceil(20 * highest), 5.0 * math.ceil(cutoff / 5))
        # Below 1 % cutoffs have more decimals; a scale of more would be too long to point at.
        return cls(top, 0.0001 if highest < _FINE_BELOW else 0.01)

    @property
    def size(self) -> int:
        """How many positions there are."""
        return round(self.top / self.step) + 1

    @property
    def cutoffs(self) -> FloatArray:
        """The cutoff (a PD) that each position applies."""
        return round_cutoffs(np.round(np.arange(self.size) * self.step, 4) / 100)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a page's table is made of: the places that follow, and the evaluation that they are worded from."""

    evaluation: Evaluation
    scale: Scale
    slots: tuple[Slot, ...]

    def make(self) -> bytes:
        """The table, packed with gzip."""
        sweep, columns = Sweep(self.evaluation, self.scale.cutoffs), Columns()
        texts: list[list[str]] = [[] for _ in self.slots]
        which = []
        for evaluation, is_new in sweep:
            which.append(is_new)
            for slot, said in zip(self.slots, texts, strict=True):
                if is_new or slot.names_cutoff:
                    said.append(slot.word(evaluation))
        every = np.arange(self.scale.size)
        deciding: IntArray = np.cumsum(np.array(which)) - 1
        slots = [
            {"where": slot.where, "place": slot.place, "kind": slot.kind}
            | add_texts(columns, said, every if slot.names_cutoff else deciding)
            for slot, said in zip(self.slots, texts, strict=True)
        ]
        facts = {"step": self.scale.step, "rows": self.scale.size, "slots": slots}
        return gzip.compress(table_bytes(columns, facts), 6, mtime=0)


class Tables:
    """The recipes that pages announced last, and the tables made of them; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Nobody can work out the name of a table that another reader's page announced.
        self._secret = secrets.token_bytes(32)
        self._recipes: OrderedDict[str, Recipe] = OrderedDict()
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._making: dict[str, threading.Lock] = {}

    def announce(self, identity: Sequence[object], recipe: Recipe) -> str:
        """Keep a page's recipe under the name that is returned; `identity` tells apart what tables differ by."""
        text = repr((*identity, recipe.scale, [(slot.where, slot.place) for slot in recipe.slots]))
        name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._secret).hexdigest()
        with self._lock:
            self._recipes.setdefault(name, recipe)
            _keep_last(self._recipes, name, MOST_RECIPES)
        return name

    def table(self, name: str) -> bytes | None:
        """The table called `name`, packed with gzip; None where no page announced it lately."""
        with self._lock:
            if name in self._made:
                self._made.move_to_end(name)
                return self._made[name]
            recipe = self._recipes.get(name)
            making = self._making.setdefault(name, threading.Lock())
        if recipe is None:
            with self._lock:
                self._making.pop(name, None)
            return None
        # Two visits that ask at once wait for one table.
        with making:
            with self._lock:
                if name in self._made:
                    return self._made[name]
            made = recipe.make()
            with self._lock:
                self._made[name] = made
                _keep_last(self._made, name, MOST_TABLES)
                self._making.pop(name, None)
        return made


def _keep_last(kept: OrderedDict[str, T], name: str, most: int) -> None:
    kept.move_to_end(name)
    while len(kept) > most:
        kept.popitem(last=False)


TABLES = Tables()
