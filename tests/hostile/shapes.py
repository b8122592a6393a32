"""Hostile HTTP without end: well-formed requests with one thing wrong, and bytes that are no HTTP at all."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tests.hostile.texts import mutated

# Long for an answer that is being worked out, short for one that has begun.
_FIRST_S, _MORE_S = 60.0, 0.25
_STATUS = b"HTTP/1.1 "
METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "G\u00c4T",
    "",
    "A" * 5_000,
    "POST /v1/score HTTP/1.1\r\nX:",
)
TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "APPLICATION/JSON",
    "text/plain",
    "text/csv",
    "",
    "*/*",
    "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
    "text/csv; header=absent",
    "a" * 3_000,
    "application/json, text/csv",
)
PATHS = (
    "/",
    "//",
    "/v1/score",
    "/v1/score/",
    "/v1/score/batch",
    "/v1/explain",
    "/v1/model",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/static/../../pyproject.toml",
    "/app/static/..%2f..%2fapp.py",
    "/app/static/%2e%2e/app.py",
    "/app/static/..\\..\\app.py",
    "/media/../../x",
    "/media/x.csv",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/upload_file/a/b",
    "/_stcore/upload_file/../../x",
    "/_stcore/stream",
    "/_stcore/script-health-check",
    "/component/x/../../y",
    "/component//etc/passwd",
    "/%00",
    "/%ff%fe",
    "/v1/score?x=%00&y=%zz",
    "http://evil.example/v1/score",
    "*",
    "/" + "a" * 9_000,
    "/" + "../" * 500,
    "/v1/score#x",
    "/;x=1",
    "/%252e%252e/x",
    "\\",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    "",
    "x",
    -1,
    0,
    1e308,
    -1e308,
    10**400,
    0.1,
    "1e9",
    "NaN",
    [],
    {},
    [[]],
    "\u202e",
    "\x00",
    "9" * 10_000,
    "a" * 81,
    {"a": {"b": []}},
    -0.0,
    1 << 63,
    "Cash loans\n",
    [1] * 1_000,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A request as bytes; `is_cut` says that the client ends its side where the bytes end."""

    kind: str
    content: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Bodies:
    """What a request may carry: JSON objects, and tables as bytes by their type."""

    objects: Sequence[Mapping[str, Any]]
    tables: Mapping[str, bytes]


def request(
    method: str, path: str, body: bytes = b"", headers: Sequence[tuple[str, str]] = (), *, length: str | None = ""
) -> bytes:
    """One HTTP/1.1 request that asks for the connection to be closed; `length` None leaves Content-Length out."""
    told = [("Host", "localhost"), ("Connection", "close"), *headers]
    told += [] if length is None else [("Content-Length", length or str(len(body)))]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told)]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body


