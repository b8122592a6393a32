"""Settings of how the servers are reached: what they hold, what is refused, and that each is documented."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from data.errors import ScoreroomError, SettingError
from data.settings import ROOT, Setting
from inference.serving.authority import Authority
from inference.serving.settings import WEB_SETTINGS, WebSettings, load_web_settings


def test_a_server_is_reached_by_nobody_else_by_default() -> None:
    assert load_web_settings({}) == WebSettings((), (), "", None, ())


def test_values_are_read() -> None:
    settings = load_web_settings(
        {
            "SCOREROOM_HOSTS": "Scores.Example.com, [::1]:8443,",
            "SCOREROOM_ORIGINS": "https://portal.example.com:443 , http://localhost:3000",
            "SCOREROOM_BASE_PATH": "risk/scoreroom/",
            "SCOREROOM_TRUSTED_PROXIES": "10.0.0.5, 10.1.0.0/16, ::1",
        }
    )
    assert settings.hosts == (Authority("scores.example.com", None), Authority("[::1]", 8443))
    assert settings.origins == ("https://portal.example.com", "http://localhost:3000")
    assert settings.base_path == "/risk/scoreroom"
    assert settings.proxies == ("10.0.0.5", "10.1.0.0/16", "::1")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("HOSTS", "https://scores.example.com", "set it to names such as scores.example.com, without a scheme"),
        ("HOSTS", "*", "SCOREROOM_HOSTS is '*'"),
        (
            "ORIGINS",
            "portal.example.com",
            "SCOREROOM_ORIGINS is 'portal.example.com'; set it to origins such as https://",
        ),
        ("ORIGINS", "https://portal.example.com/page", "set it to origins such as https://portal.example.com"),
        ("ORIGINS", "*", "SCOREROOM_ORIGINS is '*'"),
        ("BASE_PATH", "/a/../b", "SCOREROOM_BASE_PATH is '/a/../b'; set it to a path of letters"),
        ("BASE_PATH", "/a b", "set it to a path of letters, digits and -._~"),
        ("BASE_PATH", "//a//b", "set it to a path of letters"),
        ("TRUSTED_PROXIES", "nginx", "SCOREROOM_TRUSTED_PROXIES is 'nginx'; set it to addresses or networks"),
        ("TRUSTED_PROXIES", "10.0.0.1/24", "set it to addresses or networks such as 10.0.0.5 or 10.0.0.0/24"),
        ("TRUSTED_PROXIES", "*", "set it to addresses or networks"),
        ("TLS_CERT", "cert.pem", "SCOREROOM_TLS_CERT and SCOREROOM_TLS_KEY belong together; set both or neither."),
        ("API_ORIGINS", "https://a", "SCOREROOM_API_ORIGINS is called SCOREROOM_ORIGINS now; rename it."),
        ("API_PROXIES", "10.0.0.5", "SCOREROOM_API_PROXIES is called SCOREROOM_TRUSTED_PROXIES now; rename it."),
    ],
)
def test_a_bad_value_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_web_settings({f"SCOREROOM_{name}": text})
    assert said in str(caught.value)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key, another key, the key under a password, and files that are none of them."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("own", "other"):
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
        ]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    locked = ["openssl", "ec", "-in", "own.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key"]
    subprocess.run(locked, cwd=folder, check=True, capture_output=True)
    (folder / "text.pem").write_text("no certificate\n")
    (folder / "cut.pem").write_bytes((folder / "own.pem").read_bytes()[:200])
    (folder / "binary.pem").write_bytes(bytes(range(256)))
    os.mkfifo(folder / "pipe.pem")
    (folder / "folder.pem").mkdir()
    return folder


def test_a_certificate_and_its_key_are_taken(pems: Path) -> None:
    found = load_web_settings({"SCOREROOM_TLS_CERT": str(pems / "own.pem"), "SCOREROOM_TLS_KEY": str(pems / "own.key")})
    assert found.tls is not None


@pytest.mark.parametrize(
    ("cert", "key", "said"),
    [
        ("none.pem", "own.key", "none.pem: no such file; check the path."),
        ("own.pem", "none.key", "none.key: no such file; check the path."),
        ("folder.pem", "own.key", "folder.pem: is a directory; name the file inside it."),
        ("pipe.pem", "own.key", "pipe.pem: is a device or a pipe; name a file."),
        ("own.pem", "/dev/zero", "/dev/zero: is a device or a pipe; name a file."),
        ("own.pem", "other.key", "other.key: is not the key of"),
        ("own.pem", "locked.key", "locked.key: cannot be used with"),
        ("text.pem", "own.key", "text.pem: holds no certificate in PEM; name the right file."),
        ("binary.pem", "own.key", "binary.pem: holds no certificate in PEM; name the right file."),
        ("cut.pem", "own.key", "own.key: cannot be used with"),
        ("own.key", "own.key", "own.key: holds no certificate in PEM; name the right file."),
        ("own.pem", "own.pem", "own.pem: holds no private key in PEM; name the right file."),
    ],
)
def test_files_that_do_not_serve_for_tls_are_one_sentence(pems: Path, cert: str, key: str, said: str) -> None:
    with pytest.raises(ScoreroomError) as caught:
        load_web_settings({"SCOREROOM_TLS_CERT": str(pems / cert), "SCOREROOM_TLS_KEY": str(pems / key)})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("setting", WEB_SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: Setting) -> None:
    documented = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    default = f"`{setting.default}`" if setting.default else "none"
    assert f"| `{setting.name}` | {default} | {setting.help} |" in documented
