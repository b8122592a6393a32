"""The page's places: each section's tables go between its own marks and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.benchmarks.report import BEGIN, END, MISSED, SECTIONS, ReportError, fill, insert, render

FIRST, LAST = BEGIN.format("api"), END.format("api")


@pytest.mark.parametrize("section", [*SECTIONS, MISSED])
def test_tables_replace_what_stands_between_the_marks(section: str) -> None:
    begin, end = BEGIN.format(section), END.format(section)
    assert insert(f"before\n{begin}\nold\n{end}\nafter", "new", section) == f"before\n{begin}\n\nnew\n\n{end}\nafter"


@pytest.mark.parametrize(
    "page", ["none", FIRST, f"{LAST} {FIRST}", f"{FIRST} {FIRST} {LAST}", f"{FIRST} {LAST} {LAST}"]
)
def test_a_page_without_its_marks_is_left_alone(page: str) -> None:
    with pytest.raises(ReportError, match="once each"):
        insert(page, "new", "api")


def test_the_marks_of_one_section_are_none_of_another_one() -> None:
    with pytest.raises(ReportError, match="<!-- data: begin -->"):
        insert(f"{FIRST} {LAST}", "new", "data")


def test_every_section_that_was_measured_is_rendered(figures: dict[str, Any]) -> None:
    assert list(render(figures)) == [*SECTIONS, MISSED]
    # Of figures without any section, the claims say that nothing was measured.
    assert list(render({"machine": figures["machine"]})) == ["claims", MISSED]


def test_places_of_sections_that_were_not_measured_stand_as_they_are(figures: dict[str, Any]) -> None:
    page = "\n".join(
        f"{BEGIN.format(section)}\nold {section}\n{END.format(section)}" for section in [*SECTIONS, MISSED]
    )
    del figures["api"], figures["interactions"]
    filled = fill(page, figures)
    assert [section for section in SECTIONS if f"old {section}" in filled] == ["api", "dashboard"]
    for section, tables in render(figures).items():
        assert f"{BEGIN.format(section)}\n\n{tables}\n\n{END.format(section)}" in filled
