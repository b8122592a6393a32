"""One applicant: an edit to painted in a real browser beside a floor app, and what is worked out behind it.

Each result is checked beside its timing: PDs by a session of the benchmark's own, neighbours by brute force. A file of
many applications is scored in a process of its own, so that its memory is nobody else's.
"""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dashboard.words.labels import percent, telling_digits
from data.definition.columns import Column, Kind
from data.facts import describe_table
from data.files.batch_file import read_batch
from data.home_credit import embedded
from data.predictions.table import ID, PROBABILITY
from data.settings import Settings
from inference.batch import score_batch_table
from inference.explain.comparison import find_reference
from inference.explain.contributions import load_contributions
from inference.explain.counterfactuals import find_changes
from inference.explain.explainer import Explainer
from inference.explain.neighbours import Nearest, Neighbours, main_fields
from inference.explain.reasons import batch_reasons, reason_labels
from inference.model.decision import DEFAULT_CUTOFF, declines, is_declined
from inference.model.session import ScoringSession
from inference.values import Value
from scripts._embedded import FEATURES
from scripts._measure import Say, alone, peak_mb, percentiles, silent
from scripts.benchmarks.browser import Shown, Visit, find_chromium, metric, open_browser, visit
from scripts.benchmarks.dashboard import Figures, Samples, check, described, in_turn, observed
from scripts.benchmarks.interactions import KEY, Steps, floor
from scripts.benchmarks.server import floor_command, free_port, serve

T = TypeVar("T")
Application = dict[str, Value]

_FILED = "out of fold"
SAMPLES = 60
BATCH_ROWS = 100_000
# So many of the samples are searched by brute force, too.
BRUTE = 5
# The PD is float32, and contributions add up to it to this much.
TOLERANCE = 1e-6
EDITED, LABEL = embedded.CREDIT, embedded.column(embedded.CREDIT).label
# Credit amounts that nobody is surprised by, in steps that are no applicant's own.
AMOUNTS = range(90_500, 1_500_000, 1_000)
TABS: Mapping[str, Mapping[str, str]] = {
    "edit": {},
    "edit_sensitivity": {"appl.tab": "Sensitivity", "appl.field": embedded.ANNUITY},
    "edit_people": {"appl.tab": "People like this one"},
}
_SEED = 23


class ResultError(AssertionError):
    """A timed result that is not what it must be."""


def measure_applicant(settings: Settings, runs: int, say: Say = silent) -> Figures:
    """All figures of the section: milliseconds, seconds and MB as the names say.

    Raises:
        BrowserError: there is no Chromium.
        ScreenError: a timed screen did not show the number that belongs to it.
        ResultError: a timed result is not what it must be.
    """
    find_chromium()
    say(f"a file of {BATCH_ROWS:,} applications")
    batch = measure_batch(settings, BATCH_ROWS)
    clicks = asyncio.run(_measure_clicks(settings, runs, say))
    say("what is worked out for an applicant")
    return {**clicks, **measure_answers(Applicants.read(settings), SAMPLES), "batch": batch}


@dataclass(frozen=True)
class Applicants:
    """The applications of the published model, and a session of the benchmark's own."""

    settings: Settings
    table: pl.DataFrame
    session: ScoringSession

    @classmethod
    def read(cls, settings: Settings) -> Applicants:
        """Those that `settings` name."""
        return cls(
            settings, pl.read_parquet(settings.applications), ScoringSession.open(settings.model, embedded.DEFINITION)
        )

    @cached_property
    def declined(self) -> NDArray[np.int64]:
        """Positions of the applications that the usual cutoff declines."""
        return np.flatnonzero(is_declined(self.session.score_frame(self.table), DEFAULT_CUTOFF))

    def application(self, row: int) -> Application:
        """The application at a position."""
        return self.table.drop(embedded.ID, embedded.TARGET).row(row, named=True)

    def number(self, row: int) -> int:
        """Its number."""
        return int(self.table[embedded.ID][row])

    def filed(self, row: int) -> str:
        """The PD out of fold of the application at a position, which the screen shows as long as nothing is edited."""
        pd = self._filed[self.number(row)]
        return percent(pd, telling_digits(pd, DEFAULT_CUTOFF))

    @cached_property
    def _filed(self) -> Mapping[int, float]:
        predictions = pl.read_parquet(self.settings.predictions, columns=[ID, PROBABILITY])
        return dict(predictions.iter_rows())

    def pd(self, application: Mapping[str, Value]) -> str:
        """An edited application's PD as the screen shows it."""
        pd = self.session.score(application)
        return percent(pd, telling_digits(pd, DEFAULT_CUTOFF))


