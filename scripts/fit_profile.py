"""Fit the statistics behind the synthetic portfolio from a real application table.

Usage: python -m scripts.fit_profile --real FILE [--out data/home_credit/profile.json]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from data.files.convert import read_applications
from data.home_credit import embedded
from data.home_credit.fitting import fit_profile
from data.home_credit.profile import DEFAULT_PATH, save_profile
from scripts._cli import run


def main() -> None:
    """Read the arguments, fit, write, say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fit_profile", description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, required=True, help="a real application table, Parquet or CSV")
    parser.add_argument("--out", type=Path, default=DEFAULT_PATH, help="where to write (default: %(default)s)")
    arguments = parser.parse_args()
    profile = fit_profile(read_applications(arguments.real, embedded.DEFINITION))
    save_profile(profile, arguments.out)
    size = arguments.out.stat().st_size / 1000
    print(f"{arguments.out}: statistics of {profile['n_rows']:,} applications, {size:.0f} kB")


if __name__ == "__main__":
    run(main)
