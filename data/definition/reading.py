"""Read a portfolio's definition: TOML, then what is said in it, then the definition that follows.

Three steps with a seam between them: `read_said` and `check_said` know the shape of the file and nothing of its sense,
so that what is said can be completed from a table before `build_definition` makes the definition of it.
"""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path
from typing import Any, TypeAlias

from data.definition import shapes
from data.definition.building import build_definition
from data.definition.columns import Sensitivity, SpecialUse
from data.definition.definition import Definition
from data.definition.errors import Place, shown
from data.definition.grammar import MOST_CHARACTERS
from data.definition.words import DIRECTIONS, HIGHER, KINDS, SCORE_KINDS, UNITS
from data.errors import FileError
from data.reading import said as told

VERSION = 1
MOST_BYTES = 2_000_000
MOST_COLUMNS, MOST_DERIVED = 2_000, 1_000
MOST_LEVELS = 5_000
_MOST_RULES, _MOST_SPECIAL = 500, 100
_MOST_WORK = 20_000_000

# What a definition says, as TOML has it, with known keys and values of the right type.
Said: TypeAlias = dict[str, Any]


def _version(value: object, place: Place) -> int:
    if isinstance(value, bool) or value != VERSION:
        found = f"{value:g}" if isinstance(value, int | float) and abs(value) < 1e6 else "unknown"
        raise place.error(f"is {found}", f"this version of Scoreroom reads version = {VERSION}")
    return VERSION


def _separator(value: object, place: Place) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n' or not value.isascii():
        raise place.error("is not a single character", 'write one such as ",", ";" or "\\t"')
    return value


def _read(value: object, place: Place) -> list[str]:
    texts: list[str] = shapes.items(shapes.text(1_000), 20)(value, place)
    try:
        told.parse_said(texts)
    except told.SaidError as error:
        raise place.error(str(error).removeprefix("--read ").rstrip("."), "write it as --read takes it") from None
    return texts


def _folder_name(value: object, place: Place) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}", value):
        raise place.error("cannot name a folder", "use up to 60 letters, digits, dots, hyphens and underscores")
    return value


_LABEL, _EXPRESSION = shapes.text(200), shapes.text(10 * MOST_CHARACTERS, lines=True)
_COLUMNS = shapes.items(shapes.column, MOST_COLUMNS)
_STORED = shapes.items(shapes.stored, MOST_LEVELS)
_SPECIAL = shapes.either(
    lambda value: isinstance(value, str),
    _LABEL,
    shapes.table({"meaning": _LABEL, "model": shapes.word(*SpecialUse)}, required=("meaning",)),
)
_POSITIVES = shapes.items(shapes.number(1e-6), 100)
_COLUMN = shapes.table(
    {
        "label": _LABEL,
        "description": shapes.text(2_000, lines=True, empty=True),
        "group": shapes.text(60),
        "kind": shapes.word(*KINDS),
        "whole": shapes.truth,
        "unit": shapes.word(*UNITS),
        "minimum": shapes.number(),
        "maximum": shapes.number(),
        "levels": _STORED,
        "level_labels": shapes.named(_LABEL, MOST_LEVELS, "level"),
        "nullable": shapes.truth,
        "special": shapes.named(_SPECIAL, _MOST_SPECIAL, "special value"),
        "sensitivity": shapes.word(*Sensitivity),
        "cohort": shapes.truth,
    }
)
_DEFINITION = shapes.table(
    {
        "version": _version,
        "name": shapes.text(100),
        "currency": shapes.text(20, empty=True),
        "champion": _folder_name,
        "given_groups": shapes.items(shapes.text(60), 1_000),
        "left_out": shapes.items(shapes.text(200, lines=True, empty=True), MOST_COLUMNS),
        "table": shapes.table(
            {
                "file": shapes.text(1_000),
                "separator": _separator,
                "header": shapes.truth,
                "names": _COLUMNS,
                "missing": shapes.items(shapes.text(100), 100),
                "read": _read,
            }
        ),
        "outcome": shapes.table({"column": shapes.column, "bad": _STORED, "good": _STORED}, ("column", "bad", "good")),
        "roles": shapes.table(dict.fromkeys(("id", "date", "exposure", "weight", "decision"), shapes.column)),
        "scores": shapes.named(
            shapes.table(
                {"column": shapes.column, "kind": shapes.word(*SCORE_KINDS), "higher": shapes.word(*HIGHER)},
                ("column",),
            ),
            50,
            "score",
        ),
        "columns": shapes.named(_COLUMN, MOST_COLUMNS, "column"),
        "features": shapes.table(
            {
                "columns": _COLUMNS,
                "derived": shapes.named(
                    shapes.table({"label": _LABEL, "value": _EXPRESSION}, ("value",)), MOST_DERIVED, "derived feature"
                ),
                "monotone": shapes.named(shapes.word(*DIRECTIONS), MOST_COLUMNS, "column"),
            }
        ),
        "levers": shapes.named(
            shapes.table(
                {
                    "down_to": shapes.number(0, 1),
                    "up_to": shapes.number(1, 1_000),
                    "step": shapes.number(1e-6, 1),
                    "to": shapes.value,
                    "unless": _EXPRESSION,
                    "choice": shapes.text(60),
                }
            ),
            200,
            "column",
        ),
        "loan": shapes.table(
            {
                **dict.fromkeys(("credit", "annuity", "goods", "kind"), shapes.column),
                "revolving": shapes.stored,
                "revolving_rate": shapes.number(0, 1),
                "smallest": shapes.number(0),
                **dict.fromkeys(("ratios", "shortest_terms", "longest_terms", "highest_ratios"), _POSITIVES),
                **dict.fromkeys(("credit_from", "term_from"), _POSITIVES),
            },
            ("credit", "annuity", "goods"),
        ),
        "rules": shapes.items(shapes.table({"text": _LABEL, "when": _EXPRESSION}, ("text", "when")), _MOST_RULES),
        "sufficiency": shapes.table(
            {
                **dict.fromkeys(("required", "one_of", "counted"), _COLUMNS),
                "most_lacking": shapes.whole(0, MOST_COLUMNS),
            }
        ),
        "training": shapes.table({"trees": shapes.whole(1, 10_000), "from_rows": shapes.whole(0, 1_000_000_000)}),
        "screen": shapes.table(
            {
                "groups": shapes.items(shapes.text(60), MOST_COLUMNS),
                "first_columns": shapes.items(shapes.column, 50),
                "segments": shapes.items(shapes.column, 50),
                "pair": shapes.items(shapes.column, 2, at_least=2),
            }
        ),
        "example": shapes.named(shapes.value, MOST_COLUMNS, "column"),
    }
)


