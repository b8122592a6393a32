"""The recipe of a report: what it is of and which parts it has, as a value and as a TOML or JSON file.

title = "Committee paper"
where = ["region=north"]            # as on a command line; empty for the whole portfolio
against = ["rest"]                  # or ["portfolio"], or conditions; empty for no comparison
cutoff = 0.0909                     # a PD
assumptions = { lgd = 0.45, "cost.fn" = 10 }
parts = [
  { heading = "Ranking" },
  { text = "A paragraph." },
  { cards = "discrimination" },
  { chart = "roc" },
  { segments = "region" },          # "*" for the columns that the portfolio names
]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import orjson

from dashboard.cohort.filters import Filters
from dashboard.metrics.evaluation import Assumptions
from dashboard.report.parts import CARDS, CHARTS
from dashboard.visit import assumptions as assumed
from dashboard.visit.assumptions import assume
from dashboard.visit.links import FILTER_PREFIX, brief_list, word_filters
from dashboard.visit.parameters import Parameter
from data.definition.definition import Definition
from data.errors import ScoreroomError
from inference.model.decision import DEFAULT_CUTOFF

FORMAT, VERSION = "scoreroom.report", 1
TEMPLATES = Path(__file__).parent / "templates"
# What the cohort may be compared with besides another cohort.
REST, PORTFOLIO = ("rest",), ("portfolio",)
# The columns that are named for segments, by the portfolio's definition or in a brought file.
USUAL_COLUMNS = "*"
MOST_PARTS, LONGEST_TITLE, LONGEST_TEXT = 100, 200, 5_000
_LARGEST_FILE = 1 << 20
ASSUMPTIONS: Mapping[str, Parameter[Any]] = {
    each.name: each
    for each in (
        assumed.COST_FN,
        assumed.COST_FP,
        assumed.LGD,
        assumed.MARGIN,
        assumed.EAD,
        assumed.BETA,
        assumed.GROUPS,
    )
}


class Kind(StrEnum):
    """What a part of a report can be."""

    HEADING = "heading"
    TEXT = "text"
    CARDS = "cards"
    CHART = "chart"
    SEGMENTS = "segments"


class RecipeError(ScoreroomError):
    """Raised if a recipe is malformed or names something unknown."""

    @classmethod
    def of(cls, source: str, problem: str) -> Self:
        return cls(f"{source}: {problem}.")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a report: a heading or paragraph itself, or the name of cards, a chart or a column."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A report that can be made again: `where` and `against` are conditions, `cutoff` is a PD.

    `assumptions` are pairs of a parameter's name and its value, where that is not the default.
    """

    title: str
    parts: tuple[Part, ...]
    where: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    cutoff: float = DEFAULT_CUTOFF
    assumptions: tuple[tuple[str, float], ...] = ()

    def assume(self) -> Assumptions:
        """The assumptions that the figures depend on."""
        given = dict(self.assumptions)
        return assume(self.cutoff, lambda parameter: given.get(parameter.name, parameter.default))

    def to_json(self) -> bytes:
        """The recipe as a file that `read_recipe` takes."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "title": self.title,
            "where": self.where,
            "against": self.against,
            "cutoff": self.cutoff,
            "assumptions": dict(self.assumptions),
            "parts": [{part.kind.value: part.value} for part in self.parts],
        }
        return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def conditions_of(filters: Filters) -> tuple[str, ...]:
    """The conditions of `filters` as a recipe names them."""
    return tuple(f"{name.removeprefix(FILTER_PREFIX)}={value}" for name, value in word_filters(filters))


def template_names() -> tuple[str, ...]:
    """The names of the recipes that come with the project."""
    return tuple(sorted(path.stem for path in TEMPLATES.glob("*.toml")))


def read_template(name: str, definition: Definition) -> Recipe:
    """The recipe that comes with the project under `name`.

    Raises:
        RecipeError: no template has that name.
    """
    if name not in template_names():
        raise RecipeError.of(f"Template {name!r}", f"is not known; there are {brief_list(template_names())}")
    return open_recipe(TEMPLATES / f"{name}.toml", definition)


def open_recipe(path: Path, definition: Definition) -> Recipe:
    """The recipe in a file, TOML or, if its name ends in .json, JSON.

    Raises:
        RecipeError: the file cannot be read, or holds no recipe.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise RecipeError.of(str(path), f"cannot be read ({error.strerror})") from None
    return read_recipe(content, path.name, definition)


