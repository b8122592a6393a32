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
    by `code`, in the letters of `strptime`. `is_number` marks forms that a number may have without being a date.
    """

    written: str
    pattern: str
    code: str
    parts: str = "${0}"
    is_number: bool = False

    def read(self, texts: pl.Series) -> pl.Series:
        """The dates that `texts` say in this form, null where they say none."""
        kept = texts.set(~texts.str.contains(self.pattern), None)
        if self.written == QUARTER:
            for quarter, month in enumerate(("01", "04", "07", "10"), 1):
                kept = kept.str.replace(f"-?Q{quarter}$", f"-{month}-01")
        elif self.parts != "${0}":
            kept = kept.str.replace(self.pattern, self.parts)
        return kept.str.to_date(self.code, strict=False)


QUARTER = "2024-Q3"
MONTH_FIRST, DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"
_SLASHED = r"^\d{1,2}/\d{1,2}/\d{4}$"
_MONTH = r"((?:19|20)\d\d)(0[1-9]|1[0-2])"
# In order of preference; day and month first look alike until a day above 12 tells them apart.
_ALL = (
    Form("%Y-%m-%d", r"^\d{4}-\d{1,2}-\d{1,2}$", "%Y-%m-%d"),
    Form("%Y-%m-%d %H:%M", r"^(\d{4}-\d{1,2}-\d{1,2})(?:[T ]\d{1,2}:.*)?$", "%Y-%m-%d", "${1}"),
    Form("%d.%m.%Y", r"^\d{1,2}\.\d{1,2}\.\d{4}$", "%d.%m.%Y"),
    Form(MONTH_FIRST, _SLASHED, MONTH_FIRST),
    Form(DAY_FIRST, _SLASHED, DAY_FIRST),
    Form("%Y/%m/%d", r"^\d{4}/\d{1,2}/\d{1,2}$", "%Y/%m/%d"),
    Form("%d-%b-%Y", r"^\d{1,2}-[A-Za-z]{3}-\d{4}$", "%d-%b-%Y"),
    Form("%d-%b-%y", r"^\d{1,2}-[A-Za-z]{3}-\d{2}$", "%d-%b-%y"),
    Form("%b-%Y", r"^([A-Za-z]{3})-(\d{4})$", "%d-%b-%Y", "01-${1}-${2}"),
    Form("%Y-%m", r"^(\d{4}-\d{2})$", "%Y-%m-%d", "${1}-01"),
    Form("%Y%m", rf"^{_MONTH}$", "%Y-%m-%d", "${1}-${2}-01", is_number=True),
    Form("%Y%m%d", rf"^{_MONTH}(0[1-9]|[12]\d|3[01])$", "%Y%m%d", is_number=True),
    Form(QUARTER, r"^\d{4}-?Q[1-4]$", "%Y-%m-%d"),
)
FORMS: Mapping[str, Form] = MappingProxyType({form.written: form for form in _ALL})