async def _measure_clicks(settings: Settings, runs: int, say: Say) -> Figures:
    """Each interaction `runs` times, in turn with the floor app's."""
    applicants = Applicants.read(settings)
    contenders: dict[str, Callable[[Visit, str], Steps]] = {
        name: partial(edit, applicants=applicants, row=row, query=query)
        for row, (name, query) in enumerate(TABS.items(), start=len(TABS))
    }
    contenders["lookup"] = partial(lookup, applicants=applicants)
    floor_samples: Samples = []
    results: dict[str, Samples] = {name: [] for name in contenders}
    floor_port = free_port()
    async with (
        open_browser() as browser,
        serve(floor_command(floor_port), floor_port) as low,
        observed() as (server, log),
    ):
        for name, samples in results.items():
            say(f"interaction {name}")
            async with visit(browser) as below, visit(browser, log) as reader:
                steps = contenders[name](reader, server.address)
                await in_turn(runs, (floor(below, low.address), floor_samples), (steps, samples))
                check(reader)
        version = browser.version
    return {**described(floor_samples, results), "rows": applicants.table.height, "browser": version}


def _page(address: str, number: int, query: Mapping[str, str]) -> str:
    return f"{address}/applicant?{urlencode({'applicant': number, **query})}"


def _cards(pd: str, whose: str = "published model") -> tuple[Shown, Shown]:
    """The PD on the page, and in the panel beside it."""
    card = metric(f"PD, {whose}", pd)
    places = ("stMain", "stSidebar")
    page, panel = (replace(card, where=f'[data-testid="{place}"] {card.where}') for place in places)
    return page, panel


async def _open(visit: Visit, address: str, pd: str) -> None:
    """Open the page of an unedited application, and the panel beside it."""
    await visit.open(address, _cards(pd, _FILED)[0])
    await visit.page.get_by_role("button", name="Find an applicant").click()
    await visit.page.get_by_label("Application number (SK_ID_CURR)").wait_for()


async def edit(visit: Visit, address: str, *, applicants: Applicants, row: int, query: Mapping[str, str]) -> Steps:
    """Another credit amount entered in the form, seen in the PD."""
    application = applicants.application(row)
    before = applicants.filed(row)
    await _open(visit, _page(address, applicants.number(row), query), before)
    box = visit.page.get_by_role("spinbutton", name=LABEL, exact=True)
    for amount in _shuffled(AMOUNTS):
        pd = applicants.pd({**application, EDITED: float(amount)})
        if pd != before:
            await box.fill(str(amount))
            yield await visit.time(KEY, lambda: box.press("Enter"), *_cards(pd))
        before = pd


async def lookup(visit: Visit, address: str, *, applicants: Applicants) -> Steps:
    """Another application's number entered in the panel beside the applicant's page, seen in the PD."""
    first, *others = _shuffled(range(applicants.table.height))
    before = applicants.filed(first)
    await _open(visit, _page(address, applicants.number(first), {}), before)
    box = visit.page.get_by_label("Application number (SK_ID_CURR)")
    for row in others:
        pd = applicants.filed(row)
        if pd != before:
            await box.fill(str(applicants.number(row)))
            yield await visit.time(KEY, lambda: box.press("Enter"), *_cards(pd, _FILED))
        before = pd


def _shuffled(numbers: Sequence[int]) -> list[int]:
    shuffled = random.Random(_SEED)  # noqa: S311 - an order, no secret
    return shuffled.sample(numbers, len(numbers))


def measure_answers(applicants: Applicants, n: int) -> Figures:
    """Milliseconds of what is worked out for each of `n` random applications.

    Raises:
        ResultError: a result is not what it must be.
    """
    rows = _shuffled(range(applicants.table.height))[:n]
    declined = [int(applicants.declined[place]) for place in _shuffled(range(applicants.declined.size))[:n]]
    return {
        "counterfactual_ms": _measure_changes(applicants, declined),
        "neighbours_ms": _measure_neighbours(applicants, rows),
        "explain_ms": _measure_explanations(applicants, rows),
    }


def _measure_changes(applicants: Applicants, rows: Sequence[int]) -> Figures:
    session, n_without = applicants.session, 0
    taken: list[float] = []
    find_changes(session, applicants.application(rows[0]), DEFAULT_CUTOFF)
    for row in rows:
        application = applicants.application(row)
        results = _timed(partial(find_changes, session, application, DEFAULT_CUTOFF), taken)
        n_without += not results
        for each in results:
            changed = {**application, **{change.name: change.after for change in each.changes}}
            if session.score(changed) != each.default_probability or declines(each.default_probability, DEFAULT_CUTOFF):
                raise ResultError(f"Application {applicants.number(row)} is not approved by {each.changes}.")
    return {**_described_ms(taken), "without": n_without}


def _measure_neighbours(applicants: Applicants, rows: Sequence[int]) -> Figures:
    weights = main_fields(load_contributions(applicants.settings.contributions), FEATURES)
    searched = Neighbours(applicants.table, embedded.DEFINITION, weights)
    taken: list[float] = []
    searched.nearest(applicants.application(rows[0]))
    results = {
        row: _timed(partial(searched.nearest, applicants.application(row), leave_out=row), taken) for row in rows
    }
    for row in rows[:BRUTE]:
        check_nearest(applicants.table, weights, row, results[row])
    return {**_described_ms(taken), "brute_force": min(BRUTE, len(rows))}


