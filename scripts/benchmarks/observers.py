"""Observers around a function, which note its time, what it calls or where it spends it, and reading the notes."""

from __future__ import annotations

import cProfile
import io
import itertools
import json
import pstats
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path

from data.settings import ROOT

Run = Callable[..., None]
Observe = Callable[[Run, Path], Run]

COSTS, SAMPLES = ".prof", ".json"
INTERVAL_S = 0.001
# A function that takes less of the whole than this is part of its caller in the flame graph.
LEAST_SHARE = 0.001


def timed(run: Run, path: Path) -> Run:
    """`run`, with the milliseconds of each call appended to the file `path`, a line each."""

    def observed(*arguments: object) -> None:
        start = time.perf_counter()
        run(*arguments)
        taken = 1e3 * (time.perf_counter() - start)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{taken:.3f}\n")

    return observed


def profiled(run: Run, folder: Path) -> Run:
    """`run`, with cProfile's statistics of each call in a file of its own in `folder`."""
    numbers = itertools.count()

    def observed(*arguments: object) -> None:
        profiler = cProfile.Profile()
        profiler.runcall(run, *arguments)
        with _whole_file(folder, next(numbers), COSTS) as path:
            profiler.dump_stats(path)

    return observed


def sampled(run: Run, folder: Path) -> Run:
    """`run`, with the stacks that it was met in, each millisecond of a call, in a file of its own in `folder`."""
    # Not at import: the server whose runs are only timed has no use for it.
    from pyinstrument import Profiler

    numbers = itertools.count()

    def observed(*arguments: object) -> None:
        profiler = Profiler(INTERVAL_S, async_mode="disabled")
        with profiler:
            run(*arguments)
        with _whole_file(folder, next(numbers), SAMPLES) as path:
            if profiler.last_session:
                profiler.last_session.save(path)

    return observed


OBSERVERS: Mapping[str, Observe] = {"times": timed, "profile": profiled, "sample": sampled}


def noted(folder: Path) -> list[Path]:
    """The files that `profiled` or `sampled` wrote in `folder`, a call each, in the order of the calls."""
    return sorted(path for path in folder.glob("*") if path.suffix in {COSTS, SAMPLES})


def cost_table(profiles: Sequence[Path], top: int) -> str:
    """cProfile's table of what `profiled` noted in `profiles`, added up: the `top` costliest lines."""
    text = io.StringIO()
    pstats.Stats(*map(str, profiles), stream=text).sort_stats("cumulative").print_stats(top)
    # The names of the files noted come first, and say nothing to anybody.
    return relative(text.getvalue().partition("\n\n")[2].rstrip())


def flame_graph(samples: Sequence[Path], title: str) -> str:
    """What `sampled` noted in `samples`, added up, as a file for speedscope (JSON)."""
    from pyinstrument.processors import aggregate_repeated_calls
    from pyinstrument.renderers import SpeedscopeRenderer
    from pyinstrument.session import Session

    renderer = SpeedscopeRenderer(processor_options={"filter_threshold": LEAST_SHARE})
    # Samples of calls far shorter than a millisecond tell shares and no order, so equal stacks become one.
    renderer.processors.insert(0, aggregate_repeated_calls)
    drawn = json.loads(renderer.render(reduce(Session.combine, map(Session.load, samples))))
    drawn["name"] = drawn["profiles"][0]["name"] = title
    for frame in drawn["shared"]["frames"]:
        frame["file"] = frame["file"] and relative(frame["file"])
    return json.dumps(drawn)


def relative(text: str) -> str:
    """`text` with paths as they are read in a checkout, the same on every machine."""
    return text.replace(f"{ROOT}/", "")


@contextmanager
def _whole_file(folder: Path, number: int, suffix: str) -> Iterator[Path]:
    """A path to write to, which gets its name once it is written: whoever looks meanwhile meets no half file."""
    part = folder / f"{number:06}.part"
    yield part
    part.replace(part.with_suffix(suffix))
