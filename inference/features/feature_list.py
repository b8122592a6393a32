"""Temporary: the embedded default's features, for callers that are not handed a definition yet."""

from __future__ import annotations

from data import schema
from inference.features.definition_features import feature_set

FEATURES = feature_set(schema.DEFINITION)
DIRECTIONS = FEATURES.directions
