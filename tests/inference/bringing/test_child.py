from __future__ import annotations

from pathlib import Path

import pytest

from inference.bringing.child import Child
from inference.bringing.errors import BringingError
from inference.bringing.kinds import FileKind, ModelFile
from inference.bringing.readers import Asked, Facts

NESTED = b'{"learner":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
ABSURD = b"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
ABSURD += b"objective=binary sigmoid:1\nfeature_names=a b\nfeature_infos=none none\n\nTree=0\nnum_leaves=2000000000\n"
ABSURD += b"num_cat=0\nsplit_feature=0\nthreshold=1\ndecision_type=2\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n\n"
ABSURD += b"end of trees\n"


def facts(kind: FileKind, content: bytes, *, memory_mb: int = 6_000, seconds: int = 60) -> Facts:
    with Child(ModelFile(kind, content), Asked(kind), memory_mb=memory_mb, seconds=seconds) as child:
        folder = child.folder
        try:
            return child.facts()
        finally:
            assert folder.exists()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (FileKind.XGBOOST, NESTED),
        (FileKind.XGBOOST, b'{"learner":{"gradient_booster":1e999}}'),
        (FileKind.XGBOOST, b"{L" + b"\xff" * 500),
        (FileKind.LIGHTGBM, ABSURD),
        (FileKind.LIGHTGBM, b"tree\nversion=v4\n" + b"\xff" * 100),
        (FileKind.CATBOOST, b"CBM1" + b"\xff" * 1_000),
        (FileKind.ONNX, b"\x08\x08" + b"\xff" * 100),
    ],
    ids=["nested", "huge number", "ubj", "absurd leaves", "no text", "cbm", "onnx"],
)
def test_damaged_and_hostile_files_become_a_sentence(kind: FileKind, content: bytes) -> None:
    with pytest.raises(BringingError) as caught:
        facts(kind, content)
    sentence = str(caught.value)
    assert sentence.startswith(("The file is refused", "The file cannot be read", "The file is no whole"))
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_a_file_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(BringingError, match="took more than 1 seconds; set SCOREROOM_IMPORT_SECONDS"):
        # Starting Python and importing its libraries takes longer.
        facts(FileKind.SKOPS, b"PK\x03\x04", seconds=1)


def test_a_file_that_takes_too_much_memory_is_given_up() -> None:
    with pytest.raises(BringingError, match=r"refused|cannot be read"):
        facts(FileKind.LIGHTGBM, b"tree\nversion=v4\n", memory_mb=100)


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(BringingError):
        facts(FileKind.ONNX, b"\x08\x08garbage")
    assert list(tmp_path.iterdir()) == []
