"""Hosts and origins as requests and settings name them, read strictly and brought to one form."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 253 + len(":65535")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_PARTS = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]]+)(:(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/]+)", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Authority:
    """A host in small letters without a last dot, an IPv6 address in its shortest form; `port` is None if not named."""

    host: str
    port: int | None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a page came from; `port` is the scheme's own where none is named."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """The origin as browsers write it."""
        port = None if self.port == _PORTS[self.scheme] else self.port
        return f"{self.scheme}://{Authority(self.host, port)}"

    def is_of(self, host: Authority, *, is_secure: bool) -> bool:
        """Whether this is where pages of `host` come from.

        A page over https may call what speaks plain HTTP here, because a proxy that speaks TLS need not be known; the
        other way round it is another origin.
        """
        if is_secure and self.scheme != "https":
            return False
        return (self.host, self.port) == (host.host, host.port or _PORTS[self.scheme])


# Clients name the same few again and again.
@lru_cache(maxsize=256)
def read_authority(text: str) -> Authority | None:
    """The host and port that `text` names; None if it names none, or more than those."""
    if len(text) > _LONGEST or not (parts := _PARTS.fullmatch(text.lower())):
        return None
    host, port = _read_host(parts["host"]), int(parts["port"]) if parts["port"] else None
    if host is None or (port is not None and not 0 < port < 1 << 16):
        return None
    return Authority(host, port)


def read_origin(text: str) -> Origin | None:
    """The origin that `text` names; None if it is `null` or anything else."""
    parts = _ORIGIN.fullmatch(text)
    authority = read_authority(parts["authority"]) if parts else None
    if not parts or not authority:
        return None
    scheme = parts["scheme"].lower()
    return Origin(scheme, authority.host, authority.port or _PORTS[scheme])


def _read_host(text: str) -> str | None:
    if text.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
        except ValueError:
            return None
    name = text.removesuffix(".")
    return name if _NAME.fullmatch(name) else None
