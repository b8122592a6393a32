"""One root for every error of the package, and none without a sentence."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from data.settings import ROOT
from inference import errors
from inference.errors import ArtifactError, ContributionsError, FeatureError, InferenceError, TrainingError

# What a client sent was wrong: no fault of the service, as every `InferenceError` in a request is.
OF_CLIENTS = {"ProblemError", "OtherFormatError"}


def bases_of_errors() -> dict[str, str]:
    """The base of each class of the package that is called an error."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "inference").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                (base,) = node.bases
                found[node.name] = ast.unparse(base)
    return found


def test_every_error_has_the_one_root() -> None:
    bases = bases_of_errors()

    def root_of(name: str) -> str:
        return name if name == InferenceError.__name__ or name not in bases else root_of(bases[name])

    assert {name for name in bases if root_of(name) != InferenceError.__name__} == OF_CLIENTS
    assert {"BackupError", "KeyFileError", "RecordError", "ReferredError"} < bases.keys()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            FeatureError.from_bad_value("AMT_CREDIT", "7", "a number"),
            "Column AMT_CREDIT holds '7' (str); expected a number or nothing.",
        ),
        (
            FeatureError.from_unknown_keys(["b", "a"]),
            "The application table has no column 'a', 'b'; leave it out or correct its spelling "
            "(`portfolio.toml` lists the columns).",
        ),
        (
            TrainingError.from_target(12_000, 7, 5, 25),
            "The table holds 12,000 repaid and 7 defaulted applications; at least 25 of each are needed for 5 folds.",
        ),
        (
            ArtifactError.from_missing(Path("models/a")),
            "models/a: holds no model (no manifest.json); run `make build` or name another directory.",
        ),
        (
            ContributionsError.from_missing(Path("c.parquet")),
            "c.parquet: no contributions have been computed yet; run `make build`.",
        ),
    ],
)
def test_what_where_and_what_to_do(error: InferenceError, sentence: str) -> None:
    assert str(error) == sentence


def test_a_constructor_is_used_in_more_than_one_place() -> None:
    """Where it is not, the message stands better where it is raised."""
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("inference", "dashboard", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
    )
    tree = ast.parse(Path(errors.__file__).read_text(encoding="utf-8"))
    names = [
        f"{kind.name}.{each.name}("
        for kind in tree.body
        if isinstance(kind, ast.ClassDef)
        for each in kind.body
        if isinstance(each, ast.FunctionDef)
    ]
    assert len(names) > 10
    assert [name for name in names if text.count(name) < 2] == []
