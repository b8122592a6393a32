"""Kill what writes at chosen and random system calls, exchange a model under its readers, and count what is left.

Usage: python -m scripts.study_kills [--kills 200] [--builds 20] [--exchanges 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scripts._cli import count, positive, run, telling
from scripts._kills import Portfolios, kill_at_calls, read_while_exchanging, writing


def main() -> None:
    """Kill, exchange, print the figures; ends with 1 where anything was left that should not be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.study_kills", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=positive, default=200, help="in all (default: %(default)s)")
    parser.add_argument("--builds", type=count, default=20, help="of them during whole builds (default: %(default)s)")
    parser.add_argument("--exchanges", type=positive, default=200, help="of a model (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    arguments = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory(prefix="kills-") as name, telling("Kills") as say:
        say("building two portfolios")
        portfolios = Portfolios.make(Path(name) / "template")
        left = max(arguments.kills - arguments.builds, 0)
        # A file is replaced in fewer calls than that: what is left over falls to the rollbacks.
        shares = [min(left // 5, 30), min(left // 5, 50), left // 4, 0, arguments.builds]
        shares[3] = left - sum(shares[:3])
        makers = [
            lambda: writing("file"),
            lambda: writing("folder"),
            portfolios.promoting,
            portfolios.rolling_back,
            portfolios.building,
        ]
        for make, kills in zip(makers, shares, strict=True):
            if kills:
                work = make()
                say(work.name)
                tally = kill_at_calls(work, kills, arguments.seed)
                print(tally.text(), flush=True)
                faults += tally.faults
        say("exchanging a model under its readers")
        model = Path(name) / "template" / "model"
        kept = Path(name) / "template" / "processed" / "previous" / "model"
        reads = read_while_exchanging(model, kept, arguments.exchanges)
        print(
            f"readers: {reads.opened:,} opened a model during {reads.exchanges} exchanges, {len(reads.models)} models "
            f"seen, {len(reads.failures)} failed"
        )
    print(*faults, *reads.failures, sep="\n", end="")
    sys.exit(bool(faults or reads.failures))


if __name__ == "__main__":
    run(main)
