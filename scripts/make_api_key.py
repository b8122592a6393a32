"""Make an API key for the scoring service: the key is shown once, its digest is added to a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from inference.service.keys import add_key
from scripts._cli import run


def main() -> None:
    """Add a key to the file and show it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.make_api_key", description=__doc__)
    parser.add_argument("name", help="who the key is for; it stands in the log, the key does not")
    parser.add_argument("--file", type=Path, required=True, help="file of keys, which SCOREROOM_API_KEYS then names")
    arguments = parser.parse_args()
    print(add_key(arguments.file, arguments.name))


if __name__ == "__main__":
    run(main)
