from __future__ import annotations

from collections.abc import Callable
from typing import Any

from data.settings import Settings
from scripts import build, rollback
from scripts._kills import Portfolios


def test_goes_back_holds_builds_and_goes_forward_again(
    call: Callable[..., Any], in_force: Settings, portfolios: Portfolios
) -> None:
    earlier, later = (state["model.onnx"][:12] for state in (portfolios.earlier, portfolios.later))
    back = call(rollback)
    assert back.out.startswith(f"Model {earlier} is served now, with its applications,")
    assert "Notice: Rolled back to model" in back.out
    assert call(build).out.endswith("Nothing was built.\n")
    forward = call(rollback, "--forward")
    assert forward.out.startswith(f"Model {later} is served now")
    assert forward.out.endswith("Builds are no longer held; `python -m scripts.rollback` goes back again.\n")
    assert in_force.predictions.exists()


def test_without_an_earlier_portfolio_there_is_nothing_to_go_back_to(
    call: Callable[..., Any], in_force: Settings
) -> None:
    call(rollback)
    done = call(rollback)
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert in_force.predictions.exists()
