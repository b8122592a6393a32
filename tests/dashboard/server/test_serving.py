"""The dashboard's server as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.choice import location
from dashboard.server.serving import _imported


def test_the_server_takes_as_many_descriptors_as_it_may_have(server: tuple[str, int]) -> None:
    limits = Path(f"/proc/{server[1]}/limits").read_text(encoding="ascii")
    soft, hard = next(line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files"))
    assert int(soft) == min(int(hard), 65_536)
    assert int(soft) > 1_024


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ([], None),
        (["--map", "score=probability"], None),
        (["--map", "score=probability", "--predictions", "a b.csv"], Path("a b.csv")),
    ],
)
def test_health_is_of_the_predictions_that_the_pages_show(arguments: list[str], path: Path | None) -> None:
    assert _imported(arguments) == path
    assert location(arguments).imported == ("" if path is None else str(path))
