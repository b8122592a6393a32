"""Values are kept by their arguments and by the version of the files behind them."""

from __future__ import annotations

import pytest

from dashboard.cache.kept import kept

VERSION = ["1"]
CALLS: list[tuple[object, ...]] = []


@kept(lambda: VERSION[0], entries=8)
def doubled(values: dict[str, int], factor: int = 2) -> dict[str, int]:
    """Twice the values."""
    CALLS.append((dict(values), factor))
    return {name: factor * value for name, value in values.items()}


@kept(lambda: VERSION[0], entries=8)
def tripled(values: dict[str, int]) -> dict[str, int]:
    return {name: 3 * value for name, value in values.items()}


@kept(lambda: VERSION[0], entries=8, is_copied=True)
def listed(n: int) -> list[int]:
    return list(range(n))


def test_a_value_is_computed_once_for_its_arguments_and_version() -> None:
    CALLS.clear()
    first = doubled({"a": 1})
    assert doubled({"a": 1}) is first
    assert CALLS == [({"a": 1}, 2)]
    assert doubled({"a": 1}, factor=5) == {"a": 5}
    assert doubled({"a": 2}) == {"a": 4}
    VERSION[0] = "2"
    assert doubled({"a": 1}) == first
    assert len(CALLS) == 4


def test_functions_with_the_same_arguments_do_not_share_values() -> None:
    assert (doubled({"x": 1}), tripled({"x": 1})) == ({"x": 2}, {"x": 3})
    assert doubled.__doc__ == "Twice the values."


def test_a_copy_can_be_written_to() -> None:
    listed(3).append(9)
    assert listed(3) == [0, 1, 2]


def test_an_error_of_the_version_is_the_caller_s() -> None:
    def missing() -> str:
        raise FileNotFoundError

    @kept(missing, entries=1)
    def value() -> int:
        return 1

    with pytest.raises(FileNotFoundError):
        value()
