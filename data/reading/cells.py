"""What the cells of a column of text say: numbers in the usual spellings, dates, gaps in any word, or text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from data.reading.dates import FORMS, Form
from data.reading.gaps import GAPS
from data.reading.said import DAY_ORDERS, NOTHING, Said, listed

POINT, COMMA = ".", ","
_CODES = "USD|EUR|GBP|CHF|JPY|CNY|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|INR|BRL|MXN|ZAR|RUB|UAH|SGD|HKD|KRW"
_CURRENCY = rf"(?:US\$|R\$|A\$|C\$|[$€£¥₹₽₩₺₴₪฿₫₦₱]|{_CODES}|zł|Kč|Ft|kr\.?|Fr\.|Rs\.?)"
_EXPONENT = r"(?:[eE][+-]?\d+)?$"
# Groups of thousands begin with no 0 and have no exponent: 0,123 and 1,105E-01 are decimals.
_STYLES = {
    # Indian groups of thousands, as in 12,34,567, are those of two digits.
    POINT: r"^[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3}"
    rf"|[1-9]\d{{0,2}}(?: \d{{3}})+|[1-9]\d{{0,2}}(?:'\d{{3}})+)(?:\.\d*)?$|^[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}",
    COMMA: r"^[+-]?(?:[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?: \d{3})+|[1-9]\d{0,2}(?:'\d{3})+)"
    rf"(?:,\d*)?$|^[+-]?(?:\d+,?\d*|,\d+){_EXPONENT}",
}
# Beyond signs, digits, both marks and an exponent, or with a sign at its end.
_DECORATED = r"[^0-9.,eE+-]|-$"
_PADDED = r"^[+-]?0\d+$"
_MOST_DIGITS = 18
_FEW = 20
_DAYS = tuple(form for form in FORMS.values() if not form.is_number)


@dataclass(frozen=True)
class Format:
    """How a column writes what it holds: `kind` is "text", "code" (digits that are no number), "number" or "date".

    `date` is the form of `FORMS`; `gaps` are the words that stood for nothing, with how often they did.
    """

    kind: str = "text"
    decimal: str = POINT
    is_plain: bool = True
    is_whole: bool = False
    grouped: str = ""
    is_percent: bool = False
    currency: str = ""
    date: str = ""
    gaps: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Asked:
    """A column that can be read in two ways and stays text until it is said which: the `answers` of a `--read` key."""

    column: str
    sentence: str
    key: str
    answers: tuple[str, ...]


class Survey:
    """What fits every cell of a column so far; blocks are looked at in turn."""

    def __init__(self, said: Said = NOTHING) -> None:
        self._words = (*GAPS, *(word.lower() for word in listed(said.get("missing", ""))))
        self._extra = frozenset(self._words[len(GAPS) :])
        self.gaps: Counter[str] = Counter()
        self.fits = {POINT: True, COMMA: True}
        self.is_plain, self.n_given = True, 0
        self.has = dict.fromkeys((POINT, COMMA, " ", "'", "e"), False)
        self.is_padded = self.is_long = self.has_long_bare = False
        self.n_bare = self.n_marked = self.n_percent = 0
        self.currencies: set[str] = set()
        self.dates: tuple[Form, ...] = _DAYS

    @property
    def is_number(self) -> bool:
        """Whether every cell is a number in one of the two styles."""
        all_percent = self.n_percent in (0, self.n_given)
        return bool(self.n_given) and any(self.fits.values()) and all_percent and len(self.currencies) < 2

    @property
    def is_open(self) -> bool:
        """Whether nothing but the size of a group tells the decimal mark from that of thousands."""
        return self.is_number and all(self.fits.values()) and (self.has[POINT] or self.has[COMMA])

    def look(self, values: pl.Series) -> None:
        """Take the next cells, String, into account."""
        if not (any(self.fits.values()) or self.dates):
            return
        bare = values.str.strip_chars()
        numbers = bare.cast(pl.Float64, strict=False)
        odd = bare.filter((numbers.is_null() | numbers.is_nan()) & bare.is_not_null())
        is_plain = not len(odd)
        if not is_plain:
            counts = odd.alias("word").value_counts(name="n")
            is_gap = counts["word"].str.to_lowercase().is_in(["", *self._words])
            self.gaps.update(dict(counts.filter(is_gap & (counts["word"] != "")).rows()))
            others = counts.filter(~is_gap)["word"]
            is_plain = others.is_empty()
            if not is_plain and not self._may_fit(others):
                self.fits, self.dates = {POINT: False, COMMA: False}, ()
                return
        given = bare.filter(~self._are_gaps(bare)) if bare.null_count() or len(odd) or self._extra else bare
        if given.is_empty():
            return
        self.n_given += len(given)
        if is_plain:
            # No form of dates that is looked for here is that of a number.
            self.dates = ()
        self._look_for_dates(given)
        self._look_for_numbers(given, is_plain=is_plain)

    def _are_gaps(self, bare: pl.Series) -> pl.Series:
        return bare.str.to_lowercase().is_in(["", *self._words]).fill_null(value=True)

    def _may_fit(self, others: pl.Series) -> bool:
        """Whether a few of the cells that are no plain number are a number or a date at all: most texts are neither."""
        few = others.head(_FEW)
        core, _, _ = _cores(few)
        as_number = any(fits and core.str.contains(_STYLES[style]).all() for style, fits in self.fits.items())
        return as_number or any(not form.read(few).null_count() for form in self.dates)

    def _look_for_dates(self, given: pl.Series) -> None:
        if self.dates:
            distinct = given.unique() if len(given) > _FEW else given
            few = distinct.head(_FEW)
            likely = [form for form in self.dates if not form.read(few).null_count()]
            self.dates = tuple(form for form in likely if not form.read(distinct).null_count())

    def _look_for_numbers(self, given: pl.Series, *, is_plain: bool) -> None:
        if not any(self.fits.values()):
            return
        core = given
        if not is_plain:
            self.is_plain = False
            core, percents, currencies = _cores(given)
            self.n_percent += int(percents.sum())
            self.currencies |= set(currencies.drop_nulls().unique())
        for style, pattern in _STYLES.items():
            if self.fits[style] and not (is_plain and style == POINT):
                self.fits[style] = bool(core.str.contains(pattern).all())
        for mark in (POINT, COMMA, " ", "'"):
            self.has[mark] = self.has[mark] or bool(core.str.contains(mark, literal=True).any())
        # "inf" is a number too, and none of the whole ones.
        self.has["e"] = self.has["e"] or bool(core.str.contains("[A-Za-z]").any())
        if all(self.fits.values()):
            marked = core.str.contains("[.,]")
            self.n_marked += int(marked.sum())
            self.n_bare += int((~marked).sum())
            self.has_long_bare |= bool(core.filter(~marked).str.contains(r"^[+-]?\d{4,}").any())
        if not (self.has[POINT] and self.has[COMMA]) and is_plain:
            self.is_padded |= bool(core.str.contains(_PADDED).any())
        if not self.is_long and int(str(core.str.len_bytes().max())) > _MOST_DIGITS:
            self.is_long = bool(core.cast(pl.Int64, strict=False).null_count())

    def format(self, decimal: str, *, is_text: bool = False) -> Format:
        """How the column is written if `decimal` is its decimal mark, where both fit; `is_text` leaves it as it is."""
        if is_text or not self.n_given:
            return Format()
        if self.is_number:
            style = decimal if self.fits[decimal] else COMMA if decimal == POINT else POINT
            is_whole = not self.has[style] and not self.has["e"] and not self.n_percent
            groups = [mark for mark in (COMMA if style == POINT else POINT, " ", "'") if self.has[mark]]
            kind = "code" if is_whole and self.is_plain and (self.is_padded or self.is_long) else "number"
            plain = self.is_plain and not (style == COMMA and self.has[POINT])
            return Format(
                kind,
                POINT if is_whole and not groups else style,
                plain,
                is_whole,
                groups[0] if groups else "",
                bool(self.n_percent),
                next(iter(self.currencies), ""),
                gaps=self.words,
            )
        if len(self.dates) == 1:
            return Format("date", date=self.dates[0].written, gaps=self.words)
        return Format()

    @property
    def words(self) -> Mapping[str, int]:
        """The words for gaps, the most frequent first."""
        return dict(sorted(self.gaps.items(), key=lambda each: (-each[1], each[0])))


def _cores(given: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Numbers without what decorates them, which of them are percentages, and each one's currency."""
    if not given.str.contains(_DECORATED).any():
        nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(given))
        return given, nothing.is_not_null(), nothing
    text = given.str.replace_all("[\u00a0\u2007\u2009\u202f]", " ").str.replace_all("[’`´]", "'")
    text = text.str.replace_all("[−–]", "-").str.replace(r"^\((.+)\)$", "-${1}")
    percents = text.str.ends_with("%")
    text = text.str.strip_suffix("%").str.strip_chars()
    currencies = text.str.extract(rf"({_CURRENCY})")
    text = text.str.replace(rf"^([+-]?)\s*{_CURRENCY}\s*", "${1}").str.replace(rf"\s*{_CURRENCY}$", "")
    return text.str.replace(r"^([^-+].*\d)-$", "-${1}").str.strip_chars(), percents, currencies


