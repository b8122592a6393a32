"""Who may ask at all: requests under another host's name, or of another origin's pages, are turned away.

A page somewhere in the web may send requests to a server that only its reader reaches, under the page's own name (DNS
rebinding) or across origins. Nothing is looked up to find out: names are compared as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from inference.serving.asgi import (
    Answer,
    ASGIApp,
    Receive,
    Refusal,
    Scope,
    Send,
    plain_answer,
    send_answer,
    values_of,
)
from inference.serving.authority import Authority, read_authority, read_origin

LOOPBACK = tuple(Authority(host, None) for host in ("localhost", "127.0.0.1", "[::1]"))
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


class Gate:
    """ASGI middleware that lets requests and websockets through which name a known host and no foreign origin.

    `hosts` without a port are known on every port. `answer` words a refusal, `tell` is told of each.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[Authority],
        origins: Collection[str],
        answer: Callable[[Refusal], Answer] = plain_answer,
        tell: Callable[[Scope, Refusal], None] = lambda _scope, _refusal: None,
    ) -> None:
        self._app = app
        self._hosts, self._origins = frozenset(hosts), frozenset(origins)
        self._answer, self._tell = answer, tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            self._tell(scope, refusal)
            await send_answer(self._answer(refusal), scope, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        named, origins = values_of(scope, b"host"), values_of(scope, b"origin")
        host = read_authority(named[0]) if len(named) == 1 else None
        if not scope["path"].startswith("/"):
            return Refusal(400, "The address does not begin with a slash; send the path alone.")
        if host is None:
            return Refusal(
                400, "The header Host is missing, repeated or no name of a host; send it once, as `name:port`."
            )
        if host not in self._hosts and Authority(host.host, None) not in self._hosts:
            return Refusal(
                421, f"This server does not answer to the name {host}; SCOREROOM_HOSTS lists those that it answers to."
            )
        if origins and not self._is_known(origins, host, is_secure=scope["scheme"] in ("https", "wss")):
            return Refusal(
                403, "Pages of another origin may not call this server; SCOREROOM_ORIGINS lists those that may."
            )
        return None

    def _is_known(self, origins: list[str], host: Authority, *, is_secure: bool) -> bool:
        origin = read_origin(origins[0]) if len(origins) == 1 else None
        return origin is not None and (str(origin) in self._origins or origin.is_of(host, is_secure=is_secure))


def known_hosts(listening: str, named: Collection[Authority]) -> tuple[Authority, ...]:
    """The hosts that a server on the address `listening` answers to: this machine's, its own, those `named`."""
    own = read_authority(f"[{listening}]" if ":" in listening else listening)
    return (*LOOPBACK, *([own] if own and listening not in EVERYWHERE else []), *named)
