"""The chips of the filters: what they say, in full where it was cut short, and removing all at once."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

OpenPage = Callable[..., AppTest]


def test_chips_say_what_was_chosen_and_are_all_removed_at_once(open_page: OpenPage) -> None:
    levels = ["Pensioner", "State servant", "Unemployed", "Working"]
    app = open_page("segments", {"f.CODE_GENDER": "F", "f.NAME_INCOME_TYPE": levels})
    chips = [button for button in app.button if str(button.key).startswith("chip.")]
    assert [chip.label.replace("\\", "") for chip in chips] == [
        "Gender: Female",
        "Income type: Pensioner and 3 more",
    ]
    assert chips[1].help.replace("\\", "") == f"Income type: {', '.join(levels)}; click to remove this filter"
    app.button(key="chips.reset").click().run()
    assert not any(str(button.key).startswith("chip") for button in app.button)