def resolve(
    surveys: Mapping[str, Survey], separator: str = "", said: Said = NOTHING
) -> tuple[dict[str, Format], list[Asked]]:
    """The format of each column, and what nothing in the file decides: such a column stays text."""
    told = said.get("decimal", "")
    sure = {
        POINT if survey.fits[POINT] else COMMA
        for survey in surveys.values()
        if survey.is_number and not survey.is_open and (survey.has[POINT] or survey.has[COMMA])
    }
    formats: dict[str, Format] = {}
    asked: list[Asked] = []
    for name, survey in surveys.items():
        decimal = told or (next(iter(sure)) if len(sure) == 1 else POINT)
        is_asked = False
        if survey.is_open and not told:
            found = _decimal_of(survey, separator, sure)
            is_asked, decimal = not found, found or decimal
        if is_asked:
            asked.append(_asked_number(name))
        dates = _order(survey, said)
        if len(dates) > 1 and not survey.is_number:
            asked.append(_asked_date(name))
        formats[name] = survey.format(decimal, is_text=is_asked)
        if survey.n_given and any(survey.fits.values()) and not survey.is_number:
            asked.append(_asked_mixed(name, survey))
    return formats, asked


def _order(survey: Survey, said: Said) -> tuple[Form, ...]:
    """The form of the dates; two where only their order differs and it is not said."""
    told = DAY_ORDERS.get(said.get("dates", ""), said.get("dates", ""))
    fitting = [form for form in survey.dates if told in (form.written, form.written.replace("-", "/"))]
    first = (fitting or [*survey.dates])[:1]
    rivals = [] if fitting else [form for form in survey.dates if first and form.written == first[0].rival]
    survey.dates = (*first, *rivals)
    return survey.dates


