"""Both servers speaking TLS themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from data.settings import Settings
from scripts._visitor import visiting
from scripts.benchmarks.server import dashboard_command, free_port, service_command
from tests.inference.serving.conftest import PATIENCE_S, Certificate, process


@pytest.fixture(scope="module")
def settings(certificate: Certificate) -> dict[str, str]:
    return {"TLS_CERT": str(certificate.cert), "TLS_KEY": str(certificate.key)}


@pytest.fixture(scope="module")
def dashboard(
    built: Settings, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Path]]:
    port, log = free_port(), tmp_path_factory.mktemp("dashboard") / "said.log"
    with process(dashboard_command(port), [port], log, **settings):
        yield port, log


def test_the_dashboard_s_pages_and_session(dashboard: tuple[int, Path], certificate: Certificate) -> None:
    port, log = dashboard
    assert f"Scoreroom is at https://localhost:{port}" in log.read_text()
    with httpx.Client(verify=certificate.trust, timeout=PATIENCE_S, base_url=f"https://localhost:{port}") as client:
        health = client.get("/_stcore/health")
        assert health.text == "ok"
        assert [cookie.count("; Secure") for cookie in health.headers.get_list("set-cookie")] == [1]
    address = f"https://localhost:{port}"
    with visiting(address, trust=certificate.trust) as visitor:
        assert visitor.run().shows("Approval rate")
    # The same name and port, but a page that came over plain HTTP.
    plain = f"http://localhost:{port}"
    with pytest.raises(InvalidStatus) as caught, visiting(address, origin=plain, trust=certificate.trust):
        pytest.fail("it was let in")
    assert caught.value.response.status_code == 403


def test_nothing_is_said_in_plain(dashboard: tuple[int, Path]) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://localhost:{dashboard[0]}/", timeout=PATIENCE_S, trust_env=False)


def test_the_service(built: Settings, settings: dict[str, str], certificate: Certificate, tmp_path: Path) -> None:
    port = free_port()
    with (
        process(service_command(port), [port], tmp_path / "said.log", API_DRAIN_SECONDS="0", **settings),
        httpx.Client(verify=certificate.trust, timeout=PATIENCE_S, base_url=f"https://localhost:{port}") as client,
    ):
        assert client.get("/health/ready").json()["status"] == "ready"
