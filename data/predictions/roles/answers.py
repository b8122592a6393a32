"""What a person says about the columns of a file of predictions, and how flags say it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from data.errors import PredictionsError
from data.reading.said import flag, together, word_said

OUTCOME, FOLD, EXPOSURE, WEIGHT, LGD, NONE = "outcome", "fold", "exposure", "weight", "lgd", "none"
ID, DATE, SEGMENT, GRADE, MODEL = "id", "date", "segment", "grade", "model"
DECISION, MODEL_DECISION = "decision", "model-decision"
# A score of which its numbers have to tell what it is.
SCORE = "score"
# How a score is to be read: what it is, and who has the higher one.
SCORES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "probability": ("probability", "riskier"),
        "probability-of-good": ("probability", "safer"),
        "percent": ("percent", "riskier"),
        "percent-of-good": ("percent", "safer"),
        "log-odds": ("log-odds", "riskier"),
        "log-odds-of-good": ("log-odds", "safer"),
        "points": ("points", "safer"),
        "risk-score": ("points", "riskier"),
    }
)
# The same numbers read the other way round.
TURNED: Mapping[str, str] = MappingProxyType(
    {
        word: other
        for word, (kind, higher) in SCORES.items()
        for other, (same, turned) in SCORES.items()
        if kind == same and higher != turned
    }
)
ROLES = (
    ID,
    OUTCOME,
    SCORE,
    *SCORES,
    EXPOSURE,
    LGD,
    WEIGHT,
    DATE,
    FOLD,
    SEGMENT,
    GRADE,
    MODEL,
    DECISION,
    MODEL_DECISION,
    NONE,
)
_REPEATABLE = frozenset({SCORE, *SCORES, SEGMENT, NONE})


@dataclass(frozen=True, slots=True)
class Answers:
    """Roles by column in the order said, the outcome's bad and good values, and the model to show.

    `reading` says how the file is written, as pairs of `data.reading.said`. `champion` is a score's column, or a value
    of the column that names the model of a row. `has_no_outcome` says that no column is the outcome.
    """

    roles: tuple[tuple[str, str], ...] = ()
    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    champion: str = ""
    has_no_outcome: bool = False
    reading: tuple[tuple[str, str], ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """The same as words of a command line."""
        pairs = [("--map", f"{column}={role}") for column, role in self.roles]
        pairs += [("--bad", value) for value in self.bad] + [("--good", value) for value in self.good]
        pairs += [("--champion", self.champion)] if self.champion else []
        pairs += [("--read", each) for each in word_said(dict(self.reading))]
        words = [word for pair in pairs for word in pair]
        return (*words, "--no-outcome") if self.has_no_outcome else tuple(words)

    @property
    def worded(self) -> str:
        """The flags as a shell takes them."""
        columns = shlex.join(self.of_columns.flags)
        return " ".join(filter(None, [columns, *map(flag, word_said(dict(self.reading)))]))

    @property
    def of_columns(self) -> Answers:
        """What is said of the columns alone."""
        return replace(self, reading=())

    def plus(self, other: Answers) -> Answers:
        """Both together; where they disagree, `other` holds."""
        named = {column for column, _ in other.roles}
        kept = tuple(pair for pair in self.roles if pair[0] not in named)
        return Answers(
            (*kept, *other.roles),
            other.bad or self.bad,
            other.good or self.good,
            other.champion or self.champion,
            self.has_no_outcome or other.has_no_outcome,
            tuple(together(dict(self.reading), other.reading).items()),
        )


NOTHING_SAID = Answers()


def parse_answers(
    maps: Iterable[str],
    bad: Iterable[str] = (),
    good: Iterable[str] = (),
    *,
    champion: str = "",
    has_no_outcome: bool = False,
) -> Answers:
    """What flags say: `maps` are texts such as `score=probability`.

    Raises:
        PredictionsError: a text is not COLUMN=ROLE, a role is unknown, a role or column is named twice, a value is
            both bad and good, or an outcome is said and said not to be there.
    """
    roles: dict[str, str] = {}
    for text in maps:
        name, equals, role = text.rpartition("=")
        if not equals or not name or role not in ROLES:
            raise PredictionsError.from_bad_mapping(text, "is not COLUMN=ROLE", f"roles are {', '.join(ROLES)}")
        if name in roles or (role in roles.values() and role not in _REPEATABLE):
            raise PredictionsError.from_bad_mapping(text, "names a column or a role twice", "name each once")
        roles[name] = role
    bad, good = tuple(dict.fromkeys(bad)), tuple(dict.fromkeys(good))
    if both := [value for value in bad if value in good]:
        raise PredictionsError(f"--bad and --good both name {both[0]!r}; a value is one of them.")
    if has_no_outcome and (bad or good or OUTCOME in roles.values()):
        raise PredictionsError("--no-outcome says that no column is the outcome; leave it out, or the outcome's flags.")
    return Answers(tuple(roles.items()), bad, good, champion, has_no_outcome)