def check_nearest(table: pl.DataFrame, weights: Mapping[str, float], row: int, results: Nearest) -> None:
    """Compare the neighbours of `row` with what Polars' ranks say, field by field and without any index.

    Raises:
        ResultError: a distance is another one, or others are nearer.
    """
    distances = sum(
        (weight * _field_distances(embedded.column(name), table[name], row) for name, weight in weights.items()),
        np.zeros(table.height),
    )
    distances[row] = math.inf
    nearest = np.sort(distances)[: results.rows.size]
    for these in (nearest, distances[results.rows]):
        if not np.allclose(these, results.distances, rtol=0, atol=TOLERANCE):
            raise ResultError(f"The neighbours of the application at position {row} are not the nearest.")


def _field_distances(column: Column, values: pl.Series, row: int) -> NDArray[np.float64]:
    is_other = values.ne_missing(pl.Series([values[row]], dtype=values.dtype)).cast(pl.Float64).to_numpy()
    if column.kind is Kind.CATEGORY:
        return is_other
    is_quantity = values.is_not_null() & ~values.cast(pl.Float64).is_in(column.special_values).fill_null(value=False)
    # Missing and special values are each at distance 1 from all but their like.
    if not is_quantity[row]:
        return is_other
    quantities = values.to_frame("value").select(pl.when(is_quantity).then(pl.col("value"))).to_series()
    ranks = ((quantities.rank("average") - 0.5) / quantities.count()).to_numpy()
    differences: NDArray[np.float64] = np.nan_to_num(np.abs(ranks - ranks[row]), nan=1.0)
    return differences


def _measure_explanations(applicants: Applicants, rows: Sequence[int]) -> Figures:
    explainer = _explainer(applicants.settings)
    taken: list[float] = []
    explainer.explain(applicants.application(rows[0]))
    for row in rows:
        application = applicants.application(row)
        explanation = _timed(partial(explainer.explain, application), taken)
        pd = 1 / (1 + math.exp(-explanation.log_odds))
        if abs(pd - applicants.session.score(application)) > TOLERANCE:
            raise ResultError(f"The contributions of application {applicants.number(row)} do not add up to its PD.")
    return _described_ms(taken)


def _explainer(settings: Settings) -> Explainer:
    facts = describe_table(pl.scan_parquet(settings.applications, glob=False), embedded.DEFINITION)
    return Explainer.open(settings.model, {name: results.typical for name, results in facts.items()}, FEATURES)


def _timed(work: Callable[[], T], taken: list[float]) -> T:
    start = time.perf_counter()
    result = work()
    taken.append(1e3 * (time.perf_counter() - start))
    return result


def _described_ms(taken: Sequence[float]) -> Figures:
    return {**percentiles(taken), "max": round(max(taken), 1), "n": len(taken)}


def measure_batch(settings: Settings, n_rows: int) -> Figures:
    """Seconds and peak memory of reading `n_rows` applications as CSV and scoring them with reasons.

    `loaded_mb` is the peak before: the model, its trees, and the contributions that reasons are compared with.

    Raises:
        ResultError: a PD is another one than that of the same row in the table.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "applications.csv"
        expected = alone(_write_batch, settings, path, n_rows)
        figures, results = alone(_score_batch, settings, path)
    # What is referred has no PD.
    is_scored = ~np.isnan(results)
    if results.size != expected.size or not np.array_equal(results[is_scored], expected[is_scored]):
        raise ResultError("The PDs of the dropped file are not those of the application table.")
    return figures


def _write_batch(settings: Settings, path: Path, n_rows: int) -> NDArray[np.float32]:
    table = pl.read_parquet(settings.applications, n_rows=n_rows)
    table.drop(embedded.TARGET).write_csv(path)
    return ScoringSession.open(settings.model, embedded.DEFINITION).score_frame(table)


def _score_batch(settings: Settings, path: Path) -> tuple[Figures, NDArray[np.float32]]:
    session, explainer = ScoringSession.open(settings.model, embedded.DEFINITION), _explainer(settings)
    contributions = load_contributions(settings.contributions)
    table = pl.scan_parquet(settings.applications, glob=False)
    reference = find_reference(contributions, table, session, DEFAULT_CUTOFF)
    explain = partial(batch_reasons, explainer=explainer, session=session, reference=reference)
    titles = reason_labels(embedded.DEFINITION, FEATURES.sources)
    content, loaded_mb, start = path.read_bytes(), round(peak_mb()), time.perf_counter()
    batch = read_batch(path.name, content, embedded.DEFINITION, FEATURES.sources)
    read_s = time.perf_counter() - start
    scored = score_batch_table(batch, session, DEFAULT_CUTOFF, explain=explain, field_labels=titles)
    seconds = time.perf_counter() - start
    figures: dict[str, Any] = {
        "rows": scored.frame.height,
        "declined": scored.n_declined,
        "csv_mb": round(len(content) / 1e6, 1),
        "read_s": round(read_s, 2),
        "seconds": round(seconds, 2),
        "loaded_mb": loaded_mb,
        "peak_mb": round(peak_mb()),
    }
    return figures, scored.frame[scored.probability].cast(pl.Float32).to_numpy()
