"""What the screen says where a score is no probability: its place on its own scale, and never PD."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WORDS = (
    (re.compile(r"Predicted probability of default \(PD\)"), "Place of the score: safest 0 %, riskiest 100 %"),
    (re.compile(r"\bpredicted PD\b"), "score place"),
    (re.compile(r"\bPDs\b"), "score places"),
    (re.compile(r"\bPD\b"), "score place"),
)
# Before a text that is written of PDs and of any portfolio.
IN_PLACES = (
    "This portfolio's score is no probability. Where the section says PD, read the score's place on its own scale, "
    "from the safest (0 %) to the riskiest (100 %); what takes a PD for a probability is not shown."
)
# Begins a sentence or a title.
_BEGINNING = re.compile(r"^(<b>)?score place")


def as_places(text: str) -> str:
    """`text` with the place of a score wherever it says PD."""
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return _BEGINNING.sub(lambda match: f"{match[1] or ''}Score place", text)


def all_as_places(value: Any) -> Any:
    """A figure's or table's parts with every text in them put as `as_places` does; packed numbers stay."""
    if isinstance(value, str):
        return as_places(value)
    if isinstance(value, Mapping):
        return {key: part if key == "bdata" else all_as_places(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [all_as_places(part) for part in value]
    return value
