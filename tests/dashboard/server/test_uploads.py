"""Files are taken where a visit asked for one, once, and no larger than the page takes."""

from __future__ import annotations

import socket

import httpx

from scripts._visitor import upload, visiting
from tests.dashboard.server.conftest import PATIENCE_S


def announced(address: str, place: str, length: int) -> bytes:
    """The answer to who only says that a file of so many bytes will come."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(f"PUT {place} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(4_096):
            answer += part
    return answer


def test_what_nobody_asked_for_is_refused_before_it_is_sent(address: str) -> None:
    upload_of_nobody = announced(address, "/_stcore/upload_file/a/b", 90_000_000)
    assert upload_of_nobody.startswith(b"HTTP/1.1 404")
    assert b"This file was not asked for" in upload_of_nobody
    assert announced(address, "/", 90_000_000).startswith(b"HTTP/1.1 413")


def test_a_file_goes_once_to_the_place_that_its_visit_asked_for(address: str) -> None:
    with visiting(address) as visitor:
        visitor.run()
        place = visitor.ask_for_place("a.csv").upload_url
        foreign = place.replace(visitor.session, "another")
        assert upload(address, foreign, "a.csv", b"x") == 404
        assert upload(address, place, "a.csv", b"x" * 1_500_000) == 204
        assert upload(address, place, "a.csv", b"x") == 404
        # A new one takes the place of what was not read, also where both together would be too much.
        place = visitor.ask_for_place("b.csv").upload_url
        assert upload(address, place, "b.csv", b"x" * 1_000) == 204
        later = visitor.ask_for_place("c.csv").upload_url
        assert announced(address, later, 101_000_000).startswith(b"HTTP/1.1 413")
    assert upload(address, later, "c.csv", b"x") == 404


def test_a_page_takes_away_what_it_dropped_before(address: str) -> None:
    with visiting(address) as visitor:
        place = visitor.ask_for_place("a.csv").upload_url
        assert upload(address, place, "a.csv", b"x") == 204
        visitor.ask_for_place("b.csv")
        # As a page does, which says whose file it is in a body.
        body = {"sessionId": visitor.session}
        with httpx.Client(base_url=address, trust_env=False) as page:
            page.headers["X-Xsrftoken"] = page.get("/_stcore/health").cookies["_streamlit_xsrf"]
            assert page.request("DELETE", place, json=body).status_code == 204
            assert page.request("DELETE", f"{place}x", json=body).status_code == 404
