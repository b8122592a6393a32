"""Killing a process at one of its system calls, and judging what it left: the old or the new, whole, and no more."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from data.errors import ScoreroomError
from data.home_credit import embedded
from data.settings import MODELS, ROOT, Settings, load_settings
from data.store.storage import sha256_of, write_atomically
from inference.inventory.challenger import Order, train_challenger
from inference.inventory.entry import CHAMPION, ModelKind
from inference.inventory.promotion import promote
from inference.inventory.store import list_models
from inference.model.session import ScoringSession
from inference.publishing.pipeline import Advance, belongs_together, build
from inference.publishing.rollback import roll_back
from inference.publishing.staging import FILES, INCOMING, PREVIOUS, has_leftovers, read_hold

# What can change a folder or its files, and what reads it: a kill between any two of these leaves another state.
_CALLS = "%file,write,fsync,ftruncate,flock,close,getdents64"
_CHANGING = {"rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"}
_NAME = re.compile(r"[a-z]\w*(?=\()")
_WRITE = """
import sys
from pathlib import Path
from data.store.storage import write_atomically
with write_atomically(Path(sys.argv[1]) / "place") as beside:
    if sys.argv[2] == "folder":
        beside.mkdir()
        beside = beside / "file"
    beside.write_bytes(b"new" * 50_000)
"""
_OLD, _NEW = b"old" * 50_000, b"new" * 50_000

State = dict[str, str]


class KillError(ScoreroomError):
    """A killed process left neither the old nor the new state, or the study cannot run here."""


@dataclass
class Tally:
    """What kills at `points` system calls left: `old` or `new` at once, or `finished` as new by the next build."""

    work: str
    calls: int
    kills: int = 0
    unharmed: int = 0
    old: int = 0
    new: int = 0
    finished: int = 0
    opened: int = 0
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The figures in a line."""
        return (
            f"{self.work}: {self.kills} kills at {self.calls} calls, {self.old} left the old, {self.new} the new, "
            f"{self.finished} one that the next build finished, {self.unharmed} came too late; "
            f"{self.opened} opened at once, {len(self.faults)} faults"
        )


@dataclass(frozen=True)
class Work:
    """Something that is killed: `command` works on the folder that `prepare` fills, and `judge` says what is left."""

    name: str
    command: Callable[[Path], list[str]]
    environment: Callable[[Path], dict[str, str]]
    prepare: Callable[[Path], None]
    judge: Callable[[Path, Tally], None]


@contextmanager
def quiet(_: str) -> Iterator[Advance]:
    """A progress that shows nothing."""
    yield lambda *_: None


