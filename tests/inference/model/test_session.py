from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from data.definition.definition import Outcome
from data.home_credit import embedded
from data.settings import ROOT
from inference.errors import ArtifactError, FeatureError, ProviderError
from inference.model.artifact import MANIFEST
from inference.model.build import PublishedModel
from inference.model.session import ScoringSession
from scripts._embedded import FEATURES


@pytest.fixture
def directory(published: PublishedModel, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published.directory, tmp_path / "model"))


@pytest.fixture(scope="module")
def session(published: PublishedModel) -> ScoringSession:
    return ScoringSession.open(published.directory, embedded.DEFINITION)


def test_onnx_is_used_where_it_is_there(session: ScoringSession) -> None:
    assert (session.backend, session.fallback_reason) == ("model.onnx", "")


def test_single_row_frame_and_matrix_agree(session: ScoringSession, applications: pl.DataFrame) -> None:
    some = applications.head(200)
    whole = session.score_frame(some)
    assert whole.dtype == np.float32
    # One application's PD is the decimal that the float32 of a table names.
    assert [session.score(row) for row in some.to_dicts()] == [float(str(pd)) for pd in whole]
    assert session.score_matrix(FEATURES.matrix(some)).tolist() == whole.tolist()


def test_scores_separate_as_the_trained_model_did(session: ScoringSession, applications: pl.DataFrame) -> None:
    scores, target = session.score_frame(applications), applications["TARGET"].to_numpy()
    assert scores[target == 1].mean() > 1.2 * scores[target == 0].mean()
    assert ((scores > 0) & (scores < 1)).all()


@pytest.mark.parametrize(
    ("removed", "backend", "reason"),
    [
        (["model.onnx"], "model.txt", "model.onnx missing"),
        (["model.onnx", "model.txt"], "model.pkl", "model.onnx and model.txt missing"),
    ],
)
def test_fallback_says_which_and_why_and_scores_the_same(
    directory: Path, session: ScoringSession, applications: pl.DataFrame, removed: list[str], backend: str, reason: str
) -> None:
    for name in removed:
        (directory / name).unlink()
    fallback = ScoringSession.open(directory, embedded.DEFINITION, allow_pickle=True)
    assert fallback.backend == backend
    assert reason in fallback.fallback_reason
    np.testing.assert_array_equal(fallback.score_frame(applications), session.score_frame(applications))
    row = applications.row(0, named=True)
    assert fallback.score(row) == session.score(row)


def test_no_model_file_at_all(directory: Path) -> None:
    for name in ("model.onnx", "model.txt", "model.pkl"):
        (directory / name).unlink()
    with pytest.raises(ArtifactError, match=r"has none of model\.onnx, model\.txt, model\.pkl"):
        ScoringSession.open(directory, embedded.DEFINITION)


@pytest.mark.parametrize("name", ["model.onnx", "model.txt"])
def test_altered_file_is_an_error_and_no_fallback(directory: Path, name: str) -> None:
    if name == "model.txt":
        (directory / "model.onnx").unlink()
    with (directory / name).open("ab") as stream:
        stream.write(b"\n")
    with pytest.raises(ArtifactError, match=f"{name}: is not the file that was published"):
        ScoringSession.open(directory, embedded.DEFINITION)


class Malicious:
    """Unpickling it writes a file."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.witness,)


def test_pickle_of_another_digest_is_never_unpickled(directory: Path, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    for name in ("model.onnx", "model.txt"):
        (directory / name).unlink()
    content = pickle.dumps(Malicious(witness))
    (directory / "model.pkl").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"model\.pkl: is not the file that was published"):
        ScoringSession.open(directory, embedded.DEFINITION, allow_pickle=True)
    assert not witness.exists()
    pickle.loads(content)
    assert witness.exists(), "the pickle must be one that would have acted"


def test_pickle_is_not_opened_unasked_though_the_manifest_vouches_for_it(directory: Path, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    for name in ("model.onnx", "model.txt"):
        (directory / name).unlink()
    content = pickle.dumps(Malicious(witness))
    (directory / "model.pkl").write_bytes(content)
    told = json.loads((directory / MANIFEST).read_bytes())
    told["files"]["model.pkl"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    (directory / MANIFEST).write_text(json.dumps(told))
    with pytest.raises(ArtifactError, match=r"model\.onnx and model\.txt are missing, and model\.pkl is not opened"):
        ScoringSession.open(directory, embedded.DEFINITION)
    assert not witness.exists()


def test_unknown_provider_lists_those_available(published: PublishedModel) -> None:
    with pytest.raises(ProviderError, match=r"'QuantumProvider' is not available; available here: .*CPUExecution"):
        ScoringSession.open(published.directory, embedded.DEFINITION, provider="QuantumProvider")


def test_model_of_another_feature_list_is_refused(directory: Path) -> None:
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "features_sha256": "0" * 64}))
    with pytest.raises(ArtifactError, match="another feature list"):
        ScoringSession.open(directory, embedded.DEFINITION)


def test_model_of_another_definition_is_refused(directory: Path) -> None:
    outcome = Outcome(embedded.TARGET, ("0",), ("1",))
    other = replace(embedded.DEFINITION, name="Car loans", outcome=outcome)
    with pytest.raises(ArtifactError, match=r"another definition \(Home Credit Default Risk\).*in use \(Car loans\)"):
        ScoringSession.open(directory, other)


def test_matrix_of_another_width_is_refused(session: ScoringSession) -> None:
    with pytest.raises(FeatureError, match=f"has 3 columns; the model takes {len(FEATURES.names)}"):
        session.score_matrix(np.zeros((2, 3), dtype=np.float32))


def test_no_rows_give_no_scores(session: ScoringSession, applications: pl.DataFrame) -> None:
    assert session.score_frame(applications.head(0)).shape == (0,)


def test_parts_and_threads_do_not_change_a_score(
    published: PublishedModel, session: ScoringSession, applications: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = session.score_frame(applications)
    monkeypatch.setattr("inference.model.session.CHUNK_ROWS", 400)
    for threads in (1, 3):
        found = ScoringSession.open(published.directory, embedded.DEFINITION, threads=threads).score_frame(applications)
        np.testing.assert_array_equal(found, expected)


def test_one_session_serves_many_threads_at_once(session: ScoringSession, applications: pl.DataFrame) -> None:
    rows = applications.head(300).to_dicts()
    expected = [session.score(row) for row in rows]

    def all_rows(start: int) -> list[float]:
        order = [*range(start, len(rows)), *range(start)]
        scores = {index: session.score(rows[index]) for index in order}
        if start % 2:
            scores[0] = float(str(session.score_frame(applications.head(1))[0]))
        return [scores[index] for index in range(len(rows))]

    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(all_rows, range(0, 64, 3)))


def test_opening_and_scoring_loads_neither_lightgbm_nor_pandas_nor_sklearn(published: PublishedModel) -> None:
    program = (
        "import sys; from pathlib import Path; from inference.model.session import ScoringSession\n"
        "from data.home_credit import embedded\n"
        "session = ScoringSession.open(Path(sys.argv[1]), embedded.DEFINITION); session.score({'AMT_CREDIT': 1.0})\n"
        "print(*sorted({'lightgbm', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(published.directory)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
