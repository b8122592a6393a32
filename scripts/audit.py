"""Ask the OSV database for known vulnerabilities of every package that the locks name, on whatever system.

Exit code 0: asked, and none is known. 1: some are known, and listed. 3: the database could not be asked.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable

from data.settings import ROOT
from scripts._cli import run
from scripts._locks import DEVELOP, RUN, read_lock

DATABASE = "https://api.osv.dev/v1/querybatch"
FOUND, NOT_ASKED = 1, 3
SECONDS = 30
# Also ask about a release known to be vulnerable: if the database lists nothing for it, its answers are useless.
CANARY = ("jinja2", "2.4.1")

Release = tuple[str, str]


class UnusableAnswerError(ValueError):
    """An answer that is not the database's, or not a complete one."""


def main() -> None:
    """Print what is known, and exit by it."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", default=DATABASE, metavar="URL", help=f"where to ask ({DATABASE})")
    database = parser.parse_args().database
    if not database.startswith(("https://", "http://")):
        parser.error("--database must be an http(s) address")
    releases = sorted({(pin.name, pin.version) for lock in (RUN, DEVELOP) for pin in read_lock(ROOT / lock)})
    try:
        known = ask(database, releases)
    except (OSError, http.client.HTTPException, UnusableAnswerError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        print(
            f"Not audited: {database} gave no usable answer ({reason}); run this where it can be reached.",
            file=sys.stderr,
        )
        sys.exit(NOT_ASKED)
    for (name, version), advisories in known.items():
        print(f"{name} {version}: {', '.join(advisories)}")
    if known:
        print(f"{len(known)} of {len(releases)} releases have known vulnerabilities; https://osv.dev/list says which.")
        sys.exit(FOUND)
    print(f"No known vulnerabilities in {len(releases)} releases of {RUN} and {DEVELOP}.")


def ask(database: str, releases: Iterable[Release]) -> dict[Release, list[str]]:
    """The advisories of those releases that have any. Raises OSError and UnusableAnswerError."""
    asked = [CANARY, *releases]
    queries = [{"package": {"ecosystem": "PyPI", "name": name}, "version": version} for name, version in asked]
    request = urllib.request.Request(  # noqa: S310
        database, json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        text = answer.read()
    try:
        results = json.loads(text)["results"]
        # A second page of advisories says no more than the first: the release has some.
        advisories = [[advisory["id"] for advisory in (result or {}).get("vulns") or []] for result in results]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnusableAnswerError("not the answer of an OSV database") from None
    if len(advisories) != len(asked):
        raise UnusableAnswerError(f"{len(advisories)} results to {len(asked)} questions")
    if not advisories[0]:
        raise UnusableAnswerError(f"it knows nothing of {' '.join(CANARY)}, which has known vulnerabilities")
    return {release: found for release, found in zip(asked[1:], advisories[1:], strict=True) if found}


if __name__ == "__main__":
    run(main)
