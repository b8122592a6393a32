"""The short form of `python -m scripts.torture`: the same attacks, as many as there is time for."""

from __future__ import annotations

from pathlib import Path

from data.settings import Settings
from tests.hostile import dashboard_fuzz, file_fuzz, service_fuzz
from tests.hostile.shapes import shapes
from tests.hostile.texts import ALL, XSS

SEED = 13
KINDS = 14


def quiet(_: str) -> None:
    """Say nothing."""


def test_the_corpus_is_what_it_is_said_to_be(built: Settings) -> None:
    assert len(XSS) == len(set(XSS)) == 40
    assert len(ALL) == len(set(ALL))
    bodies = service_fuzz.bodies_of(built)
    made = shapes(SEED, 3 * KINDS, bodies)
    assert made == shapes(SEED, 3 * KINDS, bodies)
    assert len({shape.kind for shape in made}) == KINDS


def test_the_service_answers_what_is_documented_and_the_same_pd_as_ever(built: Settings, tmp_path: Path) -> None:
    found = service_fuzz.run(built, tmp_path, requests=20 * KINDS, seed=SEED, say=quiet)
    assert found.problems == []
    assert (found.requests, found.controls) == (20 * KINDS, 20 * KINDS // service_fuzz.CONTROL_EACH + 2)
    assert found.answers["200"] > found.controls


def test_the_dashboard_shows_the_same_figures_as_ever(built: Settings, tmp_path: Path) -> None:
    found = dashboard_fuzz.run(built, tmp_path, requests=10 * KINDS, seed=SEED, say=quiet)
    assert found.problems == []
    assert found.requests == 10 * KINDS


def test_a_hostile_file_is_taken_or_refused_in_a_sentence(built: Settings, tmp_path: Path) -> None:
    found = file_fuzz.run(built, tmp_path, requests=150, seed=SEED, say=quiet)
    assert found.problems == []
    assert found.controls == 3
    assert min(found.answers[f"{kind} refused"] for kind in ("score", "import", "record", "cohorts")) > 5
