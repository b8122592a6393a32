"""Hostile files into everything that takes one: a result or one sentence, never a traceback, and never a wrong PD."""

from __future__ import annotations

import gzip
import io
import random
import resource
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from dashboard.cohort.columns import prepare
from dashboard.visit.links import read_cohorts
from dashboard.visit.visit import Visit, read_visit
from data.errors import ScoreroomError
from data.files.spreadsheets import csv_of
from data.home_credit import embedded
from data.predictions.imports import import_predictions
from data.settings import Settings
from inference.explain.record import read_record
from inference.model.scoring import score_file
from inference.model.session import ScoringSession
from tests.hostile.dashboard_fuzz import links
from tests.hostile.service_fuzz import Outcome
from tests.hostile.texts import mutated

# Files that read as what they are not, by the ending that they claim.
ENDINGS = (".csv", ".csv.gz", ".zip", ".parquet", ".txt", "", ".CSV", ".xlsx")
SNIPPETS = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b'""',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\n\n",
    b",,,,",
    b"nan",
    b"1e999",
    b"PK\x03\x04",
    b"PAR1",
    b"ARROW1",
    b"\x1f\x8b",
    b"=1+1",
    b"\xe2\x80\xae",
    b"A" * 70_000,
    b'"' * 999,
    b"," * 5_000,
)


def _files(table: pl.DataFrame) -> Mapping[str, bytes]:
    """`table` in every form that is taken."""
    text, parquet, zipped = csv_of(table), io.BytesIO(), io.BytesIO()
    table.write_parquet(parquet)
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", text)
    return {".csv": text, ".csv.gz": gzip.compress(text), ".zip": zipped.getvalue(), ".parquet": parquet.getvalue()}


def damaged(source: random.Random, content: bytes) -> bytes:
    """`content` with bytes changed, left out, doubled or put in, at one to four places."""
    changed = bytearray(content)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(changed) + 1)
        length = source.choice((0, 1, 2, 64, len(changed) // 2))
        changed[at : at + length] = source.choice((*SNIPPETS, source.randbytes(8), bytes(changed[at : at + 300]) * 2))
    return bytes(changed)


def hostile_files(seed: int, table: pl.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Endings and contents without end: hostile names and cells in sound files, and damaged files."""
    source = random.Random(seed)
    texts, sound = mutated(source), list(_files(table).items())
    while True:
        ending, content = source.choice(sound)
        match source.randrange(4):
            case 0:
                name = source.choice(table.columns)
                cells = [next(texts) for _ in range(table.height)]
                ending, content = source.choice(list(_files(table.with_columns(pl.Series(name, cells))).items()))
            case 1:
                name = next(texts)
                odd = table.rename({source.choice(table.columns): name if name not in table.columns else "x"})
                ending, content = source.choice(list(_files(odd).items()))
            case 2:
                content = damaged(source, content)
            case _:
                ending, content = source.choice(ENDINGS), damaged(source, content)
        yield ending, content


def run(settings: Settings, folder: Path, *, requests: int, seed: int, say: Callable[[str], None]) -> Outcome:
    """Give `requests` hostile files, links, records and cohorts to what reads them, in this process."""
    session = ScoringSession.open(settings.model, embedded.DEFINITION)
    applications = pl.read_parquet(settings.applications, n_rows=40).drop(embedded.TARGET)
    random_pd = [round(0.01 + at / 100, 4) for at in range(40)]
    predictions = pl.DataFrame({"id": range(40), "target": [0, 1] * 20, "pd": random_pd, "region": ["n", "s"] * 20})
    wanted = session.score_frame(applications)
    outcome = Outcome(memory_mb={"before": _memory_mb()})
    texts = mutated(random.Random(seed))
    queries = links(seed)
    readers: list[tuple[str, Callable[[], Any]]] = []
    scored, imported = hostile_files(seed, applications), hostile_files(seed + 1, predictions)

    def score() -> None:
        path = _put(folder, "in", scored)
        try:
            score_file(path, folder / "scores.parquet", session)
        finally:
            path.unlink()

    def bring() -> None:
        path = _put(folder, "predictions", imported)
        try:
            prepare(import_predictions(path, embedded.DEFINITION), cutoffs=[0.1])
        finally:
            path.unlink()

    def follow() -> None:
        from urllib.parse import parse_qs

        read_visit(parse_qs(next(queries), keep_blank_values=True), {}, embedded.DEFINITION, Visit())

    def open_record() -> None:
        read_record(
            damaged(random.Random(outcome.requests), next(texts).encode("utf-8", "replace") * 3), embedded.DEFINITION
        )

    def open_cohorts() -> None:
        read_cohorts(next(texts).encode("utf-8", "replace"), {}, embedded.DEFINITION)

    readers = [
        ("score", score),
        ("import", bring),
        ("link", follow),
        ("record", open_record),
        ("cohorts", open_cohorts),
    ]
    while outcome.requests < requests:
        kind, read = readers[outcome.requests % len(readers)]
        outcome.requests += 1
        try:
            read()
            outcome.answers[f"{kind} taken"] += 1
        except ScoreroomError as error:
            outcome.answers[f"{kind} refused"] += 1
            # A list of faults has one a line, each set in.
            first, *more = str(error).split("\n")
            if not first or not all(line.startswith("  ") for line in more):
                outcome.problems.append(f"{kind}: no sentence: {str(error)[:300]!r}")
        except Exception as error:  # noqa: BLE001 - whatever else comes is what is looked for
            outcome.problems.append(f"{kind}: {type(error).__name__}: {str(error)[:300]}")
        if outcome.requests % 50 == 0:
            outcome.controls += 1
            if not (session.score_frame(applications) == wanted).all():
                outcome.problems.append("control: PDs are others than before")
            say(f"files {outcome.requests:,}/{requests:,}, {len(outcome.problems)} problems")
    outcome.memory_mb |= {
        "after": _memory_mb(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }
    return outcome


def _put(folder: Path, name: str, files: Iterator[tuple[str, bytes]]) -> Path:
    ending, content = next(files)
    path = folder / f"{name}{ending}"
    path.write_bytes(content)
    return path


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6
