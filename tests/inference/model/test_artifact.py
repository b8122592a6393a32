from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from data.definition.columns import Unit
from data.definition.definition import Definition, Outcome
from data.home_credit import embedded
from inference.errors import ArtifactError
from inference.features.definition_features import feature_set
from inference.model.artifact import MANIFEST, MODEL_FILES, SCHEMA_VERSION, Manifest, read_verified
from inference.model.build import PublishedModel
from inference.model.training_settings import TrainingSettings
from scripts._embedded import DIRECTIONS, FEATURES


@pytest.fixture
def directory(published: PublishedModel, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published.directory, tmp_path / "model"))


def change(directory: Path, **parts: Any) -> None:
    path = directory / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))


def test_manifest_round_trip(published: PublishedModel) -> None:
    assert Manifest.load(published.directory) == published.manifest


def test_manifest_states_every_file_as_it_is(published: PublishedModel) -> None:
    stated = json.loads((published.directory / MANIFEST).read_text())["files"]
    assert set(stated) == {*MODEL_FILES, "portfolio.toml"}
    for name, record in stated.items():
        content = (published.directory / name).read_bytes()
        assert record == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def test_manifest_states_the_feature_list_and_its_encoding(published: PublishedModel) -> None:
    features = json.loads((published.directory / MANIFEST).read_text())["features"]
    assert [feature["name"] for feature in features] == list(FEATURES.names)
    by_name = {feature["name"]: feature for feature in features}
    assert by_name["credit_to_income"]["sources"] == ["AMT_CREDIT", "AMT_INCOME_TOTAL"]
    levels = embedded.column("NAME_EDUCATION_TYPE").levels
    assert by_name["NAME_EDUCATION_TYPE"]["levels"] == {level: code for code, level in enumerate(levels)}


def test_manifest_states_the_directions_and_what_they_ask_of_features(published: PublishedModel) -> None:
    content = json.loads((published.directory / MANIFEST).read_text())
    assert content["directions"] == dict(DIRECTIONS)
    held = {feature["name"]: feature["constraint"] for feature in content["features"]}
    assert (held["EXT_SOURCE_1"], held["external_1_by_age"], held["credit_to_income"], held["AMT_CREDIT"]) == (
        -1,
        1,
        1,
        0,
    )
    # LightGBM was trained under them: its own text says so.
    (line,) = re.findall(r"\[monotone_constraints: (.*)\]", (published.directory / "model.txt").read_text())
    assert [int(each) for each in line.split(",")] == list(held.values())


def test_what_training_does_not_depend_on_is_taken_over_without_it(published: PublishedModel) -> None:
    content = json.loads((published.directory / MANIFEST).read_text())["sufficiency"]
    assert content == json.loads(json.dumps(asdict(embedded.DEFINITION.sufficiency)))
    current = replace(published.manifest, settings=asdict(TrainingSettings()))
    given = (current.training_data_sha256, current.seed)
    own = embedded.DEFINITION
    changed = replace(
        own,
        columns=tuple(replace(each, label=f"{each.label}!", unit=Unit.NONE, group="All") for each in own.columns),
        currency="EUR",
        sufficiency=replace(own.sufficiency, most_lacking=9),
    )
    assert current.was_trained_from(given[0], feature_set(changed), given[1])
    taken = current.for_definition(feature_set(changed))
    assert taken.definition.digest == changed.digest != own.digest
    assert (taken.sufficiency.most_lacking, taken.features[0].label[-1]) == (9, "!")
    assert taken.files == current.files


@pytest.mark.parametrize(
    "changed",
    [
        replace(embedded.DEFINITION, features=replace(embedded.DEFINITION.features, directions={})),
        replace(
            embedded.DEFINITION,
            features=replace(embedded.DEFINITION.features, derived=embedded.DEFINITION.features.derived[:-1]),
        ),
        replace(embedded.DEFINITION, outcome=Outcome(embedded.TARGET, ("0",), ("1",))),
        replace(embedded.DEFINITION, roles=replace(embedded.DEFINITION.roles, date="DAYS_BIRTH")),
    ],
    ids=["directions", "features", "outcome", "date"],
)
def test_what_training_depends_on_makes_the_model_stale(published: PublishedModel, changed: Definition) -> None:
    current = replace(published.manifest, settings=asdict(TrainingSettings()))
    assert current.was_trained_from(current.training_data_sha256, FEATURES, current.seed)
    assert not current.was_trained_from(current.training_data_sha256, feature_set(changed), current.seed)


def test_no_manifest_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holds no model .* run `make build`"):
        Manifest.load(tmp_path)
    with pytest.raises(ArtifactError, match="holds no model"):
        Manifest.load(tmp_path / "nowhere")


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, None, "1"])
def test_unknown_schema_version_is_named(directory: Path, version: object) -> None:
    change(directory, schema_version=version)
    with pytest.raises(ArtifactError, match=f"schema version {version!r}, but this program reads {SCHEMA_VERSION}"):
        Manifest.load(directory)


@pytest.mark.parametrize("text", ["", "{", "\x00\xff"])
def test_manifest_that_is_no_json(directory: Path, text: str) -> None:
    (directory / MANIFEST).write_text(text)
    with pytest.raises(ArtifactError, match="not JSON"):
        Manifest.load(directory)


@pytest.mark.parametrize("parts", [{"files": None}, {"features": [{"name": "x"}]}, {"surprise": 1}])
def test_manifest_with_a_wrong_part(directory: Path, parts: dict[str, Any]) -> None:
    change(directory, **parts)
    with pytest.raises(ArtifactError, match="a part is missing or wrong"):
        Manifest.load(directory)


def test_verified_bytes_are_the_files_and_a_missing_file_is_none(directory: Path) -> None:
    manifest = Manifest.load(directory)
    assert read_verified(directory, manifest, "model.txt") == (directory / "model.txt").read_bytes()
    (directory / "model.txt").unlink()
    assert read_verified(directory, manifest, "model.txt") is None


def test_one_changed_byte_is_refused(directory: Path) -> None:
    path = directory / "model.txt"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"model\.txt: is not the file that was published .* not opened"):
        read_verified(directory, Manifest.load(directory), "model.txt")


def test_a_file_that_the_manifest_does_not_know_is_refused(directory: Path) -> None:
    files = json.loads((directory / MANIFEST).read_text())["files"]
    change(directory, files={name: record for name, record in files.items() if name != "model.pkl"})
    with pytest.raises(ArtifactError, match=r"model\.pkl: is not the file"):
        read_verified(directory, Manifest.load(directory), "model.pkl")
