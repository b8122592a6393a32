"""The JSON that a command writes beside its tables, to a file or in their place."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from data.store.storage import check_file_place, write_atomically

STANDARD_OUTPUT = Path("-")


def check_report_place(target: Path | None) -> None:
    """Raise FileError where `target` cannot be written, before the work."""
    if target not in (None, STANDARD_OUTPUT):
        check_file_place(target)


def write_report(told: object, target: Path | None) -> bool:
    """Write what is `told` to `target`, if any; return whether it is the standard output, which then has no tables."""
    text = json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if target == STANDARD_OUTPUT:
        # As JSON is written, whatever the terminal's own encoding is.
        sys.stdout.buffer.write(text.encode())
        return True
    if target is not None:
        with write_atomically(target) as beside:
            beside.write_text(text, encoding="utf-8")
    return False
