"""System calls of a process, its threads and its children, read from strace's files, and which are foreign.

A look-up is a message or connection to port 53 or to a name service's socket, or a read of the resolver's
configuration. A connection goes to any address but the process's own on loopback. A file is anything created, written,
renamed or removed outside the folders that the process was given, except semaphores that it removed itself. Network
calls count even if they fail, file calls only if they succeed.
"""

from __future__ import annotations

import codecs
import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

_NETWORK = ("connect", "bind", "sendto", "sendmsg", "sendmmsg")
_OPENING = ("open", "openat", "openat2", "creat")
_CHANGING = (
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "truncate",
    "chmod",
    "fchmodat",
)
# Calls go round strace once they are queued in an io_uring, so that one is a fault by itself.
_QUEUE = "io_uring_setup"
CALLS = (*_NETWORK, *_OPENING, *_CHANGING, _QUEUE, "execve")
# The data that a message shows at most: a question to a name server is shorter.
SHOWN_BYTES = 512

_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|\?) ?(?P<note>.*)$")
# A call that a thread was in when its process ended, the rest of one that was interrupted, signals and exits.
_UNFINISHED = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)<unfinished \.\.\.>")
_ASIDE = ("<... ", "--- ", "+++ ")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
# A folder that a path counts from, then the path: `7</home/x>, "deviceid"`.
_AT = re.compile(r'(?:AT_FDCWD|\d+)<(?P<folder>(?:[^<>\\]|\\.)*)>, "(?P<path>(?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC|TMPFILE|APPEND)")
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
_HOST = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_UNIX = re.compile(r'sa_family=AF_UNIX, sun_path=(@?)"((?:[^"\\]|\\.)*)"')
_OPENED = re.compile(r"^<((?:[^<>\\]|\\.)*)>")

_NAME_SERVER = 53
_RESOLVER = PurePath("/etc/resolv.conf")
_NAME_SERVICES = ("nscd", "systemd/resolve", "avahi-daemon")
_HARMLESS = tuple(map(PurePath, ("/dev/null", "/dev/tty")))
# Semaphores have names there, and no content.
_MEMORY = PurePath("/dev/shm")  # noqa: S108
_BYTE_CODE = "__pycache__"
# The header of a question to a name server.
_QUESTION = 12


class Kind(StrEnum):
    """Side effects that others would notice."""

    LOOK_UP = "look-up"
    CONNECTION = "connection"
    LISTENING = "listening"
    FILE = "file"
    HIDDEN = "hidden calls"
    PROGRAM = "program"


@dataclass(frozen=True, order=True, slots=True)
class Seen:
    """One foreign thing that was seen: `name` is a host, an address, a path or a program."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Own:
    """What a process may touch: folders to write in, and those of sources, with Python's byte code and programs."""

    folders: tuple[Path, ...]
    sources: tuple[Path, ...]
    cwd: Path

    def has(self, path: PurePath) -> bool:
        """Whether writing to `path` is the process's own business."""
        if path in _HARMLESS or any(path.is_relative_to(folder) for folder in self.folders):
            return True
        return _BYTE_CODE in path.parts and any(path.is_relative_to(folder) for folder in self.sources)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as strace writes it."""

    name: str
    arguments: str
    failed: bool
    note: str


def read_calls(lines: Iterable[str]) -> Iterator[Call]:
    """The calls among the lines of one thread's file.

    Raises:
        ValueError: a line is not in a known form of strace; skipping it might hide a call.
    """
    for line in lines:
        if match := _CALL.match(line):
            yield Call(match["name"], match["arguments"], match["result"].startswith("-"), match["note"])
        elif match := _UNFINISHED.match(line):
            yield Call(match["name"], match["arguments"], failed=False, note="")
        elif not line.startswith(_ASIDE):
            raise ValueError(f"strace wrote a line of unknown form: {line!r}")


def foreign(calls: Iterable[Call], own: Own) -> frozenset[Seen]:
    """What the calls of one process, its threads and its children did that is not the process's own business."""
    listed = list(calls)
    ports = {port for call in listed if call.name == "bind" and not call.failed for _, port in _addresses(call)}
    gone = {str(path) for call in listed if call.name == "unlink" and not call.failed for path in _paths(call, own.cwd)}
    seen = {each for call in listed for each in _judge(call, own, ports)}
    return frozenset(each for each in seen if not (PurePath(each.name).is_relative_to(_MEMORY) and each.name in gone))


def _judge(call: Call, own: Own, ports: set[int]) -> Iterator[Seen]:
    if call.name in _NETWORK:
        yield from _judge_network(call, own, ports)
    elif call.name == "execve":
        program = PurePath(_decoded(_TEXT.findall(call.arguments)[0]))
        if not call.failed and not any(program.is_relative_to(place) for place in own.sources):
            yield Seen(Kind.PROGRAM, str(program))
    elif call.name == _QUEUE:
        yield Seen(Kind.HIDDEN, _QUEUE)
    elif call.name in _OPENING and not _is_writing(call):
        if _RESOLVER in _paths(call, own.cwd):
            yield Seen(Kind.LOOK_UP, str(_RESOLVER))
    elif not call.failed:
        yield from (Seen(Kind.FILE, str(path)) for path in _paths(call, own.cwd) if not own.has(path))


def _judge_network(call: Call, own: Own, ports: set[int]) -> Iterator[Seen]:
    listens = call.name == "bind"
    for host, port in _addresses(call):
        if listens:
            if not _is_loopback(host):
                yield Seen(Kind.LISTENING, _shown(host, port))
        elif port == _NAME_SERVER:
            yield Seen(Kind.LOOK_UP, f"a name server at {host}")
        elif not _is_loopback(host) or port not in ports:
            yield Seen(Kind.CONNECTION, _shown(host, port))
    for abstract, path in _UNIX.findall(call.arguments):
        if any(name in path for name in _NAME_SERVICES):
            yield Seen(Kind.LOOK_UP, path)
        elif abstract or not own.has(PurePath(_decoded(path))):
            yield Seen(Kind.LISTENING if listens else Kind.CONNECTION, f"{abstract}{path}")
    if call.name.startswith("send"):
        yield from (Seen(Kind.LOOK_UP, name) for name in _asked_for(call))


def _addresses(call: Call) -> Iterator[tuple[str, int]]:
    ports, hosts = _PORT.findall(call.arguments), _HOST.findall(call.arguments)
    for port, (four, six) in zip(ports, hosts, strict=True):
        yield four or six, int(port)


def _is_loopback(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _asked_for(call: Call) -> Iterator[str]:
    """The names in questions to a name server; strace writes an open socket's addresses behind its number."""
    if f":{_NAME_SERVER}]" not in call.arguments and f"htons({_NAME_SERVER})" not in call.arguments:
        return
    for text in _TEXT.findall(call.arguments):
        message = codecs.escape_decode(text)[0]
        # One question and nothing else, which a program's address beside it is not.
        if len(message) > _QUESTION and message[4:10] == b"\0\1\0\0\0\0":
            yield _name_in(message[_QUESTION:])


def _name_in(question: bytes) -> str:
    labels, at = [], 0
    while at < len(question) and question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


def _is_writing(call: Call) -> bool:
    return call.name == "creat" or bool(_WRITES.search(_TEXT.sub("", call.arguments)))


def _paths(call: Call, cwd: Path) -> list[PurePath]:
    """The paths that a call names; strace writes the folder before a path that counts from it."""
    opened = _OPENED.match(call.note) if call.name in _OPENING else None
    if opened:
        # What was opened in the end, links followed.
        return [PurePath(_decoded(opened[1]))]
    pairs = [(match["folder"], match["path"]) for match in _AT.finditer(call.arguments)]
    if not pairs:
        pairs = [(str(cwd), text) for text in _TEXT.findall(call.arguments)]
    if call.name.startswith("symlink"):
        # The first text is what the link says, which may be anything.
        pairs = pairs if "at" in call.name else pairs[1:]
    return [PurePath(_decoded(folder)) / _decoded(path) for folder, path in pairs]


def _decoded(text: str) -> str:
    return codecs.escape_decode(text)[0].decode("utf-8", "replace")
