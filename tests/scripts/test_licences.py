"""The list of licences, on what is installed here."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from data.settings import ROOT
from scripts import licences
from scripts._locks import RUN, read_lock


def test_every_package_that_runs_is_listed_with_a_licence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["licences"])
    licences.main()
    *rows, summary = (line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines())
    listed = {name: stated for name, _, stated in rows}
    assert {pin.name for pin in read_lock(ROOT / RUN)} - set(listed) == set()
    assert listed["scoreroom"] == "Apache-2.0"
    assert listed["typing-extensions"] == "PSF-2.0"
    assert summary[:2] == [str(len(rows)), "packages;"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: other", "MIT OR Apache-2.0"),
        ("Classifier: License :: OSI Approved :: BSD License\nClassifier: Topic :: X\nLicense: other", "BSD License"),
        ("Classifier: License :: OSI Approved\nLicense: BSD 3-Clause\n        All rights", "BSD 3-Clause"),
        ("Summary: nothing", "not stated"),
    ],
)
def test_the_most_exact_statement_counts(tmp_path: Path, lines: str, expected: str) -> None:
    about = tmp_path / "some-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: some\nVersion: 1.0\n{lines}\n")
    stated = licences.licence(metadata.Distribution.at(about))
    assert stated.startswith(expected)
    assert "\n" not in stated