def read_recipe(content: bytes, name: str, definition: Definition) -> Recipe:
    """The recipe in the `content` of a file called `name`; its conditions are checked when the report is made.

    Raises:
        RecipeError: it is malformed, or names a chart, cards or an assumption that does not exist.
    """
    if len(content) > _LARGEST_FILE:
        raise RecipeError.of(name, "is too large to be a recipe")
    try:
        document = orjson.loads(content) if name.endswith(".json") else tomllib.loads(content.decode())
    except ValueError as error:
        raise RecipeError.of(
            name, f"cannot be read as {'JSON' if name.endswith('.json') else 'TOML'} ({error})"
        ) from None
    return _Reader(name, definition).read(document)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one document; `name` is what its errors begin with."""

    name: str
    definition: Definition

    def read(self, document: Any) -> Recipe:
        if not isinstance(document, dict):
            raise self._error("holds no table of keys")
        known = {"format", "version", "title", "where", "against", "cutoff", "assumptions", "parts"}
        if unknown := sorted(document.keys() - known):
            raise self._error(f"has an unknown key {unknown[0]!r}; keys are {brief_list(sorted(known))}")
        if document.get("format", FORMAT) != FORMAT or document.get("version", VERSION) != VERSION:
            raise self._error(f"is not a {FORMAT} of version {VERSION}")
        return Recipe(
            self._text("title", document.get("title"), LONGEST_TITLE),
            self._parts(document.get("parts")),
            self._conditions("where", document.get("where", [])),
            self._conditions("against", document.get("against", [])),
            self._cutoff(document.get("cutoff", DEFAULT_CUTOFF)),
            self._assumptions(document.get("assumptions", {})),
        )

    def _error(self, problem: str) -> RecipeError:
        return RecipeError.of(self.name, problem)

    def _text(self, key: str, value: Any, longest: int) -> str:
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            raise self._error(f"{key} must be a text of 1 to {longest:,} characters")
        return value.strip()

    def _conditions(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self._error(f'{key} must be a list of texts such as ["region=north"]')
        return tuple(value)

    def _cutoff(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self._error(f"cutoff must be a PD from 0 to 1, such as {DEFAULT_CUTOFF:g}")
        return float(value)

    def _assumptions(self, value: Any) -> tuple[tuple[str, float], ...]:
        if not isinstance(value, dict):
            raise self._error("assumptions must be a table of names and numbers")
        return tuple(self._assumption(name, number) for name, number in sorted(value.items()))

    def _assumption(self, name: str, number: Any) -> tuple[str, float]:
        parameter = ASSUMPTIONS.get(name)
        if parameter is None:
            raise self._error(f"has an unknown assumption {name!r}; assumptions are {brief_list(ASSUMPTIONS)}")
        try:
            return name, parameter.read(str(number), self.definition)
        except (ValueError, ScoreroomError):
            raise self._error(f"the assumption {name} cannot be {number!r}") from None

    def _parts(self, value: Any) -> tuple[Part, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_PARTS:
            raise self._error(f"parts must be a list of 1 to {MOST_PARTS} parts")
        return tuple(self._part(place, each) for place, each in enumerate(value, 1))

    def _part(self, place: int, value: Any) -> Part:
        match value:
            case dict() if len(value) == 1 and next(iter(value)) in set(Kind):
                kind, given = next(iter(value.items()))
            case _:
                raise self._error(f"part {place} must have one key: {', '.join(Kind)}")
        text = self._text(f"part {place} ({kind})", given, LONGEST_TEXT if kind == Kind.TEXT else LONGEST_TITLE)
        known = {Kind.CHART: CHARTS, Kind.CARDS: CARDS}.get(Kind(kind))
        if known is not None and text not in known:
            raise self._error(f"part {place} names unknown {kind} {text!r}; known are {', '.join(known)}")
        return Part(Kind(kind), text)
