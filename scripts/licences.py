"""List every installed package with the licence that its metadata states."""

from __future__ import annotations

import argparse
from importlib.metadata import Distribution, distributions

from scripts._locks import normalised

NOT_STATED = "not stated"


def main() -> None:
    """One line a package."""
    argparse.ArgumentParser(prog="python -m scripts.licences", description=__doc__).parse_args()
    rows = sorted({(normalised(each.name), each.version, licence(each)) for each in distributions()})
    width = max(len(name) for name, _, _ in rows)
    for name, version, stated in rows:
        print(f"{name:<{width}}  {version:<18}  {stated}")
    silent = [name for name, _, stated in rows if stated == NOT_STATED]
    print(f"{len(rows)} packages; {', '.join(silent) or 'none'} without a stated licence")


def licence(package: Distribution) -> str:
    """The SPDX expression if there is one, else the licence classifiers, else the first line of the licence field."""
    metadata = package.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [text for text in metadata.get_all("Classifier", []) if text.startswith("License :: ")]
    named = [text.split(" :: ")[-1] for text in classifiers if text != "License :: OSI Approved"]
    text = metadata["License"].strip() if "License" in metadata else ""
    return ", ".join(named) or text.split("\n")[0] or NOT_STATED


if __name__ == "__main__":
    main()