def kill_at_calls(work: Work, kills: int, seed: int) -> Tally:
    """Kill `work` at half as many calls that change names, and as many others at random.

    Raises:
        KillError: there is no strace.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise KillError("strace is needed to kill at system calls, and is not installed; install it.")
    calls = _calls(strace, work)
    tally = Tally(work.name, len(calls))
    for number in _chosen(calls, kills, random.Random(seed)):  # noqa: S311 - a sample, no secret
        with _folder() as folder:
            work.prepare(folder)
            call = calls[number]
            inject = ["-e", f"inject={call.name}:signal=KILL:when={call.turn}"]
            ended = _traced(strace, work, folder, inject, os.devnull)
            tally.kills += 1
            tally.unharmed += ended == 0
            try:
                work.judge(folder, tally)
            except (ScoreroomError, AssertionError, OSError) as error:
                tally.faults.append(f"{work.name}, {call.text}: {error!r}")
    return tally


@dataclass(frozen=True)
class _Call:
    """One call, the `turn`th of its name."""

    name: str
    turn: int
    text: str


def _calls(strace: str, work: Work) -> list[_Call]:
    """The calls of the first thread from the first to the last that names the folder."""
    with _folder() as folder:
        work.prepare(folder)
        log = folder.with_suffix(".log")
        try:
            if _traced(strace, work, folder, [], str(log)) != 0:
                raise KillError(f"{work.name} did not end well under strace.")
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        finally:
            log.unlink(missing_ok=True)
        own = lines[0].split(maxsplit=1)[0]
        texts = [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"{own} ")]
        calls, turns = [], Counter[str]()
        for text in texts:
            if match := _NAME.match(text):
                turns[match[0]] += 1
                calls.append(_Call(match[0], turns[match[0]], text[:200]))
        naming = [place for place, call in enumerate(calls) if f'"{folder}/' in call.text]
        return calls[naming[0] : naming[-1] + 1]


def _chosen(calls: list[_Call], kills: int, chance: random.Random) -> list[int]:
    changing = [place for place, call in enumerate(calls) if call.name in _CHANGING]
    chosen = chance.sample(changing, min(len(changing), kills // 2))
    others = sorted(set(range(len(calls))) - set(chosen))
    return sorted(chosen + chance.sample(others, min(len(others), kills - len(chosen))))


def _traced(strace: str, work: Work, folder: Path, options: list[str], log: str) -> int:
    # The same order of everything in every run, so that numbers of calls mean the same.
    environment = {**os.environ, **work.environment(folder), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        strace,
        "-f",
        "-qq",
        "-o",
        log,
        "-e",
        f"trace={_CALLS}",
        *options,
        *work.command(folder),
    ]
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        yield Path(name) / "work"


def writing(kind: str) -> Work:
    """Replacing a `file` or a `folder`."""

    def prepare(folder: Path) -> None:
        folder.mkdir()
        if kind == "folder":
            (folder / "place").mkdir()
        _content(folder).write_bytes(_OLD)

    def _content(folder: Path) -> Path:
        return folder / "place" / "file" if kind == "folder" else folder / "place"

    def judge(folder: Path, tally: Tally) -> None:
        left = _content(folder).read_bytes()
        tally.opened += 1
        _expect(left in (_OLD, _NEW), f"{len(left)} bytes are neither the old nor the new")
        tally.old += left == _OLD
        tally.new += left == _NEW
        with write_atomically(folder / "place") as beside:
            if kind == "folder":
                beside.mkdir()
            (beside / "file" if kind == "folder" else beside).write_bytes(_NEW)
        _expect(_names(folder) == {"place"}, f"left behind: {_names(folder)}")

    return Work(
        f"replacing a {kind}",
        lambda folder: [sys.executable, "-c", _WRITE, str(folder), kind],
        lambda _: {},
        prepare,
        judge,
    )


@dataclass(frozen=True)
class Portfolios:
    """Two portfolios built from two seeds, the later in service and the earlier kept, and what each one's files are."""

    template: Path
    earlier: State
    later: State

    SEEDS = (1, 2)
    ROWS = 1_000

    @classmethod
    def make(cls, template: Path) -> Self:
        """Build both in `template`."""
        states = []
        for seed in cls.SEEDS:
            settings = settings_in(template, seed)
            build(settings, quiet)
            states.append(state_of(settings.processed, settings.model))
        return cls(template, *states)

    def rolling_back(self) -> Work:
        """Going back from the later to the earlier one, whatever data are at hand."""

        def judge(folder: Path, tally: Tally) -> None:
            settings = settings_in(folder, self.SEEDS[1])
            self._judge(settings, tally, old=self.later, new=self.earlier)
            is_new = state_of(settings.processed, settings.model) == self.earlier
            _expect((read_hold(settings) is not None) == is_new, "builds are held without a rollback, or not after one")
            kept = settings.processed / PREVIOUS
            other = self.later if is_new else self.earlier
            _expect(state_of(kept, kept / "model") == other, "what is kept is not the other portfolio")

        return Work("rolling back", lambda _: _module("scripts.rollback"), self._environment, self._copy, judge)

    def building(self) -> Work:
        """Building the later one, training included, where the earlier one is in service."""

        def prepare(folder: Path) -> None:
            self._copy(folder)
            settings = settings_in(folder, self.SEEDS[0])
            roll_back(settings)
            (settings.processed / "held.json").unlink()
            shutil.rmtree(settings.processed / PREVIOUS)

        def judge(folder: Path, tally: Tally) -> None:
            settings = settings_in(folder, self.SEEDS[1])
            self._judge(settings, tally, old=self.earlier, new=self.later)
            _expect(state_of(settings.processed, settings.model) == self.later, "the next build made something else")
            kept = settings.processed / PREVIOUS
            _expect(state_of(kept, kept / "model") == self.earlier, "what is kept is not the earlier portfolio")

        return Work("building", lambda _: _module("scripts.build"), self._environment, prepare, judge)

    def promoting(self) -> Work:
        """Promoting a challenger of the later one, which is trained first."""
        ready = self.template.with_name("promotable")
        shutil.copytree(self.template, ready)
        train_challenger(
            settings_in(ready, self.SEEDS[1]), Order(ModelKind.LIGHTGBM, "challenger", given={"leaves": "3"}), quiet
        )
        done = ready.with_name("promoted")
        shutil.copytree(ready, done)
        promoted = settings_in(done, self.SEEDS[1])
        promote(promoted, "challenger", quiet, keep_as="before")
        new = state_of(promoted.processed, promoted.model)

        def judge(folder: Path, tally: Tally) -> None:
            settings = settings_in(folder, self.SEEDS[1])
            self._judge(settings, tally, old=self.later, new=new)
            is_new = state_of(settings.processed, settings.model) == new
            _expect(
                (read_hold(settings) is not None) == is_new, "builds are held without a promotion, or not after one"
            )
            names = [entry.name for entry in list_models(settings)]
            _expect(names == [CHAMPION, "before" if is_new else "challenger"], f"the models are {names}")

        command = [*_module("scripts.promote"), "challenger", "--keep-as", "before"]
        return Work("promoting", lambda _: command, self._environment, lambda folder: _copied(ready, folder), judge)

    def _judge(self, settings: Settings, tally: Tally, *, old: State, new: State) -> None:
        session = ScoringSession.open(settings.model, embedded.DEFINITION)
        _expect(not session.fallback_reason, session.fallback_reason)
        tally.opened += 1
        state = state_of(settings.processed, settings.model)
        if state not in (old, new):
            _expect((settings.processed / INCOMING).is_dir(), "neither the old nor the new, and nothing to finish")
            tally.finished += 1
        tally.old += state == old
        tally.new += state == new
        build(settings, quiet)
        after = state_of(settings.processed, settings.model)
        _expect(after in (old, new), "after the next build it is neither the old nor the new")
        _expect(belongs_together(settings), "after the next build its parts do not belong together")
        _expect(not has_leftovers(settings), f"left behind: {_names(settings.processed)}")
        allowed = {*FILES, PREVIOUS, "held.json", MODELS}
        left = (_names(settings.processed) | _names(settings.model.parent)) - {*allowed, "processed", "model"}
        _expect(not left, f"left behind: {left}")

    def _copy(self, folder: Path) -> None:
        shutil.copytree(self.template, folder)

    def _environment(self, folder: Path) -> dict[str, str]:
        return _environment(folder, self.SEEDS[1])


