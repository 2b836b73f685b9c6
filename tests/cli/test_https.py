"""Calls over TLS: a certificate that cannot be trusted ends the call before a token is told."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.front import Front
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made with openssl")
CERTIFICATE = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, signed by itself, and its key in the same file."""
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = [*CERTIFICATE, "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", *words], check=True, capture_output=True)  # noqa: S603, S607 - whichever there is
    made.write_text(made.read_text() + key.read_text())
    return made


@pytest.fixture
def secured(service: int, certificate: Path) -> Iterator[Front]:
    """The service over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    front = Front(service)
    front.secure(context)
    with front:
        yield front


def test_a_trusted_certificate_is_as_good_as_none_needed(
    secured: Front, agent_terminal: Terminal, certificate: Path
) -> None:
    token = agent_terminal.record["token"]
    settings = {
        "IMAGE_SKILL_API_BASE_URL": secured.url,
        "IMAGE_SKILL_TOKEN": token,
        "SSL_CERT_FILE": str(certificate),
    }
    said = agent_terminal.run("whoami", **settings)
    assert said.data["agent"]["name"] == "painter"
    assert said.envelope["warnings"] == []


def test_an_untrusted_certificate_or_another_name_ends_the_call(
    secured: Front, terminal: Terminal, certificate: Path
) -> None:
    other_name = secured.url.replace("localhost", "127.0.0.1")
    for url, trusted in ((secured.url, None), (other_name, str(certificate))):
        settings = {"IMAGE_SKILL_API_BASE_URL": url, "IMAGE_SKILL_TOKEN": "isk_r_" + "0" * 36}
        said = terminal.run("whoami", SSL_CERT_FILE=trusted, **settings)
        assert (said.code, said.error_code) == (7, "SERVICE_UNAVAILABLE")
        assert "certificate" in said.error["message"]
    assert secured.calls == []
