"""Take the README's screenshots of the dashboard on the predictions at hand."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, expect

from data.settings import ROOT, load_settings
from inference.publishing.pipeline import build
from scripts._cli import progress, run
from scripts.benchmarks.browser import open_browser
from scripts.benchmarks.server import dashboard_command, free_port, serve

PLACE = ROOT / "docs" / "images"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file's name, the theme, what follows the address, and the window in pixels."""

    name: str
    theme: str
    path: str
    size: tuple[int, int] = (1440, 900)


SHOTS = (
    Shot("overview-light", "light", "?f.NAME_INCOME_TYPE=Working&against=~rest", (1440, 1060)),
    Shot("segments-dark", "dark", "segments?seg.column=REGION_RATING_CLIENT", (1440, 980)),
    Shot("applicant-light", "light", "applicant?applicant=100096&edits=AMT_CREDIT%3D90000", (1440, 1100)),
    Shot("explanation-light", "light", "explanation?f.NAME_INCOME_TYPE=Pensioner&against=~rest", (1440, 980)),
)


def main() -> None:
    """Build what is missing, serve it, and write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=PLACE, help="folder for the pictures (docs/images)")
    out = parser.parse_args().out
    build(load_settings(), progress)
    for path in asyncio.run(_taken(out)):
        print(path)


async def _taken(out: Path) -> list[Path]:
    port = free_port()
    async with serve(dashboard_command(port), port) as server, open_browser() as browser:
        return [await _take(browser, server.address, shot, out) for shot in SHOTS]


async def _take(browser: Browser, address: str, shot: Shot, out: Path) -> Path:
    width, height = shot.size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if shot.theme == "dark" else "light"
    )
    page = await context.new_page()
    await page.goto(f"{address}/{shot.path}")
    await expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=60_000)
    await expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
    # Inputs take their values a moment after they are drawn.
    await page.wait_for_timeout(1_000)
    path = out / f"{shot.name}.png"
    await page.screenshot(path=path, animations="disabled")
    await context.close()
    return path


if __name__ == "__main__":
    run(main)