def state_of(files: Path, model: Path) -> State:
    """SHA-256 of each file of a portfolio."""
    tally = [files / name for name in FILES] + sorted(model.glob("*"))
    return {path.name: sha256_of(path) for path in tally if path.is_file()}


def settings_in(folder: Path, seed: int) -> Settings:
    """Settings of a small portfolio in `folder`."""
    return load_settings(_environment(folder, seed))


def _environment(folder: Path, seed: int) -> dict[str, str]:
    places = {f"SCOREROOM_{name.upper()}": str(folder / name) for name in ("raw", "processed", "model")}
    return {**places, "SCOREROOM_ROWS": str(Portfolios.ROWS), "SCOREROOM_SEED": str(seed)}


def _copied(template: Path, folder: Path) -> None:
    shutil.copytree(template, folder)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", name]


def _expect(holds: object, what: str) -> None:
    if not holds:
        raise KillError(what)


@dataclass(frozen=True)
class Reads:
    """What readers met while a model was exchanged: how often they opened one, and which models they were."""

    exchanges: int
    opened: int
    models: tuple[str, ...]
    failures: tuple[str, ...]


def read_while_exchanging(one: Path, other: Path, exchanges: int, readers: int = 2) -> Reads:
    """Publish two models in turn, `exchanges` times, while processes keep opening the current one."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="kills-") as name, context.Pool(readers) as pool:
        place, stop = Path(name) / "model", Path(name) / "stop"
        shutil.copytree(one, place)
        reading = [pool.apply_async(_read, (place, stop)) for _ in range(readers)]
        while sum(1 for _ in Path(name).glob("reads-*")) < readers:
            time.sleep(0.05)
        for turn in range(exchanges):
            with write_atomically(place) as beside:
                shutil.copytree(other if turn % 2 == 0 else one, beside)
        stop.touch()
        results = [each.get() for each in reading]
    opened = sum(count for count, _, _ in results)
    models = {model for _, seen, _ in results for model in seen}
    return Reads(exchanges, opened, tuple(sorted(models)), tuple(fault for _, _, faults in results for fault in faults))


def _read(place: Path, stop: Path) -> tuple[int, set[str], list[str]]:
    opened, models, faults = 0, set[str](), list[str]()
    while not stop.exists():
        try:
            session = ScoringSession.open(place, embedded.DEFINITION)
            models.add(session.manifest.files[session.backend].sha256[:12])
        except ScoreroomError as error:
            faults.append(str(error))
        opened += 1
        (place.parent / f"reads-{os.getpid()}").touch()
    return opened, models, faults
