"""The real nginx and the real Caddy, started from the examples in deploy/, before the real dashboard and service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import orjson
import pytest
from websockets.exceptions import InvalidStatus

from data.settings import ROOT, Settings
from scripts._visitor import visiting
from scripts.benchmarks.server import dashboard_command, free_port, service_command
from tests.inference.serving.conftest import NAME, PATIENCE_S, Certificate, process

DASHBOARD, SERVICE = "/scoreroom", "/scoreroom-api"
PROXIES = ("nginx", "caddy")
# For nginx.conf, which stands inside a server's own configuration.
NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/scoreroom.conf;
}}
"""


@dataclass(frozen=True)
class Reached:
    """Both servers behind a proxy at `port`; `service` is the service's own port."""

    port: int
    service: int
    certificate: Certificate

    def client(self, address: str, name: str = NAME) -> httpx.Client:
        """A client with an address of its own on this machine."""
        transport = httpx.HTTPTransport(local_address=address, verify=self.certificate.trust)
        return httpx.Client(
            transport=transport,
            base_url=f"https://127.0.0.1:{self.port}",
            timeout=PATIENCE_S,
            headers={"Host": f"{name}:{self.port}"},
        )

    def get(self, client: httpx.Client, path: str, **headers: str) -> httpx.Response:
        return client.get(path, headers=headers, extensions={"sni_hostname": NAME})


@pytest.fixture(scope="module")
def upstream(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The ports of both servers, which trust a proxy on this machine."""
    folder, dashboard, service = tmp_path_factory.mktemp("servers"), free_port(), free_port()
    common = {"HOSTS": NAME, "TRUSTED_PROXIES": "127.0.0.1"}
    with (
        process(dashboard_command(dashboard), [dashboard], folder / "1.log", BASE_PATH=DASHBOARD, **common),
        process(
            service_command(service),
            [service],
            folder / "2.log",
            BASE_PATH=SERVICE,
            API_RATE="3/year",
            API_DRAIN_SECONDS="0",
            **common,
        ),
    ):
        yield dashboard, service


@pytest.fixture(scope="module", params=PROXIES)
def reached(
    request: pytest.FixtureRequest,
    upstream: tuple[int, int],
    certificate: Certificate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reached]:
    """Each proxy in turn, from the example with ports and paths of this test in place of its own."""
    folder, port, plain = tmp_path_factory.mktemp(request.param), free_port(), free_port()
    changed = {
        "127.0.0.1:8501": f"127.0.0.1:{upstream[0]}",
        "127.0.0.1:8000": f"127.0.0.1:{upstream[1]}",
        "/etc/ssl/scoreroom/": f"{certificate.cert.parent}/",
        # nginx
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        # Caddy
        "{\n\tservers {": f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {port}\n\tservers {{",
        "\n:443 {": f"\n:{port} {{",
    }
    example = (ROOT / "deploy" / {"nginx": "nginx.conf", "caddy": "Caddyfile"}[request.param]).read_text()
    for old, new in changed.items():
        example = example.replace(old, new)
    (folder / "scoreroom.conf").write_text(example)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    command = {
        "nginx": ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
        "caddy": ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "scoreroom.conf")],
    }[request.param]
    assert shutil.which(command[0]), f"{command[0]} is not installed; .ci/run installs it"
    with ExitStack() as stack:
        stack.enter_context(process(command, [port, plain], folder / "said.log"))
        yield Reached(port, upstream[1], certificate)


def test_pages_files_and_health_come_through(reached: Reached) -> None:
    with reached.client("127.0.0.1") as client:
        page = reached.get(client, f"{DASHBOARD}/score-file")
        assert page.status_code == 200
        assert '<div id="root">' in page.text
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
        assert reached.get(client, f"{DASHBOARD}/app/static/inter.woff2").headers["content-type"] == "font/woff2"
        assert reached.get(client, f"{DASHBOARD}/_stcore/health").text == "ok"
        assert reached.get(client, f"{SERVICE}/health/ready").json()["status"] == "ready"
        docs = reached.get(client, f"{SERVICE}/docs").text
        assert f"{SERVICE}/openapi.json" in docs
        assert reached.get(client, f"{SERVICE}/static-offline-docs/swagger-ui.css").status_code == 200


def test_a_session_runs_to_its_end(reached: Reached) -> None:
    with visiting(f"https://{NAME}:{reached.port}{DASHBOARD}", trust=reached.certificate.trust) as visitor:
        assert visitor.run().shows("Approval rate")
    # Whoever was sent to an instance is sent there again.
    with reached.client("127.0.0.1") as client:
        cookies = reached.get(client, f"{DASHBOARD}/_stcore/health").headers.get_list("set-cookie")
        assert client.cookies.get("scoreroom_instance")
        assert [cookie for cookie in cookies if cookie.startswith("_streamlit") and "; Secure" not in cookie] == []


def test_foreign_hosts_and_origins_are_refused(reached: Reached) -> None:
    with reached.client("127.0.0.1", "evil.example") as client:
        assert {reached.get(client, f"{path}/").status_code for path in (DASHBOARD, SERVICE)} == {421}
    with reached.client("127.0.0.1") as client:
        for path in (f"{DASHBOARD}/", f"{SERVICE}/v1/model"):
            assert reached.get(client, path, origin="https://evil.example").status_code == 403
            assert reached.get(client, path, origin=f"http://{NAME}:{reached.port}").status_code == 403
            # What a client makes up of the kind is dropped.
            made_up = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
            own = reached.get(client, path, origin=f"https://{NAME}:{reached.port}", **made_up)
            assert own.status_code not in (403, 421)
    address = f"https://{NAME}:{reached.port}{DASHBOARD}"
    with (
        pytest.raises(InvalidStatus) as caught,
        visiting(address, origin="https://evil.example", trust=reached.certificate.trust),
    ):
        pytest.fail("it was let in")
    assert caught.value.response.status_code == 403


def test_callers_keep_their_addresses_and_cannot_choose_them(reached: Reached, request: pytest.FixtureRequest) -> None:
    # Addresses of which each may ask three times a year, another set for each proxy.
    own, other, direct = (f"127.0.{1 + PROXIES.index(request.node.callspec.params['reached'])}.{n}" for n in (2, 3, 4))
    application = {"application": orjson.loads((ROOT / "docs" / "application.json").read_bytes())["application"]}

    def score(client: httpx.Client, number: int) -> httpx.Response:
        return client.post(
            f"{SERVICE}/v1/score",
            json=application,
            headers={"X-Forwarded-For": f"10.0.0.{number}"},
            extensions={"sni_hostname": NAME},
        )

    with reached.client(own) as client:
        answers = [score(client, number) for number in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 0 < answers[0].json()["default_probability"] < 1
    with reached.client(other) as client:
        assert score(client, 0).status_code == 200
    transport = httpx.HTTPTransport(local_address=direct)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{reached.service}") as client:
        assert [score(client, number).status_code for number in range(4)] == [200, 200, 200, 429]
