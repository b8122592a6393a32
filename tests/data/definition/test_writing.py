"""Definitions written as TOML: the same definition when it is read again, in lines that a person can edit."""

from __future__ import annotations

import tomllib
from pathlib import Path

from data.definition.reading import parse_definition
from data.definition.writing import definition_text, said_text

AWKWARD = r"""
name = "A \"small\" test"
left_out = ["a.b", "c d", "'\"", "naïve"]
[outcome]
column = "sta.tus"
bad = ["it's \"late\"", " 1 ", "tab\t", "line\n"]
good = ["a\\b"]
[columns."sta.tus"]
[columns."größe in m²"]
whole = true
minimum = 0
maximum = 9
nullable = true
special = { "-7" = "not asked", "99" = { meaning = "lost", model = "indicator" } }
[columns.grade]
levels = ["a", "b"]
level_labels = { "b" = "Better" }
cohort = true
[[rules]]
text = "Odd."
when = 'grade == "b" and column("größe in m²") > 3'
"""


def test_names_and_texts_with_any_marks_are_read_as_they_were() -> None:
    definition = parse_definition(AWKWARD, Path("portfolio.toml"))
    written = definition_text(definition)
    assert parse_definition(written, Path("portfolio.toml")) == definition
    assert definition_text(parse_definition(written, Path("portfolio.toml"))) == written


def test_a_bound_of_zero_is_written_and_what_has_its_default_is_not() -> None:
    definition = parse_definition('name = "x"\n[columns.a]\nminimum = 0\n', Path("portfolio.toml"))
    assert tomllib.loads(definition_text(definition))["columns"]["a"] == {
        "label": "a",
        "group": "Other",
        "kind": "numeric",
        "minimum": 0,
    }


def test_comments_stand_above_what_they_are_about_and_no_line_is_long() -> None:
    said = {"name": "x", "columns": {"a": {"levels": [f"level {n}" for n in range(40)]}}}
    text = said_text(said, {"columns.a": "why " * 50, "name": "two\nlines", "columns.a.levels": "many"})
    lines = text.splitlines()
    assert lines[:3] == ["# two", "# lines", 'name = "x"']
    assert lines[lines.index("[columns.a]") - 1].startswith("# why why")
    assert lines[lines.index("levels = [") - 1] == "# many"
    assert max(map(len, lines)) <= 120
    assert tomllib.loads(text) == said
