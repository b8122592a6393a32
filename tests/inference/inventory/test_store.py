"""What is published is read back, whole or not at all; what is stale or damaged is said and not used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.errors import FileError
from data.settings import Settings
from inference.inventory.entry import CHAMPION, InventoryError, ModelEntry, ModelKind, UnknownModelError
from inference.inventory.store import (
    check_free,
    delete,
    find_model,
    folder_of_model,
    inventory_version,
    list_models,
    look_through,
    open_model,
    publish,
    read_rows,
    read_scores,
    rename,
)
from inference.model.artifact import ENTRY, MANIFEST, SCORES
from scripts._kills import Portfolios, settings_in


def rows_of(settings: Settings, pd: float = 0.125) -> pl.DataFrame:
    ids = pl.read_parquet(settings.predictions)["application_id"]
    return pl.DataFrame({"application_id": ids}).with_columns(
        pl.lit(pd).alias("default_probability"), pl.lit(None, pl.UInt8).alias("fold")
    )


def an_entry(settings: Settings, name: str, **others: object) -> ModelEntry:
    found = find_model(settings, CHAMPION)
    entry = ModelEntry(name, ModelKind.SCORE, "as imported", "By hand.", found.data_sha256, "2026-01-02T03:04:05+00:00")
    return replace(entry, **others)  # type: ignore[arg-type]


def test_the_champion_is_first_and_says_what_its_files_say(untouched: Settings) -> None:
    champion, lean = list_models(untouched)
    predictions = pl.read_parquet(untouched.predictions)
    assert (champion.name, champion.kind, champion.how) == (CHAMPION, ModelKind.LIGHTGBM, "out of fold")
    assert (champion.is_monotone, champion.can_score, champion.can_explain, champion.is_stale) == (True,) * 3 + (False,)
    assert champion.n_features is not None
    assert read_scores(untouched, CHAMPION).equals(predictions["default_probability"])
    assert lean == find_model(untouched, "lean")
    assert read_rows(untouched, "lean")["application_id"].equals(predictions["application_id"])
    assert lean.n_features is not None
    assert lean.n_features < champion.n_features


def test_what_is_published_is_read_back(settings: Settings) -> None:
    before = inventory_version(settings)
    rows = rows_of(settings).with_columns(pl.Series("default_probability", np.full(1_000, 0.16, dtype=np.float32)))
    made = publish(settings, an_entry(settings, "b.2"), {}, rows)
    assert find_model(settings, "b.2") == made
    # A Float32 is the decimal that names it.
    assert read_scores(settings, "b.2").unique().to_list() == [0.16]
    assert [entry.name for entry in list_models(settings)] == [CHAMPION, "b.2", "lean"]
    assert inventory_version(settings) != before
    with pytest.raises(InventoryError, match=r"Only the scores of model .* are known"):
        open_model(settings, "b.2")


def test_a_name_is_taken_once_unless_it_is_to_be_replaced(settings: Settings) -> None:
    with pytest.raises(InventoryError, match="There is a model called 'lean' already"):
        publish(settings, an_entry(settings, "lean"), {}, rows_of(settings))
    publish(settings, an_entry(settings, "lean"), {}, rows_of(settings, 0.5), replaces=True)
    assert read_scores(settings, "lean").unique().to_list() == [0.5]
    folder_of_model(settings, "notes").mkdir()
    with pytest.raises(InventoryError, match="'notes' already"):
        check_free(settings, "notes", replaces=True)


def test_the_folder_of_a_portfolios_own_champion_is_no_other_model(untouched: Settings) -> None:
    own = replace(untouched, model=untouched.processed / "models" / "lean")
    assert [entry.name for entry in look_through(own)[0]] == [CHAMPION]
    with pytest.raises(InventoryError, match="'lean' always means the model in service"):
        check_free(own, "lean", replaces=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.head(999), "there are 999 for 1,000 rows"),
        (lambda rows: rows.reverse(), "or in other order"),
        (lambda rows: rows.with_columns(default_probability=pl.lit(float("nan"))), "1,000 of 1,000 are no PD"),
        (lambda rows: rows.with_columns(default_probability=pl.lit(None, pl.Float64)), "1,000 of 1,000 are no PD"),
        (lambda rows: rows.with_columns(default_probability=pl.lit(1.5)), "1,000 of 1,000 are no PD"),
        (lambda rows: rows.drop("fold"), "column fold is missing"),
    ],
)
def test_scores_that_are_none_are_refused(
    untouched: Settings, change: Callable[[pl.DataFrame], pl.DataFrame], said: str
) -> None:
    with pytest.raises(InventoryError, match=rf"'odd' cannot be kept: .*{said}.*; nothing was published"):
        publish(untouched, an_entry(untouched, "odd"), {}, change(rows_of(untouched)))
    assert not folder_of_model(untouched, "odd").exists()


def test_files_are_those_that_the_manifest_says(untouched: Settings) -> None:
    folder = folder_of_model(untouched, "lean")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name, content in (("model.onnx", b"another"), ("model.txt", None)):
        given = {**files, name: content} if content else {key: value for key, value in files.items() if key != name}
        with pytest.raises(InventoryError, match=f"{name} of model 'odd' is not what its manifest says"):
            publish(untouched, an_entry(untouched, "odd"), given, rows_of(untouched))


def test_a_full_disk_leaves_nothing(settings: Settings) -> None:
    """A limit on the size of files fails the write of the second one as a full disk does."""
    import resource
    import signal

    entry, rows = an_entry(settings, "big"), rows_of(settings)
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
        with pytest.raises(FileError, match=r"models/big: cannot be written \(File too large\)"):
            publish(settings, entry, {"a": bytes(1_000), "b": bytes(50_000)}, rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in (settings.processed / "models").iterdir()] == ["lean"]


def test_unknown_names_are_said_with_those_that_there_are(untouched: Settings) -> None:
    for name in ("nobody", "../models/lean", "", "lean/"):
        with pytest.raises(UnknownModelError, match=r"There is no model called '.*'; there are champion, lean\."):
            read_scores(untouched, name)


def test_renaming_keeps_scores_and_lineage(settings: Settings) -> None:
    before = read_scores(settings, "lean")
    publish(settings, an_entry(settings, "child", parent="lean"), {}, rows_of(settings))
    assert rename(settings, "lean", "slim").name == "slim"
    assert read_scores(settings, "slim").equals(before)
    assert find_model(settings, "child").parent == "slim"
    assert [entry.name for entry in list_models(settings)] == [CHAMPION, "child", "slim"]
    for name, new, said in (
        ("slim", "child", "already"),
        ("slim", "..", "cannot be a model's name"),
        (CHAMPION, "old", "cannot be renamed"),
        ("lean", "new", "no model called"),
    ):
        with pytest.raises(InventoryError, match=said):
            rename(settings, name, new)


def test_deleting_removes_one_model_and_never_the_champion(settings: Settings) -> None:
    delete(settings, "lean")
    assert [entry.name for entry in list_models(settings)] == [CHAMPION]
    assert list((settings.processed / "models").iterdir()) == []
    with pytest.raises(UnknownModelError, match="there are champion"):
        delete(settings, "lean")
    with pytest.raises(InventoryError, match="cannot be deleted"):
        delete(settings, CHAMPION)


def test_a_damaged_model_is_said_and_can_be_deleted(settings: Settings) -> None:
    folder = folder_of_model(settings, "lean")
    whole = (folder / SCORES).read_bytes()
    (folder / SCORES).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InventoryError, match=r"scores\.parquet: cannot be used \(it is not the file that was pub"):
        read_scores(settings, "lean")
    (folder / ENTRY).write_bytes(b"{}")
    entries, faults = look_through(settings)
    assert [entry.name for entry in entries] == [CHAMPION]
    assert list(faults) == ["lean"]
    with pytest.raises(InventoryError, match=r"entry\.json: cannot be used"):
        find_model(settings, "lean")
    delete(settings, "lean")
    assert look_through(settings)[1] == {}


def test_models_of_other_applications_are_listed_and_not_used(settings: Settings, portfolios: Portfolios) -> None:
    """The earlier portfolio has as many rows with the same ids, and other values."""
    earlier = settings_in(settings.processed.parent, portfolios.SEEDS[0])
    for name in ("applications.parquet", "predictions.parquet", "portfolio.json"):
        shutil.copy2(settings.processed / "previous" / name, settings.processed / name)
    assert [(entry.name, entry.is_stale) for entry in list_models(earlier)] == [(CHAMPION, False), ("lean", True)]
    for use in (read_scores, open_model):
        with pytest.raises(InventoryError, match="'lean' was scored on other applications than those at hand"):
            use(earlier, "lean")


def test_there_is_nothing_to_list_before_anything_was_built(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there are no predictions yet; run `make build`"):
        list_models(settings_in(tmp_path, 1))


def test_a_table_without_a_model_has_its_score_for_champion(settings: Settings) -> None:
    shutil.rmtree(settings.model)
    champion = find_model(settings, CHAMPION)
    assert (champion.kind, champion.can_score, champion.can_explain, champion.model) == ("score", False, False, "")
    assert not (settings.model / MANIFEST).exists()
