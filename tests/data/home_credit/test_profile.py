from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import FileError
from data.home_credit.building import fit_family
from data.home_credit.marginals import MIN_COUNT, Lattice, Levels, Marginal, round_small
from data.home_credit.profile import DEFAULT_PATH, load_profile, save_profile
from data.home_credit.residuals import fit_links, normal_quantile, normal_share
from data.home_credit.trees import Leaf, Split, TreeFitter, draw_codes, node_from_json, node_to_json, rake
from data.home_credit.variables import VARIABLES

RNG = np.random.default_rng(0)


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    else:
        yield from _leaves(tree[2])
        yield from _leaves(tree[3])


def test_the_embedded_profile_is_small() -> None:
    assert DEFAULT_PATH.stat().st_size < 300_000


def test_it_has_every_variable_in_order() -> None:
    assert [step["name"] for step in load_profile()["variables"]] == [variable.name for variable in VARIABLES]


def test_no_leaf_and_no_atom_rests_on_few_applications() -> None:
    for step in load_profile()["variables"]:
        leaves = list(_leaves(step["tree"])) if "tree" in step else []
        for leaf in leaves if len(leaves) > 1 else []:
            assert sum(map(int, re.findall(r"\d+", leaf))) >= MIN_COUNT, step["name"]
        own = step["own"]
        if "pieces" in own:
            atoms = [n for piece, n in zip(own["pieces"], own["counts"], strict=True) if not isinstance(piece, list)]
            assert min(atoms, default=MIN_COUNT) >= MIN_COUNT, step["name"]
            between = [n for piece, n in zip(own["pieces"], own["counts"], strict=True) if isinstance(piece, list)]
            assert all(n >= MIN_COUNT - 5 or n % 5 == 0 for n in between), step["name"]
        else:
            assert all(weight % 5 == 0 for weight in own["rare_weights"]), step["name"]


