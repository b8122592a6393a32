"""Names of columns that are legible, differ from one another, and can be said in a link."""

from __future__ import annotations

from collections.abc import Sequence

# In links and on the screen a tilde marks what is no column.
_MARK = "~"


def unique_names(written: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns, each once, and for each that the file writes otherwise a phrase such as "x, now y".

    A second `amount` becomes `amount (2)`, a seventh column without a name `(column 7)`, and `~x` becomes `(~x)`.
    """
    bare = [" ".join(name.split()) if any(mark in name for mark in "\r\n\t") else name.strip() for name in written]
    taken = set(bare)
    names: list[str] = []
    changed: list[str] = []
    for place, name in enumerate(bare, 1):
        wanted = name or f"(column {place})"
        if wanted.startswith(_MARK):
            wanted = f"({wanted})"
        found, n_before = wanted, 1
        while found in names or (found != name and found in taken):
            n_before += 1
            found = f"{wanted} ({n_before})"
        if found != name:
            changed.append(f"column {place}{f' ({name})' if name else ', which has no name,'} is {found}")
        names.append(found)
    return tuple(names), tuple(changed)


def made_names(width: int) -> tuple[str, ...]:
    """Names by place, for a table that has none."""
    digits = len(str(width))
    return tuple(f"column_{place:0{digits}d}" for place in range(1, width + 1))
