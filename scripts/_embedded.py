"""The features of the embedded portfolio's model, for studies, benchmarks and tests of it."""

from __future__ import annotations

from data.home_credit import embedded
from inference.features.definition_features import feature_set

FEATURES = feature_set(embedded.DEFINITION)
DIRECTIONS = FEATURES.directions
