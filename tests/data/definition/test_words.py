from __future__ import annotations

from data.definition.columns import Kind, Unit
from data.definition.words import DIRECTIONS, KINDS, UNITS


def test_every_unit_and_kind_has_one_word_but_the_outcome_which_is_a_role() -> None:
    assert sorted(UNITS.values()) == sorted(Unit)
    assert set(KINDS.values()) == set(Kind) - {Kind.TARGET}
    assert DIRECTIONS == {"rising": 1, "falling": -1}
