"""HTML that every paper is made of: text shown literally, and rows of tables."""

from __future__ import annotations

import html
from collections.abc import Iterable

from dashboard.words import labels


def escaped(text: str) -> str:
    """`text` as HTML that shows it literally; characters that cannot be shown become U+FFFD."""
    return html.escape(labels.literal(text))


def row(first: str, cells: Iterable[str]) -> str:
    """A table's row whose first cell is its header."""
    others = "".join(f"<td>{escaped(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escaped(first)}</th>{others}</tr>'
