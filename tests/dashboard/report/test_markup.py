"""Text and rows of a paper, written as HTML."""

from __future__ import annotations

from dashboard.report.markup import escaped, row


def test_text_stays_text_and_what_would_turn_the_line_is_replaced() -> None:
    assert escaped('<b a="1">&\u202e') == "&lt;b a=&quot;1&quot;&gt;&amp;\ufffd"


def test_a_row_begins_with_its_header() -> None:
    assert row("<a>", ["1", "2 & 3"]) == '<tr><th scope="row">&lt;a&gt;</th><td>1</td><td>2 &amp; 3</td></tr>'
