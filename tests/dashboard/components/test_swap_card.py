"""What the swap set's table says; the card itself is tested with its page."""

from __future__ import annotations

import numpy as np

from dashboard.components.swap_card import GROUPS, _more, _tabulate, _worded
from dashboard.metrics.economics import Terms
from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_counts import ColumnApart
from dashboard.metrics.paired_swap import swap_set
from dashboard.metrics.stability import stability_index

ROWS = PairedRows(
    rank_scores([0.05, 0.05, 0.20, 0.20]),
    rank_scores([0.05, 0.30, 0.05, 0.30]),
    np.array([0, 1, 0, 1], dtype=np.uint8),
    exposure=np.array([1_000.0, 2_000.0, 3_000.0, 4_000.0]),
)
SWAP = swap_set(ROWS, (0.1, 0.1), Terms(0.1, 0.5, 1.0))


def test_every_group_has_a_row_in_words_and_in_numbers() -> None:
    words, table = _worded(SWAP, ("a", "b"), "EUR"), _tabulate(SWAP, ("a", "b"))
    assert words["Decision"].to_list() == list(GROUPS) == table["Decision"]
    assert table["Exposure"] == [3_000, 2_000, 1_000, 4_000]
    assert table["Profit if approved"] == [300, -1_000, 100, -2_000]
    assert words["Exposure"].to_list() == ["3.00 k EUR", "2.00 k EUR", "1.00 k EUR", "4.00 k EUR"]
    assert words["Share"].to_list() == 4 * ["25.0 %"]


def test_the_group_that_tells_them_apart_is_named_with_both_shares() -> None:
    each = ColumnApart("region", stability_index([10, 30, 60], [40, 40, 20]))
    assert _more(each, ("north", "south", "west"), of_in=True) == "north (40 % against 10 %)"
    assert _more(each, ("north", "south", "west"), of_in=False) == "west (60 % against 20 %)"
