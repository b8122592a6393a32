"""A visit: everything that determines the screen, and its form in the address.

A filter is `f.COLUMN`, a named cohort `c.NAME`, a named scenario `s.NAME`, `portfolio` what all of it is about; all
else is a parameter's own name. Parts of a link that do not fit are left out, with a sentence each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeAlias, TypeVar

from dashboard.cohort.filters import Filters
from dashboard.visit import drafts, links, parameters
from dashboard.visit.drafts import Scenario
from dashboard.visit.links import FILTER_PREFIX, Cohort, Named
from data.definition.definition import Definition
from data.errors import ScoreroomError
from data.predictions.table import FOLD_NAME, CohortColumn
from inference.model.decision import DEFAULT_CUTOFF

# In percent, as the slider shows it. Always in the link, so that an address without any is known to be a page's own.
CUTOFF = parameters.number("cutoff", 100 * DEFAULT_CUTOFF, low=0, high=100, always_written=True)
AGAINST = parameters.text("against", longest=links.LONGEST_NAME + 60)
REST, WHOLE = "~rest", "~whole"
# Behind it the name of a model: the same applications are then looked at under that one too.
AGAINST_MODEL = "~model."
# The columns whose levels a cohort can be compared with as they are, by what the level's key begins with in a link.
PARTS = {"~fold.": FOLD_NAME}
# The application in the side panel (`drafts.applicant_of`), or `drafts.NEW`; and what of its values was changed.
APPLICANT = parameters.text("applicant", longest=drafts.LONGEST_ID + 1)
EDITS = parameters.of_table("edits", drafts.NO_EDITS, drafts.read_edits, drafts.word_edits)
# The model whose PDs are shown; empty for the champion.
MODEL = parameters.text("model", longest=100)
# The token of the dropped file whose rows are shown instead of the portfolio (`dashboard.cache.scored`).
FILE = parameters.text("file", longest=16)

PORTFOLIO = "portfolio"
_LONGEST_SLUG = 40

Address: TypeAlias = Mapping[str, Sequence[str]]
Columns: TypeAlias = Mapping[str, CohortColumn]


K = TypeVar("K", bound=Named)


@dataclass(frozen=True, slots=True)
class Visit:
    """The immutable state of a visit; `values` holds those that differ from their parameters' defaults, by name."""

    filters: Filters = field(default_factory=Filters)
    cohorts: tuple[Cohort, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    values: tuple[tuple[str, Any], ...] = ()

    def value(self, parameter: parameters.Parameter[Any]) -> Any:
        """The value of `parameter`."""
        return dict(self.values).get(parameter.name, parameter.default)

    def with_values(self, values: Mapping[parameters.Parameter[Any], Any]) -> Visit:
        """This visit with these values of parameters."""
        held = dict(self.values)
        for parameter, value in values.items():
            held.pop(parameter.name, None)
            if value != parameter.default:
                held[parameter.name] = value
        return replace(self, values=tuple(sorted(held.items())))


@dataclass(frozen=True, slots=True)
class Shelf(Generic[K]):
    """Named things of one kind, kept in the visit's `field`: how one is written into the address and read from it.

    `read` gets the name, the text, the predictions' columns and the definition; it returns the thing, or None, and
    sentences for what was left out.
    """

    field: str
    prefix: str
    plural: str
    word: Callable[[K], str]
    read: Callable[[str, str, Columns, Definition], tuple[K | None, Sequence[str]]]

    def of(self, visit: Visit) -> tuple[K, ...]:
        """The things of this kind in `visit`."""
        kept: tuple[K, ...] = getattr(visit, self.field)
        return kept

    def keep_only(self, visit: Visit, kept: Sequence[K]) -> Visit:
        """`visit` with nothing of this kind but `kept`."""
        changes: dict[str, Any] = {self.field: tuple(kept)}
        return _without_lost_comparison(replace(visit, **changes))


def _read_cohort(name: str, text: str, columns: Columns, definition: Definition) -> tuple[Cohort | None, Sequence[str]]:
    chosen, problems = links.read_cohort(text, columns, definition)
    # Without its filters it would be the whole portfolio under a misleading name.
    return (Cohort(name, chosen) if chosen or not problems else None), problems


def _read_scenario(name: str, text: str, _: Columns, definition: Definition) -> tuple[Scenario | None, Sequence[str]]:
    try:
        return Scenario(name, drafts.read_draft(text, definition)), ()
    except ScoreroomError as error:
        return None, (f"{name}: {error}",)


COHORTS: Shelf[Cohort] = Shelf("cohorts", "c.", "cohorts", lambda kept: links.word_cohort(kept.filters), _read_cohort)
SCENARIOS: Shelf[Scenario] = Shelf(
    "scenarios", "s.", "scenarios", lambda kept: drafts.word_draft(kept.draft), _read_scenario
)
_SHELVES: tuple[Shelf[Any], ...] = (COHORTS, SCENARIOS)


def _without_lost_comparison(visit: Visit) -> Visit:
    return visit if _can_compare(visit) else visit.with_values({AGAINST: AGAINST.default})


def _can_compare(visit: Visit) -> bool:
    name = visit.value(AGAINST)
    # Which models there are is known later (`dashboard.components.model_menu`).
    fixed = name in (AGAINST.default, REST, WHOLE) or name.startswith((*PARTS, AGAINST_MODEL))
    return fixed or any(cohort.name == name for cohort in visit.cohorts)


def parts_of(columns: Columns) -> dict[str, tuple[str, str]]:
    """The parts of the table that a cohort can be compared with: the key in a link to the column and its level."""
    return {
        prefix + level: (name, level)
        for prefix, name in PARTS.items()
        if name in columns and len(columns[name].levels) > 1
        for level in columns[name].levels
    }


def portfolio_slug(definition: Definition) -> str:
    """What a link calls the portfolio: the letters and digits of its name, or of its digest where it has none."""
    words = re.findall(r"[a-z0-9]+", definition.name.lower())
    return "-".join(words)[:_LONGEST_SLUG].strip("-") or definition.digest[:8]


def named_portfolio(address: Address) -> str:
    """What an address calls its portfolio; empty where it names none."""
    return (address.get(PORTFOLIO) or [""])[-1]


def of_portfolio(address: Address, own: str) -> tuple[Address, str]:
    """The `address` without its portfolio, and a sentence where that is not `own`; nothing is left of it then.

    Addresses that name none, as those of earlier versions do, are taken for this portfolio's.
    """
    named = named_portfolio(address)
    rest = {name: texts for name, texts in address.items() if name != PORTFOLIO}
    if named in ("", own):
        return rest, ""
    return {}, f"This link was made on the portfolio “{named[:_LONGEST_SLUG]}”; on “{own}”, nothing of it was applied."


def of_table(address: Address, file: str) -> tuple[Address, str]:
    """The `address`, and a sentence where it is about a dropped file other than `file`; nothing is left of it then.

    An empty `file` stands for the portfolio, and so does an address without one.
    """
    if (address.get(FILE.name) or [""])[-1] == file:
        return address, ""
    return {}, (
        "This link shows a file that was dropped in another visit, and files stay where they were dropped: drop it on "
        "the page Score a file to see it here."
    )


def word_visit(visit: Visit) -> dict[str, list[str]]:
    """The address of `visit`: texts by the name of their parameter."""
    held = dict(visit.values)
    worded: dict[str, list[str]] = {}
    for name, parameter in parameters.DECLARED.items():
        if name in held or parameter.always_written:
            worded[name] = [parameter.word(held.get(name, parameter.default))]
    for name, value in links.word_filters(visit.filters):
        worded.setdefault(name, []).append(value)
    for shelf in _SHELVES:
        worded |= {shelf.prefix + kept.name: [shelf.word(kept)] for kept in shelf.of(visit) if _is_in_link(kept, visit)}
    return worded


def _is_in_link(kept: Named, visit: Visit) -> bool:
    """Whether an address needs `kept` itself: who follows it does not have what is saved for somebody else."""
    is_saved = isinstance(kept, Cohort) and kept.is_saved
    return not is_saved or kept.name == visit.value(AGAINST)


def read_visit(
    address: Address, columns: Columns, definition: Definition, known: Visit
) -> tuple[Visit, tuple[str, ...]]:
    """The visit that `address` says, with what `known` keeps by name, and a sentence for each part left out.

    A cohort of the address that bears the name of a saved one, but has other filters, becomes a copy with a name of its
    own: a link never overwrites what is saved.
    """
    pairs = [(name, value) for name, values in address.items() for value in values if name.startswith(FILTER_PREFIX)]
    chosen, problems = links.read_filters(pairs, columns, definition)
    visit = replace(known, filters=chosen, values=())
    sentences = list(problems)
    values: dict[str, Any] = {}
    for name, texts in address.items():
        if not name.startswith((FILTER_PREFIX, *(shelf.prefix for shelf in _SHELVES))):
            try:
                values |= _read_value(name, texts[-1], definition)
            except ScoreroomError as error:
                sentences.append(str(error))
            except KeyError:
                sentences.append(f"{name[:40]} (not a known setting).")
            except ValueError:
                sentences.append(_invalid(parameters.DECLARED[name], texts[-1]))
    for shelf in _SHELVES:
        named, left_out = _read_shelf(shelf, address, columns, definition)
        if shelf is COHORTS:
            named, renamed = _beside_saved(named, COHORTS.of(visit))
            if values.get(AGAINST.name) in renamed:
                values[AGAINST.name] = renamed[values[AGAINST.name]]
        visit = shelf.keep_only(visit, links.combine_named([*shelf.of(visit), *named]))
        sentences += left_out
    visit = replace(visit, values=tuple(sorted(values.items())))
    against = visit.value(AGAINST)
    if not _can_compare(visit) or (against.startswith(tuple(PARTS)) and against not in parts_of(columns)):
        sentences.append(f"No cohort to compare with is called {against.lstrip('~')[:40]}.")
        visit = visit.with_values({AGAINST: AGAINST.default})
    return visit, tuple(sentences)


def _invalid(parameter: parameters.Parameter[Any], text: str) -> str:
    unit = " %" if parameter is CUTOFF else ""
    used = parameter.word(parameter.default) + unit if parameter.default else "its default"
    return f"{parameter.name} '{text[:40]}' is not valid; {used} is used."


def _beside_saved(named: Sequence[Any], known: Sequence[Cohort]) -> tuple[tuple[Cohort, ...], dict[str, str]]:
    """Cohorts of a link without those that are saved already, under names that no saved one has; and the new names."""
    saved = {cohort.name: cohort for cohort in known if cohort.is_saved}
    added: list[Cohort] = []
    renamed: dict[str, str] = {}
    for cohort in named:
        if cohort.name not in saved:
            added.append(cohort)
        elif cohort.filters != saved[cohort.name].filters:
            same = next((other.name for other in known if other.filters == cohort.filters), None)
            renamed[cohort.name] = same or links.free_name(cohort.name, {*saved, *(other.name for other in named)})
            added += [] if same else [replace(cohort, name=renamed[cohort.name])]
    return tuple(added), renamed


def _read_value(name: str, text: str, definition: Definition) -> dict[str, Any]:
    parameter = parameters.DECLARED[name]
    value = parameter.read(text, definition)
    return {} if value == parameter.default else {name: value}


def _read_shelf(
    shelf: Shelf[Any], address: Address, columns: Columns, definition: Definition
) -> tuple[Sequence[Named], Sequence[str]]:
    """The things of one kind that `address` names, at most 50, and a sentence for each part left out."""
    named: list[Named] = []
    sentences: list[str] = []
    for name, texts in address.items():
        title = links.clean_name(name.removeprefix(shelf.prefix))
        if name.startswith(shelf.prefix) and title:
            kept_as, problems = shelf.read(title, texts[-1], columns, definition)
            named += [] if kept_as is None else [kept_as]
            sentences += problems
    kept = links.combine_named(named)
    if len({each.name for each in named}) > len(kept):
        sentences.append(f"Of the link's {shelf.plural} only the last {links.MOST_NAMED} are kept.")
    return kept, sentences
