"""The sections of the pages in docs/ that the dashboard and its papers quote."""

from __future__ import annotations

import re
from functools import cache

from data.settings import ROOT

METRICS, MODEL_CARD = "metrics.md", "model-card.md"


@cache
def sections_of(name: str) -> dict[str, str]:
    """The sections of the file `name` in docs/ by heading, as Markdown, without lines that name a function."""
    return split_sections((ROOT / "docs" / name).read_text(encoding="utf-8"))


def split_sections(text: str) -> dict[str, str]:
    """The sections of a Markdown text by heading, as above."""
    parts = re.split(r"^## (.+)$", re.sub(r"^Computed by .*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return {heading.strip(): body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}
