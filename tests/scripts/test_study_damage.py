from __future__ import annotations

import pytest

from scripts import study_damage
from scripts._cli import BAD_INPUT


@pytest.mark.parametrize("rows", ["0", "-5", "many"])
def test_a_number_of_rows_that_is_none(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["study_damage", "--rows", rows])
    with pytest.raises(SystemExit) as ended:
        study_damage.main()
    assert ended.value.code == BAD_INPUT
