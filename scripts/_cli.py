"""What every script shares: one sentence and exit code 2 for bad input, and a progress bar that names its step."""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from data.errors import DataError, SettingError
from data.raw import unused_notice
from data.settings import Settings

BAD_INPUT = 2
Advance = Callable[[int, int], None]


def run(main: Callable[[], None]) -> None:
    """Call `main`; what is wrong with the input is said in one sentence on stderr, with exit code 2."""
    # A request to end is like a keyboard's: what was begun beside its place is cleaned up on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except DataError as error:
        # Names in it come out of files: they are no orders to the terminal.
        print("".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in str(error)), file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        print("Stopped; nothing half-written was left behind.", file=sys.stderr)
        sys.exit(130)


def port(text: str) -> int:
    """A TCP port out of a command line."""
    number = int(text)
    if not 0 < number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text} is no port; name one from 1 to 65535")
    return number


def count(text: str, least: int = 0) -> int:
    """A whole number of at least `least` out of a command line."""
    number = int(text)
    if number < least:
        raise argparse.ArgumentTypeError(f"{text} is below {least}")
    return number


def positive(text: str) -> int:
    """A whole number above 0 out of a command line."""
    return count(text, 1)


def check_port(number: int, host: str = "127.0.0.1") -> None:
    """Raise SettingError where the port of `host` cannot be listened on, before any work is done for it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: a port that a server left a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            raise SettingError.from_taken_port(host, number, error.strerror or str(error)) from None


def say_unused(settings: Settings) -> None:
    """Say which files in the raw folder are not used, where there are any."""
    notice = unused_notice(settings.raw)
    if notice:
        print(f"Notice: {notice}", flush=True)


@contextmanager
def progress(title: str) -> Iterator[Advance]:
    """A bar on stderr called `title`; the yielded function takes (done, total) and moves it."""
    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=28),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        # A file's name may hold what the console takes for markup.
        task = bar.add_task(escape(title), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def telling(title: str) -> Iterator[Callable[[str], None]]:
    """On stderr, what `title` is at now, which the yielded function takes: one line that changes, or a line each time.

    The latter where stderr is no terminal, so that a log tells the same.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda now: console.print(f"{title}: {now}", markup=False, highlight=False, soft_wrap=True)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as line:
        task = line.add_task(title, total=None)
        yield lambda now: line.update(task, description=f"{title}: {now}")
