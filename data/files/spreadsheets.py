"""Tables as CSV that a spreadsheet shows and does not run: the one place where CSV is written.

Whatever a spreadsheet could take for the beginning of a formula gets an apostrophe in front, as OWASP recommends
(https://owasp.org/www-community/attacks/CSV_Injection): `=`, `+`, `-` and `@`, also of full or small width, behind
blanks, quotes or letters of no width, and behind a semicolon, tab or line break inside a text, where a spreadsheet
set to another language begins a new cell. A text that is a number as a whole stays, whatever sign it has.
"""

from __future__ import annotations

import io
import re

import polars as pl

_SIGNS = "=＝﹦⁼₌+＋﹢⁺₊\\-－﹣@＠﹫"
# What is passed over on the way to the sign: quotes, and whatever has no width or cannot be seen.
_UNSEEN = (
    r" \x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u1680\u2000-\u200a\u202f\u205f\u3000\xad"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\"“”`´"
)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_FORMULA = re.compile(
    rf"(?:\A(?!{_NUMBER}\Z)|(?<=[;\t\r\n])(?!{_NUMBER}(?:[;\t\r\n]|\Z)))([{_UNSEEN}]*[{_SIGNS}]|(?<!.)[\t\r\n\x00])",
    re.DOTALL,
)
# Few texts have any of these, and few columns have such a text: found in one pass, without Python.
_SUSPECT = f"[{_SIGNS}]|^[\\t\\r\\n\\x00]"


def csv_of(frame: pl.DataFrame, *, with_header: bool = True) -> bytes:
    """`frame` as CSV in UTF-8 with commas; numbers and dates as they are, texts and headers made inert."""
    kinds = pl.selectors.string() | pl.selectors.by_dtype(pl.Enum) | pl.selectors.categorical()
    safe = frame.with_columns(_inert_texts(frame[name].cast(pl.String)) for name in frame.select(kinds).columns)
    out = io.BytesIO()
    if with_header:
        # As a row, because two names may be the same once they are inert.
        pl.DataFrame([pl.Series(str(at), [inert(name)]) for at, name in enumerate(frame.columns)]).write_csv(
            out, include_header=False
        )
    safe.write_csv(out, include_header=False)
    return out.getvalue()


def inert(text: str) -> str:
    """`text` with an apostrophe before whatever a spreadsheet could take for the beginning of a formula."""
    return _FORMULA.sub(r"'\1", text)


def _inert_texts(texts: pl.Series) -> pl.Series:
    suspects = texts.filter(texts.str.contains(_SUSPECT)).unique()
    return texts.replace(suspects, [inert(text) for text in suspects])