def read_definition(path: Path) -> Definition:
    """The definition in the file at `path`.

    Raises:
        FileError: the file cannot be read.
        DefinitionError: the definition is incomplete or invalid.
    """
    return build_definition(check_said(read_said(path), path), path)


def parse_definition(text: str, where: Path) -> Definition:
    """Parse a definition; messages name `where`. Raises DefinitionError if it is incomplete or invalid."""
    return build_definition(check_said(parse_said(text, where), where), where)


def read_said(path: Path) -> Said:
    """Parse the TOML file at `path` without checking its entries.

    Raises:
        FileError: the file cannot be read.
        DefinitionError: it is larger than 2 MB, not UTF-8 or not TOML.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise FileError.from_directory(path)
        if not stat.S_ISREG(mode):
            raise FileError.from_special(path)
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise FileError.from_missing(path) from None
    except OSError as error:
        raise FileError.from_no_access(path, error.strerror or type(error).__name__) from None
    try:
        # Windows editors begin a file with a mark of its encoding.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if len(data) <= MOST_BYTES:
            raise Place(path).error(f"is not UTF-8 on line {line:,}", "save the file as UTF-8") from None
        text = ""
    if len(data) > MOST_BYTES:
        raise Place(path).error(f"is larger than {MOST_BYTES / 1e6:g} MB", "shorten it; rows belong into the table")
    return parse_said(text, path)


def parse_said(text: str, where: Path) -> Said:
    """Parse `text` without checking its entries. Raises DefinitionError if it is not TOML."""
    # The time that the library takes for a dotted key grows with the square of its parts: minutes for one of this size.
    if sum(each.count(".") ** 2 for each in re.split(r"[\n,=\[\]{}]", text)) > _MOST_WORK:
        raise Place(where).error("has keys or texts with too many dots", "shorten them")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Place(where).error("is nested too deeply", "write lists and tables of one level") from None
    except ValueError as error:
        # A number of thousands of digits is a ValueError of another kind.
        raise Place(where).error(f"is not TOML: {shown(str(error))}", "correct that line") from None


def check_said(said: Said, where: Path) -> Said:
    """`said` itself, its keys known and its values of the right type and size; whether they go together is not checked.

    Raises:
        DefinitionError: a key is unknown, or a value is of another type, a word that is not known, or too large.
    """
    return _DEFINITION(said, Place(where))  # type: ignore[no-any-return]
