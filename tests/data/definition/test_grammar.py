"""The expression language: what it lets through, what it refuses, and that a tree written as text reads as itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.definition.errors import DefinitionError
from data.definition.grammar import Call, Name, Node, Number, Text, call, columns_of, parse, with_trees, word

NAMES = ("a", "b", "c", "odd name", "mean", 'quo"te\\', "\N{LATIN SMALL LIGATURE FI}x", "if", "line\nbreak")
A, B, C = Name("a"), Name("b"), Name("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a / b", Call("/", (A, B))),
        ("a * b * c", Call("*", (A, B, C))),
        ("a * (b * c)", Call("*", (A, Call("*", (B, C))))),
        ("a - b - c", Call("-", (Call("-", (A, B)), C))),
        ("a - (b - c)", Call("-", (A, Call("-", (B, C))))),
        ("a + b * -2", Call("+", (A, Call("*", (B, Number(-2.0)))))),
        ("-(a + 1)", Call("neg", (Call("+", (A, Number(1.0))),))),
        ("a / b * c", Call("*", (Call("/", (A, B)), C))),
        ("weighted_mean(a, 2, b, 3)", Call("weighted_mean", (A, Number(2.0), B, Number(3.0)))),
        ('column("odd name") - column("mean")', Call("-", (Name("odd name"), Name("mean")))),
        ("count_missing(a,\n  b)", Call("count_missing", (A, B))),
    ],
)
def test_reads_numbers(text: str, tree: Node) -> None:
    assert parse(text, NAMES) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a < b + 1", Call("<", (A, Call("+", (B, Number(1.0)))))),
        (
            'a == "x" or not b >= 2',
            Call("or", (Call("==", (A, Text("x"))), Call("not", (Call(">=", (B, Number(2.0))),)))),
        ),
        (
            "is_special(a) and (b > 0 or c > 0)",
            Call(
                "and",
                (Call("is_special", (A,)), Call("or", (Call(">", (B, Number(0.0))), Call(">", (C, Number(0.0)))))),
            ),
        ),
    ],
)
def test_reads_conditions(text: str, tree: Node) -> None:
    assert parse(text, NAMES, booleans=True) == tree


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.b", "at character 1: an attribute is not part"),
        ("a + b[0]", "at character 5: an index"),
        ("a ** 99999", "at character 1: this operator"),
        ("a // b", "this operator"),
        ("+a", "this operator"),
        ("lambda: a", "a lambda"),
        ("a if b else c", "if ... else"),
        ("__import__('os')", "this call is not part"),
        ("abs(a)", "this call is not part"),
        ("mean(*a)", "mean takes values one by one; write mean(a, b, ...)"),
        ("mean(x=a)", "mean takes values one by one"),
        ("mean()", "mean takes values one by one"),
        ("mean(a)(b)", "this call"),
        ("[a for a in b]", "a loop"),
        ("(a := b)", "an assignment"),
        ("f'{a}'", "a formatted text"),
        ("a + 'x'", "at character 5: this constant"),
        ("True", "this constant"),
        ("1j", "this constant"),
        ("a < b", "this comparison is not part"),
        ("a and b", "and / or is not part"),
        ("1e19", "too large; write one up to 1e+18"),
        ("1e999", "too large"),
        ("9" * 4_900, "is not an expression (Exceeds the limit"),
        ("a b", "is not an expression"),
        ("", "is not an expression"),
        ("import os", "is not an expression"),
        ("a\0", "is not an expression"),
        ("mean", 'mean is a function; write column("mean")'),
        ("column(a)", 'column takes one name; write column("NAME")'),
        ("é + aa", "there is no column é; there are a, b"),
        ("a + é", "at character 5: there is no column é"),
        ('column("nowhere")', "there is no column nowhere"),
        ("is_special(a + b)", "is_special takes one column"),
        ("weighted_mean(a, b)", "weighted_mean takes values and weights above 0 in turn"),
        ("weighted_mean(a, -1)", "weighted_mean takes"),
        ("weighted_mean(a, 1, b)", "weighted_mean takes"),
        ("a" + "+a" * 3_000, "is 6,001 characters long"),
        ("a" + "+a" * 1_200, "has more than 1,000 parts"),
        ("a" + "-a" * 60, "nested more than 40 deep"),
        ("-" * 60 + "a", "nested more than 40 deep"),
        ("(" * 4_000 + "a", "is not an expression"),
        ("-" * 4_999 + "a", "is not an expression"),
    ],
    # Some texts are thousands of characters long.
    ids=lambda text: text[:30],
)
def test_refuses_what_is_no_number(text: str, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text, NAMES)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", "is a number, not a condition"),
        ("a < b < c", "compares three values at once"),
        ("a in b", "this comparison"),
        ('a < "x"', "compares a text"),
        ('"x" == "y"', "compares a text"),
        ('a + b == "x"', "compares a text with a number"),
        ("(a < b) < c", "this comparison is not part"),
    ],
)
def test_refuses_what_is_no_condition(text: str, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        parse(text, NAMES, booleans=True)


def test_lists_columns_in_order_of_appearance() -> None:
    assert columns_of(parse("mean(b, a * b, 1) / c", NAMES)) == ("b", "a", "c")


def test_puts_trees_in_place_of_names() -> None:
    product = parse("a * b", NAMES)
    assert with_trees(parse("c * a", NAMES), {"c": product}) == parse("a * b * a", NAMES)
    assert with_trees(parse("a * c", NAMES), {"c": product}) == parse("a * (a * b)", NAMES)


_NUMBERS = st.floats(-1e18, 1e18).map(Number)
_LEAVES = st.sampled_from(NAMES).map(Name) | _NUMBERS


def _calls(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(parts, min_size=2, max_size=4)
    two = st.tuples(parts, parts)
    return st.one_of(
        st.builds(lambda name, each: call(name, *each), st.sampled_from("+*"), several),
        st.builds(lambda name, each: call(name, *each), st.sampled_from("-/"), two),
        st.builds(lambda each: call("neg", each), parts),
        st.builds(lambda name, each: call(name, *each), st.sampled_from(["mean", "sum", "minimum"]), several),
        st.builds(lambda each, weight: call("weighted_mean", each, Number(weight)), parts, st.floats(0.1, 9)),
    )


_TREES: st.SearchStrategy[Node] = st.recursive(_LEAVES, _calls, max_leaves=12)
_COMPARED = st.one_of(
    st.builds(
        lambda name, pair: call(name, *pair), st.sampled_from(["<", "<=", "==", "!="]), st.tuples(_TREES, _TREES)
    ),
    st.builds(lambda name, text: call("==", Name(name), Text(text)), st.sampled_from(NAMES), st.text(max_size=9)),
    st.builds(lambda name: call("is_special", Name(name)), st.sampled_from(NAMES)),
)
_CONDITIONS: st.SearchStrategy[Node] = st.recursive(
    _COMPARED,
    lambda parts: (
        st.builds(lambda each: call("not", each), parts)
        | st.builds(
            lambda name, each: call(name, *each),
            st.sampled_from(["and", "or"]),
            st.lists(parts, min_size=2, max_size=3),
        )
    ),
    max_leaves=5,
)


@settings(max_examples=150)
@given(_TREES)
def test_reads_a_number_as_it_was_written(tree: Node) -> None:
    assert parse(word(tree), NAMES) == tree


@settings(max_examples=100)
@given(_CONDITIONS)
def test_reads_a_condition_as_it_was_written(tree: Node) -> None:
    assert parse(word(tree), NAMES, booleans=True) == tree
