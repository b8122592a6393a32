from __future__ import annotations

from pathlib import Path

from data.definition.errors import Place, nearest, number_words, shown


def test_a_place_says_the_way_down_and_counts_from_1() -> None:
    place = Place(Path("portfolio.toml"))
    assert str(place.error("has no name", "write one")) == "portfolio.toml: the definition has no name; write one."
    below = place / "rules" / 2 / "when\x1b"
    assert str(below.error("is odd", "mend it")) == "portfolio.toml: rules.number 2.when\ufffd is odd; mend it."


def test_a_strangers_text_is_one_printable_line_of_bounded_length() -> None:
    assert shown("a\nb\x00\u202e") == "a\ufffdb\ufffd\ufffd"
    assert shown("x" * 60) == "x" * 60
    assert shown("x" * 61) == "x" * 59 + "\u2026"


def test_the_most_similar_name_comes_first_and_the_rest_are_counted() -> None:
    names = ["age", "income", "rooms", *(f"c{n}" for n in range(7))]
    assert nearest("incme", names) == "income, age, rooms, c0, c1, c2, c3, c4 and 2 more"
    assert nearest("x", []) == "none"


def test_a_number_in_a_sentence_is_never_in_powers_of_ten_unless_it_is_huge() -> None:
    numbers = [2_000_000, -165_580.0, 1_664_089.0, 0, 0.5, 1_234.56789, 1e18, float("nan")]
    words = ["2,000,000", "-165,580", "1,664,089", "0", "0.5", "1,234.57", "1e+18", "nan"]
    assert [number_words(each) for each in numbers] == words
