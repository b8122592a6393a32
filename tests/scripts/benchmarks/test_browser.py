"""The clock in the browser: what it waits for, and that a wrong screen is no result."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.benchmarks.browser import ScreenError, Timing, metric, open_browser, visit

# A screen like Streamlit's: a click starts a run, which shows a new number, then freshens what is stale, then ends.
SCREEN = """
<div data-testid="stApp" data-test-script-state="notRunning">
  <button>Go</button>
  <div data-testid="stMetric"><p data-testid="stMetricLabel">Rate</p><p data-testid="stMetricValue">1.00 %</p></div>
  <p id="other" data-stale="false"></p>
</div>
<script>
  const at = (name) => { document.body.dataset[name] = performance.now(); };
  document.querySelector("button").addEventListener("pointerdown", () => {
    at("clicked");
    const app = document.querySelector("[data-testid=stApp]"), other = document.querySelector("#other");
    app.dataset.testScriptState = "running";
    other.dataset.stale = "true";
    const value = document.querySelector("[data-testid=stMetricValue]");
    setTimeout(() => { value.textContent = "2.00\\u00a0%"; at("shown"); }, 20);
    setTimeout(() => { app.dataset.testScriptState = "notRunning"; }, 40);
    setTimeout(() => { at("fresh"); other.dataset.stale = "false"; }, 60);
  });
</script>
"""


async def click(value: str, *, patience_ms: int) -> tuple[Timing, dict[str, str]]:
    async with open_browser() as browser, visit(browser, linger_ms=0, patience_ms=patience_ms) as reader:
        await reader.page.goto("data:text/html,")
        await reader.page.set_content(SCREEN)
        timing = await reader.time("pointerdown", reader.page.get_by_role("button").click, metric("Rate", value))
        return timing, await reader.page.evaluate("({ ...document.body.dataset })")


def test_the_clock_waits_for_the_number_the_run_and_everything_stale(chromium: str, run: Any) -> None:
    timing, moments = run(click("2.00 %", patience_ms=30_000))
    clicked, shown, fresh = (float(moments[name]) for name in ("clicked", "shown", "fresh"))
    # The browser's clock is coarse; its steps are far below the waits of the screen.
    assert timing.changed >= shown - clicked - 1
    assert timing.settled >= fresh - clicked - 1
    assert timing.changed < timing.settled < timing.painted


@pytest.mark.parametrize(("value", "said"), [("3.00 %", "not within 500 ms"), ("1.00 %", "before the click")])
def test_a_screen_with_another_number_fails(chromium: str, run: Any, value: str, said: str) -> None:
    with pytest.raises(ScreenError, match=said):
        run(click(value, patience_ms=500))
