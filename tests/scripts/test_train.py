from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data.settings import Settings
from inference.inventory.store import find_model
from scripts import models, promote, rollback, train


def test_a_challenger_is_trained_listed_promoted_and_taken_back(call: Callable[..., Any], in_force: Settings) -> None:
    done = call(train, "--name", "small", "--leave-out", "EXT_SOURCE_2", "--set", "trees=20", "--unconstrained")
    assert done.code == 0
    assert done.out.startswith("small: LightGBM; ")
    assert "without EXT_SOURCE_2; no direction kept. AUC 0." in done.out
    listed = call(models).out
    assert listed.index("champion") < listed.index("small")
    promoted = call(promote, "small", "--keep-as", "before")
    assert promoted.out.startswith("small is the champion now; the one before it is kept as before.\nNotice: Promoted")
    assert find_model(in_force, "champion").said.startswith("Promoted from small.")
    assert call(rollback).code == 0
    assert find_model(in_force, "champion").said.startswith("The model that builds train")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "a b"), "cannot be a model's name"),
        (("--name", "champion"), "always means the model in service"),
        (("--name", "x", "--leave-out", "SHOE_SIZE"), "no feature of the definition is made of that"),
        (("--name", "x", "--set", "leaves"), "--set leaves: is not KEY=VALUE"),
        (("--name", "x", "--set", "leaves=3", "--set", "leaves=4"), "leaves is set twice"),
        (("--name", "x", "--set", "l2=nan"), "The setting l2 is 'nan'; it has to be a number"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    call: Callable[..., Any], in_force: Settings, arguments: tuple[str, ...], said: str
) -> None:
    done = call(train, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert said in done.err
    assert not (in_force.processed / "models").exists()
