"""Shared by all scripts: one sentence and exit code 2 for bad input, and a progress bar that names its step."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from data.definition.at_hand import load_definition
from data.errors import ScoreroomError, SettingError
from data.files.raw import unused_notice
from data.predictions.brought import brought_score, why_no_score
from data.predictions.roles.answers import NOTHING_SAID
from data.predictions.roles.flags import answers_of, offer_answers
from data.reading.said import HELP
from data.settings import Settings
from data.store.opening import is_there
from inference.publishing.pipeline import why_no_model
from inference.publishing.staging import read_hold
from inference.serving.gate import EVERYWHERE
from inference.serving.settings import WebSettings


class NoModelError(ScoreroomError):
    """A portfolio on which no model can be trained, asked for one."""


BAD_INPUT, STOPPED = 2, 130
LOOPBACK = ("127.0.0.1", "localhost", "::1")
Advance = Callable[[int, int], None]
# Who is told the title of each step and how far it is, besides the terminal (`scripts._ordered`).
listeners: list[Callable[[str, int, int], None]] = []


def run(main: Callable[[], None]) -> None:
    """Call `main`; bad input becomes one sentence on stderr and exit code 2."""
    # Treat SIGTERM like Ctrl-C, so that temporary files are cleaned up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except (ScoreroomError, OSError) as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        print("Stopped; nothing half-written was left behind.", file=sys.stderr)
        sys.exit(STOPPED)


def sentence_of(error: Exception) -> str | None:
    """What `error` tells a user; None where it is a bug."""
    if isinstance(error, OSError) and error.filename is not None:
        # Only errors about a named path are the user's to fix.
        named = error.filename if isinstance(error.filename, str) else os.fsdecode(error.filename)
        return f"{named}: {error.strerror}; check the path and its rights."
    if isinstance(error, ScoreroomError):
        # Names come from files and must not control the terminal.
        return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in str(error))
    return None


def offer_portfolio(parser: argparse.ArgumentParser) -> None:
    """Add `--portfolio FOLDER`, put in force by `SCOREROOM_PORTFOLIO`, which processes started from here inherit."""
    parser.add_argument(
        "--portfolio", metavar="FOLDER", action=_Portfolio, help="a folder with a portfolio.toml (the embedded default)"
    )


def offer_reading(parser: argparse.ArgumentParser) -> None:
    """Add `--read KEY=VALUE`, which says how a file is written where that is not as it looks."""
    keys = "; ".join(f"{key}: {what}" for key, what in HELP.items())
    parser.add_argument(
        "--read",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"how the file is written, if it is not as it looks; may be repeated ({keys})".replace("%", "%%"),
    )


def offer_predictions(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Add FILE, with `--predictions` or without, and the flags that say how it is written and what its columns are."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the same as --predictions FILE")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help=help_text)
    offer_answers(parser)
    offer_reading(parser)


def take_predictions(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Let `arguments.predictions` be the file, however it was named; flags of a file without one are bad input."""
    if arguments.file is not None:
        if arguments.predictions is not None:
            parser.error("name the file once, with or without --predictions")
        arguments.predictions = arguments.file
    if arguments.predictions is None and answers_of(arguments) != NOTHING_SAID:
        parser.error("--map and the like say what columns of FILE are; name the file too")
    if arguments.predictions is None and arguments.read:
        parser.error("--read says how FILE is written; name the file too")


class _Portfolio(argparse.Action):
    """Put the folder in force as soon as it is read: settings are loaded after that."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        folder = Path(str(values)).resolve()
        setattr(namespace, self.dest, folder)
        os.environ["SCOREROOM_PORTFOLIO"] = str(folder)


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
            reason = error.strerror or str(error)
            raise SettingError(
                f"Port {number} of {host} cannot be listened on ({reason}); name another one with --port, or another "
                "address with --host."
            ) from None


def address_of(host: str, number: int, web: WebSettings) -> str:
    """Where a browser on this machine finds what listens on `host` and a port, or where one elsewhere does."""
    shown = "localhost" if host in (*LOOPBACK, *EVERYWHERE) else f"[{host}]" if ":" in host else host
    return f"{'http' if web.tls is None else 'https'}://{shown}:{number}{web.base_path}"


def say_notices(settings: Settings) -> None:
    """Say which files in the raw folder are not used, that builds are held, and why no model was trained."""
    hold = read_hold(settings)
    for notice in (unused_notice(settings.raw), hold.notice() if hold else ""):
        if notice:
            print(f"Notice: {notice}", flush=True)
    definition = load_definition(settings)
    if reason := why_no_model(settings, definition):
        score = brought_score(definition)
        shown = why_no_score(definition) if score is None else f"PDs are those of {score.column}, as imported."
        print(f"{reason} {shown}", flush=True)


def check_trainable(settings: Settings) -> None:
    """Raise NoModelError where the applications at hand are such that no build makes a model of them."""
    if is_there(settings.applications) and (reason := why_no_model(settings, load_definition(settings))):
        raise NoModelError(f"{reason} Nothing can be scored.")


def say_waiting(sentence: str) -> None:
    """Say on stderr what a command waits for."""
    print(sentence, file=sys.stderr, flush=True)


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

        def tell(done: int, total: int) -> None:
            for listen in listeners:
                listen(title, done, total)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            tell(done, total)

        tell(0, 1)
        yield advance


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
