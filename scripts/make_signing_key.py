"""Make the key that signs what is built, in a file of its own that only its owner may read."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.store.signing import KEY_FILE, make_key
from scripts._cli import run


def main() -> None:
    """Write a key, and say how to use it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.make_signing_key", description=__doc__)
    parser.add_argument("file", type=Path, help="where to write the key; nothing may be there yet")
    path = parser.parse_args().file
    make_key(path)
    print(f"Wrote a key. Set {KEY_FILE}={path.resolve()} wherever Scoreroom builds, serves, backs up or restores.")


if __name__ == "__main__":
    run(main)
