"""Make an API key for the scoring service: the key is shown once, its digest is added to a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from inference.service.keys import ALL_SCOPES, SCOPE_NAMES, add_key, parse_expiry, parse_scopes
from scripts._cli import run


def main() -> None:
    """Add a key to the file and show it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.make_api_key", description=__doc__)
    parser.add_argument("name", help="who the key is for; it stands in the log, the key does not")
    parser.add_argument("--file", type=Path, required=True, help="file of keys, which SCOREROOM_API_KEYS then names")
    parser.add_argument("--expires", metavar="DATE", help="last day in UTC, such as 2027-01-31; without one, no end")
    parser.add_argument(
        "--scope", help=f"what it is for: some of {','.join(SCOPE_NAMES)}; without one, all but champion"
    )
    arguments = parser.parse_args()
    expires = None if arguments.expires is None else parse_expiry(arguments.expires)
    scopes = ALL_SCOPES if arguments.scope is None else parse_scopes(arguments.scope)
    print(add_key(arguments.file, arguments.name, expires=expires, scopes=scopes))


if __name__ == "__main__":
    run(main)