def test_it_holds_no_list_as_long_as_its_table() -> None:
    profile = load_profile()

    def longest(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        return max([len(value) if isinstance(value, list) else 0, *map(longest, inner)])

    assert longest(profile) < 200 < profile["n_rows"]


def test_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    save_profile(load_profile(), path)
    assert path.read_bytes() == DEFAULT_PATH.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["profile.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 0}'])
def test_what_is_no_profile_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(FileError, match="profile"):
        load_profile(path)


def test_small_counts_are_rounded() -> None:
    assert [round_small(count) for count in (1, 3, 8, 14, 15, 16)] == [0, 5, 10, 15, 15, 16]


def test_rare_levels_share_a_code_and_come_back_in_proportion() -> None:
    levels = Levels.fit(["a"] * 60 + ["b"] * 10 + ["c"] * 5)
    assert levels == Levels(("a",), ("b", "c"), (10, 5))
    codes = levels.encode(["a", "b", "c"])
    assert codes.tolist() == [1, 2, 2]
    places = levels.decode(np.full(3000, 2, np.uint8), np.random.default_rng(0))
    assert (places == 1).mean() == pytest.approx(2 / 3, abs=0.03)


def test_a_marginal_keeps_atoms_exact_and_the_rest_in_order() -> None:
    values = np.concatenate([np.full(50, 2.0), RNG.uniform(2, 10, 200), np.full(30, 10.0), np.full(20, np.nan)])
    marginal = Marginal.from_json(json.loads(json.dumps(Marginal.fit(values, n_cells=8, own_cell=0.05).to_json())))
    codes = marginal.encode(values)
    assert set(codes[np.isnan(values)]) == {1}
    drawn = marginal.decode(codes, RNG.random(codes.size), RNG)
    np.testing.assert_array_equal(np.isnan(drawn), np.isnan(values))
    assert (drawn == 2.0).sum() == 50
    assert (drawn == 10.0).sum() == 30
    np.testing.assert_array_equal(marginal.encode(drawn), codes)


def test_a_lattice_that_most_values_keep_leaves_the_others_on_a_finer_one() -> None:
    values = np.concatenate([np.arange(1, 201) * 4500.0, [47_250.0, 101_700.0, 33_750.0, 20_700.0]])
    lattice = Lattice.fit(values)
    assert (lattice.step, lattice.rest) == (4500.0, 450.0)
    # Three of these four are off the steps of 4,500.
    lattice = lattice.among(np.array([47_250.0, 101_700.0, 33_750.0, 9_000.0]))
    assert lattice.share == 0.25
    snapped = lattice.snap(RNG.uniform(10_000, 500_000, 8_000), RNG)
    assert (snapped % 450 == 0).all()
    # One in ten of the multiples of 450 is one of 4,500 as well.
    assert (snapped % 4500 == 0).mean() == pytest.approx(0.25 + 0.75 / 10, abs=0.03)


def test_a_column_of_zeros_and_ones_has_steps_of_one() -> None:
    assert Lattice.fit(np.array([0.0] * 99 + [1.0])) == Lattice(1.0)


def test_lattices_are_found_and_kept() -> None:
    assert Lattice.fit(np.arange(1, 100, dtype=np.float64) * 4500).step == 4500
    index = RNG.integers(0, 60, 2000)
    logistic = np.asarray(1 / (1 + np.exp(-(0.05 * index - 1.3))), dtype=np.float64)
    lattice = Lattice.fit(logistic.astype(np.float64))
    assert lattice.logit
    assert lattice.step == pytest.approx(0.05)
    np.testing.assert_allclose(lattice.snap(logistic + 1e-4, RNG), logistic, atol=1e-9)


def test_a_tree_survives_json() -> None:
    tree = Split("b", (0, 1, 5), Leaf((0, 0, 3, 40, 2)), Split("a", (0, 1, 2), Leaf((7,)), Leaf((0,) * 30 + (4,))))
    stored = json.loads(json.dumps(node_to_json(tree, ["a", "b"])))
    assert node_from_json(stored, ["a", "b"]) == tree
    assert stored[2] == "b3 40 2"


def test_raking_meets_both_margins_and_keeps_zeros() -> None:
    shares = rake([(30, 10, 0), (10, 30, 20)], [500, 500])
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert shares[0, 2] == 0
    np.testing.assert_allclose(shares.mean(axis=0), [0.4, 0.4, 0.2], atol=1e-6)


def test_a_tree_learns_and_draws_a_dependence() -> None:
    before = RNG.integers(1, 5, 4000).astype(np.uint8)
    codes = np.where(RNG.random(4000) < 0.8, before, 1).astype(np.uint8)
    goal = (codes - codes.mean())[:, None].astype(float)
    tree = TreeFitter().fit(codes, goal, {"before": before}, frozenset({"before"}))
    drawn, _, _ = draw_codes(tree, {"before": before}, np.arange(4000, dtype=np.int32), None, RNG)
    assert np.corrcoef(drawn, before)[0, 1] == pytest.approx(np.corrcoef(codes, before)[0, 1], abs=0.03)


def test_links_find_what_is_left_inside_a_leaf() -> None:
    earlier = {"x": RNG.standard_normal(3000), "y": RNG.standard_normal(3000)}
    scores = 0.4 * earlier["x"] + 0.917 * RNG.standard_normal(3000)
    links = fit_links(scores, earlier, [(Leaf((1,)), np.arange(3000, dtype=np.int32))])
    assert set(links) == {"x"}
    assert links["x"] == pytest.approx(0.4, abs=0.05)


def test_the_normal_distribution_is_close_enough() -> None:
    from scipy.stats import norm

    at = np.linspace(-3.5, 3.5, 101)
    np.testing.assert_allclose(normal_share(at), norm.cdf(at), atol=1e-6)
    np.testing.assert_allclose(normal_quantile(norm.cdf(at)), at, atol=2e-3)


def test_a_family_of_floors_is_seen_through() -> None:
    floors = RNG.integers(0, 23, 600)
    average, mode = np.round(floors / 24, 4), np.round(floors / 24 * 1.02, 4)
    family = fit_family(average, mode, average, from_top=False)
    assert family.average.lattice == 24
    assert family.mode.scale == pytest.approx(1.02, abs=1e-3)
    _, twin, _ = family.triples(average, np.zeros(600))
    np.testing.assert_allclose(twin, mode, atol=1e-9)
