"""Take an API key of the scoring service back: its line leaves the file, which a running service reads again."""

from __future__ import annotations

import argparse
from pathlib import Path

from inference.service.keys import remove_key
from scripts._cli import run


def main() -> None:
    """Remove a key from the file."""
    parser = argparse.ArgumentParser(prog="python -m scripts.revoke_api_key", description=__doc__)
    parser.add_argument("name", help="who the key was for")
    parser.add_argument("--file", type=Path, required=True, help="file of keys, the one that SCOREROOM_API_KEYS names")
    arguments = parser.parse_args()
    remove_key(arguments.file, arguments.name)
    print(f"{arguments.name} may not call any more; a running service knows within two seconds.")


if __name__ == "__main__":
    run(main)
