"""What the model is for and what it is not: the sections of docs/model-card.md."""

from __future__ import annotations

import re
from functools import cache

from data.settings import ROOT

SYNTHETIC = "Trained on the embedded portfolio"


@cache
def model_sections() -> dict[str, str]:
    """The sections by heading, as Markdown."""
    text = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {heading.strip(): body.strip() for heading, body in zip(parts[1::2], parts[2::2], strict=True)}
