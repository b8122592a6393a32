"""What a server's log says of its own faults."""

from __future__ import annotations

import re
from pathlib import Path

_FAULT = re.compile(r"\"level\": ?\"(?:error|critical)\"|Uncaught|Segmentation")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_RAISED = re.compile(r"[\w.]*(?:Error|Exception|Warning|Interrupt|Exit)\b")


def faults(log: Path) -> list[str]:
    """What a server's log says of its own faults: a line of that level, or a traceback as what is above and below."""
    told_plainly = _COLOUR.sub("", log.read_text(errors="replace"))
    lines = [line for line in told_plainly.splitlines() if line.strip()]
    told = []
    for at, line in enumerate(lines):
        # Streamlit draws a frame around the tracebacks of pages, in colours.
        if "Traceback (most recent call last)" in line:
            below = next((after for after in lines[at + 1 :] if _RAISED.match(after)), "")
            told.append(f"{lines[at - 1] if at else ''} / {below}")
        elif _FAULT.search(line):
            told.append(line)
    return told
