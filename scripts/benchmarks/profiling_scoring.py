"""Where the time of scoring goes: applicants one by one from raw values to PD, and a table at once."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.home_credit import embedded
from data.settings import Settings
from inference.model.session import ScoringSession
from scripts.benchmarks.observers import OBSERVERS, cost_table, flame_graph, noted

APPLICANTS, TABLE_ROWS = 1_000, 50_000


@dataclass(frozen=True, slots=True)
class Work:
    """What is scored: a table, and the first of its rows as applications by raw column names."""

    session: ScoringSession
    applications: Sequence[Mapping[str, object]]
    table: pl.DataFrame

    @classmethod
    def read(cls, settings: Settings) -> Work:
        """The published model and the first rows of the application table; each is scored once, so that it is warm."""
        table = pl.read_parquet(settings.applications, n_rows=TABLE_ROWS)
        work = cls(ScoringSession.open(settings.model, embedded.DEFINITION), table.head(APPLICANTS).to_dicts(), table)
        work.score_one_by_one()
        work.score_at_once()
        return work

    def score_one_by_one(self) -> None:
        """Raw values to PD, an applicant after the other."""
        for application in self.applications:
            self.session.score(application)

    def score_at_once(self) -> None:
        """Table to PDs."""
        self.session.score_frame(self.table)


def profile_scoring(settings: Settings, runs: int, top: int) -> Mapping[str, str]:
    """cProfile's tables of scoring, the `top` costliest lines each, under what was scored.

    The applicants are scored `runs` times in turn, the table once.
    """
    work = Work.read(settings)
    one_by_one = f"{len(work.applications):,} applicants {runs} times, one by one from raw values to PD"
    at_once = f"a table of {work.table.height:,} applications"
    with tempfile.TemporaryDirectory() as folder:
        return {
            one_by_one: cost_table(_observe("profile", work, Path(folder) / "each", each=runs, tables=0), top),
            at_once: cost_table(_observe("profile", work, Path(folder) / "table", each=0, tables=1), top),
        }


def draw_scoring(settings: Settings, runs: int) -> str:
    """The flame graph (speedscope JSON) of the applicants scored `runs` times in turn, and the table once."""
    work = Work.read(settings)
    with tempfile.TemporaryDirectory() as folder:
        samples = _observe("sample", work, Path(folder), each=runs, tables=1)
        return flame_graph(samples, "Scoring: applicants one by one, then a table")


def _observe(how: str, work: Work, folder: Path, *, each: int, tables: int) -> list[Path]:
    """What the observer `how` noted in `folder`, of the applicants scored `each` times and the table `tables` times."""
    folder.mkdir(exist_ok=True)
    observed = OBSERVERS[how](lambda score: score(), folder)
    for score in [work.score_one_by_one] * each + [work.score_at_once] * tables:
        observed(score)
    return noted(folder)