def _decimal_of(survey: Survey, separator: str, sure: set[str]) -> str:
    """The decimal mark of a column in which each mark has three digits behind it; empty if nothing tells."""
    own = POINT if survey.has[POINT] else COMMA
    if survey.has[POINT] and survey.has[COMMA]:
        return next(iter(sure)) if len(sure) == 1 else ""
    # Beside 12500 a 1.234 has no thousands to group.
    if survey.has_long_bare:
        return own
    other = COMMA if own == POINT else POINT
    # Decimals of which none ends in 0, beside whole numbers that are all below 1,000, are thousands.
    looks_grouped = survey.n_bare >= 3 and survey.n_marked >= _FEW
    if own == COMMA:
        return other if looks_grouped or sure == {POINT} else COMMA if sure == {COMMA} else ""
    if sure == {COMMA}:
        return COMMA
    # Where commas separate the fields they are no decimal marks; elsewhere a point may group thousands.
    return POINT if separator == COMMA and not looks_grouped else ""


def _asked_number(name: str) -> Asked:
    sentence = f"{name}: a mark with three digits behind it could be the decimal mark or that of thousands"
    return Asked(name, sentence, "decimal", (COMMA, POINT))


def _asked_date(name: str) -> Asked:
    return Asked(name, f"{name}: day or month could come first", "dates", tuple(DAY_ORDERS))


def _asked_mixed(name: str, survey: Survey) -> Asked:
    what = "several currencies" if len(survey.currencies) > 1 else "percentages and other numbers"
    return Asked(name, f"{name}: holds {what}", "", ())


def convert(values: pl.Series, found: Format, words: Iterable[str] = ()) -> pl.Series:
    """The cells as what `found` says they are: text without blanks around it, Int64, Float64 or Date; null in gaps."""
    bare = values.str.strip_chars()
    if found.kind == "text":
        return bare.set(bare == "", None)
    if found.kind == "date":
        return FORMS[found.date].read(bare)
    words = [*words]
    if words or found.kind == "code" or not found.is_plain:
        is_gap = bare.str.to_lowercase().is_in(["", *GAPS, *(word.lower() for word in words)])
        bare = bare.set(is_gap.fill_null(value=True), None)
    if found.kind == "code":
        return bare
    core = bare if found.is_plain else plain_numbers(bare, found)
    if found.is_whole:
        return core.cast(pl.Int64, strict=False)
    numbers = core.cast(pl.Float64, strict=False)
    return numbers.set(numbers.is_nan(), None) if found.gaps else numbers


def read_cells(values: pl.Series) -> tuple[pl.Series, Mapping[str, int]]:
    """One column of text as what it says, and the words for gaps; of another type, as it is."""
    if values.dtype != pl.String:
        return values, {}
    survey = Survey()
    survey.look(values)
    # What a file holds beside our columns is handed on as a comma-separated table would write it.
    formats, _ = resolve({values.name: survey}, COMMA)
    return convert(values, formats[values.name]), formats[values.name].gaps


def as_text(values: pl.Series, found: Format) -> pl.Series:
    """The cells as text without blanks around it, a number of any spelling as one with a point; gaps as they are."""
    bare = values.str.strip_chars()
    bare = bare.set(bare == "", None)
    if found.kind != "number" or found.is_plain:
        return bare
    numbers = plain_numbers(bare, found)
    if found.is_percent:
        numbers = numbers.cast(pl.Float64, strict=False).cast(pl.String)
    is_gap = bare.str.to_lowercase().is_in(GAPS).fill_null(value=True)
    return bare.zip_with(is_gap, numbers)


def plain_numbers(bare: pl.Series, found: Format) -> pl.Series:
    """Numbers of `found` as text with a point and nothing else; a percentage as the share that it is."""
    core, _, _ = _cores(bare)
    if found.grouped:
        core = core.str.replace_all(
            r"[., ']" if found.is_whole else r"[, ']" if found.decimal == POINT else r"[. ']", ""
        )
    if found.decimal == COMMA:
        core = core.str.replace(",", ".", literal=True)
    # Read as one decimal, 6.92e-2 is the number 0.0692, and 6.92 / 100 the one beside it.
    return core + "e-2" if found.is_percent else core
