"""The words that people write where nothing is known."""

from __future__ import annotations

# What people write where nothing is known; compared without case and surrounding blanks.
GAPS = (
    "na",
    "n/a",
    "#n/a",
    "n.a.",
    "<na>",
    "nan",
    "nat",
    "null",
    "#null!",
    "\\n",
    "none",
    "nil",
    "-",
    "--",
    ".",
    "?",
    "#value!",
    "#div/0!",
    "#ref!",
    "#num!",
    "#name?",
)
