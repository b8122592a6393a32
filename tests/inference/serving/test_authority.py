"""Hosts and origins, read strictly: what browsers send, and what is made to look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.serving.authority import Authority, Origin, read_authority, read_origin


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost", "localhost", None),
        ("LocalHost:8501", "localhost", 8501),
        ("localhost.", "localhost", None),
        ("localhost.:8501", "localhost", 8501),
        ("Scores.Example.COM", "scores.example.com", None),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("[::1]:8501", "[::1]", 8501),
        ("[0:0:0:0:0:0:0:1]", "[::1]", None),
        ("[2001:DB8::0:1]", "[2001:db8::1]", None),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
    ],
)
def test_a_host_is_brought_to_one_form(text: str, host: str, port: int | None) -> None:
    assert read_authority(text) == Authority(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":8501",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "localhost:8501:1",
        "localhost:+80",
        "user@localhost",
        "user:secret@localhost:8501",
        "localhost@evil.example",
        "localhost/x",
        "localhost?x",
        "localhost#x",
        "localhost,evil.example",
        "localhost, evil.example",
        " localhost",
        "localhost ",
        "local host",
        "localhost\t",
        "localhost..",
        ".localhost",
        "-a.example",
        "a-.example",
        "a..b",
        "::1",
        "[::1",
        "[::1]x",
        "[::1%25eth0]",
        "[v1.x]",
        "[127.0.0.1]",
        "http://localhost",
        "localhost\x00",
        "*",
        "*.example.com",
        "b\xfccher.example",
        "a" * 64,
        ".".join(["a" * 60] * 5),
    ],
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert read_authority(text) is None


@given(st.text(alphabet="aA.:[]@/-_1f ", max_size=12))
def test_a_host_that_is_read_reads_the_same_again(text: str) -> None:
    found = read_authority(text)
    assert found is None or read_authority(str(found)) == found


@pytest.mark.parametrize(
    ("text", "origin", "written"),
    [
        ("http://localhost:8501", Origin("http", "localhost", 8501), "http://localhost:8501"),
        ("https://Scores.example.com", Origin("https", "scores.example.com", 443), "https://scores.example.com"),
        ("HTTPS://scores.example.com:443", Origin("https", "scores.example.com", 443), "https://scores.example.com"),
        ("http://[::1]:80", Origin("http", "[::1]", 80), "http://[::1]"),
        ("https://scores.example.com:80", Origin("https", "scores.example.com", 80), "https://scores.example.com:80"),
    ],
)
def test_an_origin_knows_its_scheme_s_port(text: str, origin: Origin, written: str) -> None:
    assert read_origin(text) == origin
    assert str(origin) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "localhost:8501",
        "file://",
        "ftp://localhost",
        "chrome-extension://abcdef",
        "http://",
        "http:///x",
        "http://localhost/",
        "http://localhost/x",
        "http://user@localhost",
        "http://localhost http://evil.example",
        "ws://localhost:8501",
        "//localhost",
        "http:localhost",
    ],
)
def test_what_is_no_origin_is_none(text: str) -> None:
    assert read_origin(text) is None
