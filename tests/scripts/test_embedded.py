from __future__ import annotations

from data.home_credit import embedded
from scripts._embedded import DIRECTIONS, FEATURES


def test_studies_see_the_features_of_the_embedded_portfolio() -> None:
    assert FEATURES.definition == embedded.DEFINITION
    assert embedded.DEFINITION.features.directions.items() <= DIRECTIONS.items()
    assert embedded.TARGET not in FEATURES.names
