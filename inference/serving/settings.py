"""Settings of how either server is reached, each declared once and read from the environment (docs/deployment.md)."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.errors import FileError, SettingError
from data.settings import ROOT, Setting, values_in_force
from data.store.opening import check_readable
from inference.serving.authority import Authority, read_authority, read_origin

WEB_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SCOREROOM_HOSTS",
        "",
        "names that the server answers to besides localhost and the address it listens on, "
        "separated by commas; a name with a port holds for that port alone",
    ),
    Setting("SCOREROOM_ORIGINS", "", "other origins whose pages may call the server, separated by commas"),
    Setting("SCOREROOM_BASE_PATH", "", "path below which everything is served"),
    Setting("SCOREROOM_TLS_CERT", "", "PEM file of the certificate and its chain; with it the server speaks TLS"),
    Setting("SCOREROOM_TLS_KEY", "", "PEM file of the certificate's private key, without a password"),
    Setting(
        "SCOREROOM_TRUSTED_PROXIES",
        "",
        "addresses or networks of proxies whose X-Forwarded-For, -Proto and -Host are believed, separated by commas",
    ),
)
_RENAMED = {"SCOREROOM_API_ORIGINS": "SCOREROOM_ORIGINS", "SCOREROOM_API_PROXIES": "SCOREROOM_TRUSTED_PROXIES"}
_BASE_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The values in force; `base_path` is empty or begins with a slash, `tls` is None where plain HTTP is spoken."""

    hosts: tuple[Authority, ...] = ()
    origins: tuple[str, ...] = ()
    base_path: str = ""
    tls: ssl.SSLContext | None = None
    proxies: tuple[str, ...] = ()


def load_web_settings(environment: Mapping[str, str] = os.environ) -> WebSettings:
    """Settings from `environment`, defaults for what it does not name; a relative path is seen from the project's root.

    Raises:
        SettingError: a value is no host, origin, path or address, or a name is one of an earlier version.
        FileError: the certificate or its key cannot be used.
    """
    for old, new in _RENAMED.items():
        if environment.get(old):
            raise SettingError(f"{old} is called {new} now; rename it.")
    values = {
        name.removeprefix("SCOREROOM_"): text for name, text in values_in_force(WEB_SETTINGS, environment).items()
    }
    return WebSettings(
        hosts=tuple(_host(text) for text in _listed(values["HOSTS"])),
        origins=tuple(_origin(text) for text in _listed(values["ORIGINS"])),
        base_path=_base_path(values["BASE_PATH"]),
        tls=_tls(values["TLS_CERT"], values["TLS_KEY"]),
        proxies=tuple(_network(text) for text in _listed(values["TRUSTED_PROXIES"])),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _host(text: str) -> Authority:
    found = read_authority(text)
    if found is None:
        raise SettingError.from_bad_text("SCOREROOM_HOSTS", text, "names such as scores.example.com, without a scheme")
    return found


def _origin(text: str) -> str:
    found = read_origin(text)
    if found is None:
        raise SettingError.from_bad_text("SCOREROOM_ORIGINS", text, "origins such as https://portal.example.com")
    return str(found)


def _base_path(text: str) -> str:
    path = "/" + text.strip("/")
    if path == "/":
        return ""
    if not _BASE_PATH.fullmatch(path):
        raise SettingError.from_bad_text("SCOREROOM_BASE_PATH", text, "a path of letters, digits and -._~")
    return path


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError:
        expected = "addresses or networks such as 10.0.0.5 or 10.0.0.0/24"
        raise SettingError.from_bad_text("SCOREROOM_TRUSTED_PROXIES", text, expected) from None


def _tls(cert: str, key: str) -> ssl.SSLContext | None:
    if not cert and not key:
        return None
    if not cert or not key:
        raise SettingError("SCOREROOM_TLS_CERT and SCOREROOM_TLS_KEY belong together; set both or neither.")
    cert_file, key_file = ROOT / cert, ROOT / key
    _check_pem(cert_file, "CERTIFICATE-----")
    _check_pem(key_file, "PRIVATE KEY-----")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password of its own OpenSSL would ask for one at the terminal.
        context.load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise FileError.from_unreadable(
                key_file, f"is not the key of {cert_file}", "name the key that the certificate was made for"
            ) from None
        reason = f"cannot be used with {cert_file} ({error.reason or error})"
        raise FileError.from_unreadable(key_file, reason, "bring both as PEM, the key without a password") from None
    return context


def _check_pem(path: Path, mark: str) -> None:
    check_readable(path)
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise FileError.from_no_access(path, error.strerror or str(error)) from None
    if mark not in text:
        raise FileError.from_unreadable(path, f"holds no {mark.rstrip('-').lower()} in PEM", "name the right file")