class Maker:
    """Makes shapes from a seed, one kind after the other."""

    def __init__(self, seed: int, bodies: Bodies) -> None:
        self._random = random.Random(seed)
        self._texts = mutated(self._random)
        self._bodies = bodies
        self._kinds: Mapping[str, Callable[[], Shape]] = {
            "json": self._json,
            "damaged json": self._damaged_json,
            "table": self._table,
            "method": self._method,
            "path": self._path,
            "type": self._type,
            "headers": self._headers,
            "length": self._length,
            "chunks": self._chunks,
            "smuggled": self._smuggled,
            "pipeline": self._pipeline,
            "cut": self._cut,
            "query": self._query,
            "noise": self._noise,
        }

    def __iter__(self) -> Iterator[Shape]:
        while True:
            yield from (make() for make in self._kinds.values())

    def _pick(self, options: Sequence[Any]) -> Any:
        return self._random.choice(options)

    def _body(self) -> bytes:
        return json.dumps(self._pick(self._bodies.objects)).encode()

    def _post(self, body: bytes, path: str = "", *more: tuple[str, str], media: str = "application/json") -> bytes:
        path = path or self._pick(("/v1/score", "/v1/explain", "/v1/score/batch"))
        return request("POST", path, body, [("Content-Type", media), *more])

    def _json(self) -> Shape:
        told = json.loads(self._body())
        place = self._pick([told, *(part for part in told.values() if isinstance(part, dict))])
        for _ in range(self._random.randint(1, 4)):
            name = self._pick([*place, next(self._texts), "SK_ID_CURR", "TARGET", "__proto__"])
            place[name] = self._pick((*VALUES, next(self._texts)))
        return Shape("json", self._post(json.dumps(told).encode()))

    def _damaged(self, content: bytes) -> bytes:
        damaged = bytearray(content)
        for _ in range(self._random.randint(1, 3)):
            at = self._random.randrange(len(damaged) + 1)
            new = self._pick(
                (b"", b"\0", b"\xff", b'"', b"{", b"[" * 2_000, b"NaN", b"1e999", self._random.randbytes(6))
            )
            damaged[at : at + self._pick((0, 1, 4, len(damaged)))] = new
        return bytes(damaged)

    def _damaged_json(self) -> Shape:
        return Shape("damaged json", self._post(self._damaged(self._body())))

    def _table(self) -> Shape:
        media, content = self._pick(list(self._bodies.tables.items()))
        media = self._pick((media, media, media, self._pick(TYPES[:8])))
        return Shape("table", self._post(self._damaged(content), "/v1/score/batch", media=media))

    def _method(self) -> Shape:
        return Shape("method", request(self._pick(METHODS), self._pick(PATHS), self._body()))

    def _path(self) -> Shape:
        return Shape("path", request("GET", self._pick(PATHS)))

    def _type(self) -> Shape:
        return Shape("type", self._post(self._body(), media=self._pick((*TYPES, f"x/{self._line()}"))))

    def _line(self) -> str:
        return "".join(each if each.isprintable() else "?" for each in next(self._texts))[:4_000]

    def _headers(self) -> Shape:
        flood = [(f"X-{at}", self._line()) for at in range(self._pick((1, 10, 300)))]
        odd = self._pick(
            (
                ("Host", "evil.example"),
                ("Host", ""),
                ("Authorization", f"Bearer {self._line()}"),
                ("X-Request-ID", self._line()),
                ("Content-Encoding", self._pick(("gzip", "br", "zstd", "x"))),
                ("Expect", "100-continue"),
                ("Accept", self._line()),
                ("X-Forwarded-For", self._line()),
                ("Forwarded", "for=_x;host=evil.example"),
                ("Origin", "http://evil.example"),
                ("Cookie", "a=" + "b" * 20_000),
                ("Range", "bytes=0-,1-,2-"),
                ("Upgrade", "websocket"),
                (" X", "y"),
                ("X\x00", "y"),
                ("X-Long", "a" * 70_000),
                ("Te", "trailers"),
                ("If-None-Match", '"' * 500),
                ("Accept-Encoding", "gzip;q=9,br"),
            )
        )
        path = self._pick(("/v1/score", "/v1/model", "/health/ready", "/", "/metrics"))
        return Shape("headers", request(self._pick(("POST", "GET")), path, self._body(), [*flood, odd]))

    def _length(self) -> Shape:
        length = self._pick(("-1", "0", "1", "abc", "0x10", "+5", "1e3", str(1 << 70), "5, 5", " 7 ", "１２", None))
        content = request("POST", "/v1/score", self._body(), [("Content-Type", "application/json")], length=length)
        return Shape("length", content, is_cut=True)

    def _chunks(self) -> Shape:
        body = self._body()
        size = self._pick(
            (f"{len(body):x}", f"{len(body):X};a=b", "-1", "ffffffffffffffff", "g", "", "0", f"0{len(body):x}")
        )
        end = self._pick(("\r\n0\r\n\r\n", "\r\n0\r\nX: y\r\n\r\n", "\n0\n\n", "", "\r\n0\r\n"))
        content = size.encode() + b"\r\n" + body + end.encode()
        how = [("Transfer-Encoding", self._pick(("chunked", "Chunked", "gzip, chunked", "chunked, identity", "x")))]
        told = [("Content-Type", "application/json"), *how]
        return Shape("chunks", request("POST", "/v1/score", content, told, length=None), is_cut=True)

    def _smuggled(self) -> Shape:
        inner = request("GET", "/v1/model")
        te = self._pick(("Transfer-Encoding", "Transfer-Encoding ", "transfer_encoding", "X: y\r\nTransfer-Encoding"))
        body = self._pick((b"0\r\n\r\n" + inner, b"5\r\nhello\r\n0\r\n\r\n" + inner, inner))
        content = request("POST", "/v1/score", body, [(te, "chunked"), ("Content-Type", "application/json")])
        return Shape("smuggled", content, is_cut=True)

    def _pipeline(self) -> Shape:
        asked = [self._post(self._body(), "/v1/score"), request("GET", "/health/live"), request("GET", "/v1/model")]
        kept = [each.replace(b"Connection: close\r\n", b"") for each in asked * self._pick((1, 5))]
        return Shape("pipeline", b"".join([*kept, request("GET", "/health/live")]))

    def _cut(self) -> Shape:
        whole = self._post(self._body())
        return Shape("cut", whole[: self._random.randrange(1, len(whole))], is_cut=True)

    def _query(self) -> Shape:
        told = "&".join(self._line().replace(" ", "+") for _ in range(3))[:6_000]
        return Shape("query", request("GET", f"{self._pick(('/', '/segments', '/v1/model'))}?{told}"))

    def _noise(self) -> Shape:
        noise = self._random.randbytes(self._pick((1, 20, 3_000)))
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise
        return Shape(
            "noise",
            self._pick((noise, hello, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 500, b"GET /\r\n\r\n")),
            is_cut=True,
        )


def shapes(seed: int, n: int, bodies: Bodies) -> list[Shape]:
    """The first `n` shapes of a seed."""
    return list(islice(Maker(seed, bodies), n))


def ask(port: int, shape: Shape) -> bytes:
    """All that a server of this machine answers to `shape` on a connection of its own; empty where it hangs up."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=_FIRST_S) as connection:
        try:
            connection.sendall(shape.content)
            if shape.is_cut:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(1 << 16):
                answer += part
                connection.settimeout(_MORE_S)
        except (ConnectionError, BrokenPipeError):
            pass
        except TimeoutError:
            if not answer:
                raise
    return answer


def statuses(answer: bytes) -> list[int]:
    """The status of each answer in what a connection gave back."""
    return [int(part[:3]) for part in answer.split(_STATUS)[1:] if part[:3].isdigit()]
