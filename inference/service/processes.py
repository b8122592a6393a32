"""Several processes that serve on the same sockets, started and watched by one that does nothing else.

They share connections, counts and rates; everything else each has for itself.
"""

from __future__ import annotations

import math
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from data.settings import Settings
from inference.service.board import SPAWN, Board
from inference.service.settings import ServiceSettings
from inference.service.tallies import Tallies
from inference.service.telemetry import forget_process, is_serving, make_board
from inference.serving.log import Log

# Connections that wait to be accepted, as many as Uvicorn lets wait.
BACKLOG = 2_048
_LOOK_S = 0.2
# One that ends again and again is started again ever later.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_IN_ORDER = (0, -signal.SIGTERM, -signal.SIGINT)


@dataclass(frozen=True)
class Shared:
    """What one of the processes is handed: where all listen, what they share, its place, and who started it."""

    sockets: list[socket.socket]
    board: Board
    tallies: Tallies
    place: int
    parent: int


# What each process does, to be found by its name in its module.
Serve = Callable[[Settings, ServiceSettings, Shared], None]


@dataclass
class _Place:
    process: SpawnProcess
    pause: float = _FIRST_PAUSE_S
    again_at: float | None = None


class Processes:
    """So many processes that `serve` until they are asked to end; one that ends unasked is replaced."""

    def __init__(
        self,
        number: int,
        serve: Serve,
        settings: Settings,
        service_settings: ServiceSettings,
        sockets: list[socket.socket],
    ) -> None:
        self._serve, self._settings = serve, settings
        self._share = share_of(service_settings, number)
        self._log = Log(service_settings.log)
        self._shared = Shared(sockets, make_board(number), Tallies(is_shared=True), 0, os.getpid())
        self._asked: list[int] = []
        self._is_stopping = self._has_served = self._has_failed = False
        self._places = [_Place(self._start(place)) for place in range(number)]

    def run(self) -> int:
        """Watch them until SIGTERM or SIGINT, and return the exit code: 0 where all ended in order.

        Where the first of them cannot begin to serve, all are ended.
        """
        # SIGHUP is for those that read files. Windows has none.
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._note)
        while not self._is_stopping:
            self._pass_on()
            self._replace_ended()
            wait(self._running(), _LOOK_S) if self._running() else time.sleep(_LOOK_S)
        # The others have their own, and take connections as long as they drain; nobody would at these.
        for each in self._shared.sockets:
            each.close()
        while running := self._running():
            self._pass_on()
            wait(running, _LOOK_S)
        self._shared.tallies.close()
        codes = [each.process.exitcode or 0 for each in self._places]
        return int(self._has_failed or not all(code in _IN_ORDER for code in codes))

    def _note(self, number: int, _: FrameType | None) -> None:
        self._asked.append(number)
        self._is_stopping |= number in (signal.SIGTERM, signal.SIGINT)

    def _running(self) -> list[int]:
        return [each.process.sentinel for each in self._places if each.process.is_alive()]

    def _pass_on(self) -> None:
        """Hand on the signals that came to everyone who runs."""
        while self._asked:
            number = self._asked.pop(0)
            for each in self._places:
                if each.process.is_alive():
                    with suppress(ProcessLookupError):
                        os.kill(each.process.pid or 0, number)

    def _replace_ended(self) -> None:
        now = time.monotonic()
        for place, each in enumerate(self._places):
            self._has_served |= is_serving(self._shared.board, place)
            if each.process.is_alive():
                continue
            if each.again_at is None:
                forget_process(self._shared.board, place)
                self._log.warning("process_ended", place=place, code=each.process.exitcode)
                each.again_at = now + each.pause
                if not self._has_served:
                    self._has_failed = True
                    self._note(signal.SIGTERM, None)
            elif now >= each.again_at:
                pause = min(2 * each.pause, _LONGEST_PAUSE_S)
                self._places[place] = _Place(self._start(place), pause)

    def _start(self, place: int) -> SpawnProcess:
        own = replace(self._shared, place=place)
        process = SPAWN.Process(target=_begin, args=(self._serve, self._settings, self._share, own))
        # It inherits that SIGHUP waits, and lets it through once it can follow it; before, it would end of it.
        let_hang_up(is_let=False)
        process.start()
        let_hang_up(is_let=True)
        return process


def _begin(serve: Serve, settings: Settings, service_settings: ServiceSettings, shared: Shared) -> None:
    # The terminal's SIGINT goes to whoever watches, who hands it on once.
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    serve(settings, service_settings, shared)


def let_hang_up(*, is_let: bool) -> None:
    """Let SIGHUP through to this thread, or keep it waiting; Windows has none."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK if is_let else signal.SIG_BLOCK, {signal.SIGHUP})


def share_of(settings: ServiceSettings, number: int) -> ServiceSettings:
    """The settings of one of `number` processes: what all of them may have at once is shared out."""
    return replace(
        settings,
        in_flight=math.ceil(settings.in_flight / number),
        batches=math.ceil(settings.batches / number),
        memory_bytes=settings.memory_bytes // number,
    )


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at every address of `host`.

    Raises:
        OSError: one is taken.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = socket.socket(family, kind, protocol)
            sockets.append(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
            each.listen(BACKLOG)
    except OSError:
        for each in sockets:
            each.close()
        raise
    return sockets
