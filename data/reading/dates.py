"""How files write dates and periods: the forms that are read, wherever a table is judged or guessed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a day, or a period that stands for its first one.

    `pattern` is what a whole cell looks like and `parts` what of it is kept, with the groups of `pattern`; that is read
    by `code`, in the letters of `strptime`. `is_number` marks forms that a number may have without being a date. Of a
    form and its `rival`, nothing but a day above 12 tells which is meant. `is_period` says that it names no day.
    """

    written: str
    pattern: str
    code: str
    parts: str = "${0}"
    is_number: bool = False
    rival: str = ""
    is_period: bool = False

    def read(self, texts: pl.Series) -> pl.Series:
        """The dates that `texts` say in this form, null where they say none."""
        kept = texts.set(~texts.str.contains(self.pattern), None)
        if self.written == QUARTER:
            kept = kept.str.replace(r"^Q([1-4])[ /-]?(\d{4})$", "${2}-Q${1}")
            for quarter, month in enumerate(("01", "04", "07", "10"), 1):
                kept = kept.str.replace(f"[ -]?Q{quarter}$", f"-{month}-01")
        elif self.parts != "${0}":
            kept = kept.str.replace(self.pattern, self.parts)
        if "%b" in self.code:
            kept = kept.str.replace_many(_MONTHS)
        return kept.str.to_date(self.code, strict=False)


QUARTER = "2024-Q3"
MONTH_FIRST, DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"
_DASHED_MONTH, _DASHED_DAY = "%m-%d-%Y", "%d-%m-%Y"
_TIME = r"(?:,? \d{1,2}:.*)?$"
_SLASHED, _DASHED = rf"^(\d{{1,2}}/\d{{1,2}}/\d{{4}}){_TIME}", rf"^(\d{{1,2}}-\d{{1,2}}-\d{{4}}){_TIME}"
_MONTH = r"((?:19|20)\d\d)(0[1-9]|1[0-2])"
_NAME = r"(\pL{3})\pL{0,6}\.?"
# German names of months, which differ from the English ones in their first letters.
_GERMAN = {"Mär": "Mar", "Mrz": "Mar", "Mai": "May", "Okt": "Oct", "Dez": "Dec"}
_MONTHS = {**_GERMAN, **{name.upper(): other for name, other in _GERMAN.items()}}
# In order of preference; day and month first look alike until a day above 12 tells them apart.
_ALL = (
    Form("%Y-%m-%d", r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"),
    Form("%Y-%m-%d %H:%M", r"^(\d{4}-\d{1,2}-\d{1,2})(?:[T ]\d{1,2}:.*)?$", "%Y-%m-%d", "${1}"),
    Form("%d.%m.%Y", rf"^(\d{{1,2}}\.\d{{1,2}}\.\d{{4}}){_TIME}", "%d.%m.%Y", "${1}"),
    Form("%d.%m.%y", rf"^(\d\d\.\d\d\.\d\d){_TIME}", "%d.%m.%y", "${1}"),
    Form(MONTH_FIRST, _SLASHED, MONTH_FIRST, "${1}", rival=DAY_FIRST),
    Form(DAY_FIRST, _SLASHED, DAY_FIRST, "${1}", rival=MONTH_FIRST),
    Form(_DASHED_MONTH, _DASHED, _DASHED_MONTH, "${1}", rival=_DASHED_DAY),
    Form(_DASHED_DAY, _DASHED, _DASHED_DAY, "${1}", rival=_DASHED_MONTH),
    Form("%Y/%m/%d", rf"^(\d{{4}}/\d{{1,2}}/\d{{1,2}}){_TIME}", "%Y/%m/%d", "${1}"),
    Form("%d-%b-%Y", rf"^(\d{{1,2}})[ -]{_NAME}[ -](\d{{4}})$", "%d-%b-%Y", "${1}-${2}-${3}"),
    Form("%d-%b-%y", rf"^(\d{{1,2}})[ -]{_NAME}[ -](\d{{2}})$", "%d-%b-%y", "${1}-${2}-${3}"),
    # As SAS writes days and moments.
    Form("%d%b%Y", r"^(\d{1,2})(\pL{3})(\d{4})(?::.*)?$", "%d-%b-%Y", "${1}-${2}-${3}"),
    Form("%d%b%y", r"^(\d{1,2})(\pL{3})(\d{2})(?::.*)?$", "%d-%b-%y", "${1}-${2}-${3}"),
    Form("%b-%Y", rf"^{_NAME}[ /-]?(\d{{4}})$", "%d-%b-%Y", "01-${1}-${2}", is_period=True),
    Form("%Y-%m", r"^(\d{4})[-/](\d{2})$", "%Y-%m-%d", "${1}-${2}-01", is_period=True),
    Form("%m/%Y", r"^(\d{1,2})/(\d{4})$", "%Y-%m-%d", "${2}-${1}-01", is_period=True),
    Form("%Y%m", rf"^{_MONTH}$", "%Y-%m-%d", "${1}-${2}-01", is_number=True, is_period=True),
    Form("%Y%m%d", rf"^{_MONTH}(0[1-9]|[12]\d|3[01])$", "%Y%m%d", is_number=True),
    Form(QUARTER, r"^(\d{4}[ -]?Q[1-4]|Q[1-4][ /-]?\d{4})$", "%Y-%m-%d", is_period=True),
)
FORMS: Mapping[str, Form] = MappingProxyType({form.written: form for form in _ALL})
