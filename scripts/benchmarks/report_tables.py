"""What every table of the report is made of: figures out of the JSON, numbers as they are read, rows in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(re.sub(r" +", " ", f"| {' | '.join(line)} |") for line in lines)


def largest(figures: Figures, place: str) -> float | None:
    """The largest figure at a dotted `place`, where `*` stands for any name; None where nothing was measured."""
    found: list[Any] = [figures]
    for name in place.split("."):
        found = [child for parent in found for child in _children(parent, name)]
    return max(found, default=None)


def _children(parent: Figures, name: str) -> list[Any]:
    if name == "*":
        return list(parent.values())
    return [parent[name]] if name in parent else []


def measured_on(figures: Figures, section: str = "") -> str:
    """Which machine the figures are of, and when those of `section` were taken where the figures say so."""
    machine = figures["machine"]
    hardware = [machine.get("cpu", ""), f"{machine['memory_gb']:g} GB" if "memory_gb" in machine else ""]
    system = f"{machine['system']} {machine['machine']}, Python {machine['python']}"
    described = ", ".join([*filter(None, hardware), system])
    date = figures.get("dates", {}).get(section, "")[:10]
    return f"Measured {f'{date} ' if date else ''}on {machine['cores']} cores ({described})"


def libraries(figures: Figures) -> str:
    """The versions of the libraries in use."""
    return ", ".join(f"{name} {version}" for name, version in figures["machine"]["libraries"].items())


def significant(value: float) -> str:
    """A number to three digits, or to the whole where it has more."""
    digits = next((digits for digits, least in ((0, 99.95), (1, 9.995), (2, 0.9995)) if abs(value) >= least), 3)
    return f"{value:,.{digits}f}"


def times(ratio: float) -> str:
    """A ratio as the earlier system's report writes it."""
    return f"{ratio:,.0f}x" if ratio >= 99.95 else f"{ratio:.1f}x"


def whole(value: float) -> str:
    """A number to the whole, without its unit."""
    return f"{value:,.0f}"


def percentile_cells(found: Figures) -> list[str]:
    """Median and 95th percentile in whole milliseconds, a cell each."""
    return [whole(found["p50"]), whole(found["p95"])]


def p50_and_p95(found: Figures) -> str:
    """The same in one cell."""
    return " / ".join(percentile_cells(found))


def megabytes(n_bytes: float) -> str:
    """Bytes in MB of 1,000,000 bytes, without the unit."""
    return f"{n_bytes / 1e6:,.1f}"


def yes(reached: bool) -> str:
    """Whether a goal was reached."""
    return "yes" if reached else "**no**"
