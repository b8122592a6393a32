"""What is odd about a table in words, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dashboard.metrics.leakage import word_auc
from dashboard.words import labels
from data.quality.oddities import Issue, Oddity

WHAT: Mapping[Issue, str] = {
    Issue.LEAK: "Tells the outcome",
    Issue.REPEATED_ID: "Repeated id",
    Issue.REPEATED_ROWS: "Repeated rows",
    Issue.SAME_COLUMNS: "Same as another column",
    Issue.CONSTANT: "One value only",
    Issue.RANGE: "Out of range",
    Issue.DRIFT: "Drifts",
    Issue.MISSING: "Missing",
    Issue.RARE: "Rare levels",
}
ADVICE: Mapping[Issue, str] = {
    Issue.LEAK: "Leave it out of every model: it is known after the outcome, or made from it.",
    Issue.REPEATED_ID: "Keep one row of each application, or name a column that tells them apart.",
    Issue.REPEATED_ROWS: "Check whether a part was loaded twice; repeated rows make intervals too narrow.",
    Issue.SAME_COLUMNS: "Keep one of them.",
    Issue.CONSTANT: "Leave it out; it tells applications apart in no way.",
    Issue.RANGE: "Check units and typing errors; name codes as special values.",
    Issue.DRIFT: "Compare periods on Stability before a model is trained on all of them.",
    Issue.MISSING: "Ask why; a gap that means something should be a value of its own.",
    Issue.RARE: "Join them with others before anything is said about them.",
}
_COUNTED: Mapping[Issue, tuple[str, str]] = {
    Issue.LEAK: ("column tells the outcome", "columns tell the outcome"),
    Issue.REPEATED_ID: ("id is repeated", "ids are repeated"),
    Issue.REPEATED_ROWS: ("rows are repeated", "rows are repeated"),
    Issue.SAME_COLUMNS: ("column is another's copy", "columns are copies of others"),
    Issue.CONSTANT: ("column has one value only", "columns have one value only"),
    Issue.RANGE: ("column has values out of range", "columns have values out of range"),
    Issue.DRIFT: ("column drifts", "columns drift"),
    Issue.MISSING: ("column has gaps", "columns have gaps"),
    Issue.RARE: ("column has rare levels", "columns have rare levels"),
}


def summary(found: Iterable[Oddity]) -> str:
    """What was found in one sentence."""
    counts = Counter(each.issue for each in found)
    parts = [_part(issue, counts[issue]) for issue in Issue if counts[issue]]
    return f"{', '.join(parts)}." if parts else "Nothing is odd about the data."


def _part(issue: Issue, number: int) -> str:
    words = _COUNTED[issue][number > 1]
    return words if issue is Issue.REPEATED_ROWS else f"{number:,} {words}"


def detail(oddity: Oddity, name: str) -> str:
    """What was measured of an oddity, whose `other` column is called `name`."""
    match oddity.issue:
        case Issue.LEAK:
            where = "where it is missing" if oddity.other else "its values"
            return f"AUC of {where}: {word_auc(oddity.value or 0.0)}"
        case Issue.SAME_COLUMNS:
            return f"the same as {name}"
        case Issue.DRIFT:
            return f"PSI {oddity.value:.2f}, later half against earlier"
        case Issue.RARE:
            return f"{labels.plural(int(oddity.value or 0), 'level')} of fewer than 30 rows"
    return ""
