"""The goals that were measured and missed, read from the report's own tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scripts.benchmarks.report_tables import yes

# The column that names a row, where that is not the first one.
_NAMING = {"claims": 1}
_UNITS = {"api": "{} connections"}
REACHED, NOTHING = "reached", "All goals were reached."


def render_missed(rendered: Mapping[str, str]) -> str:
    """A list of what was not reached, by section, out of the tables of each."""
    missed = {section: list(_missed(section, tables)) for section, tables in rendered.items()}
    lines = [f"- {section}: {'; '.join(names)}." for section, names in missed.items() if names]
    return "\n".join(lines) or NOTHING


def _missed(section: str, tables: str) -> Iterator[str]:
    """What each cell that says so belongs to; with its column's head, where that is not just "reached"."""
    header: list[str] = []
    for line in tables.splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        header = header or cells
        name = _UNITS.get(section, "{}").format(cells[_NAMING.get(section, 0)])
        for head, cell in zip(header, cells, strict=True):
            if yes(False) in cell:
                yield name if head == REACHED else f"{name} ({head})"
