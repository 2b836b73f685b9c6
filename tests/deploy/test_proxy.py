"""nginx with the house's own configuration: it sends pictures, keeps long bodies out, and speaks in envelopes."""

import http.client
import json
import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import on_postgres
from tests.deploy.conftest import Deployment
from tests.deploy.load import HOST
from tests.deploy.servers import Server, program
from tests.environment import REPOSITORY

CONFIGURATION = REPOSITORY / "deploy" / "nginx"
INSTALLED = "/srv/image-skill/current/deploy/nginx"


def certificate(folder: Path) -> None:
    """Write a certificate of our own and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(tz=UTC)  # noqa: TID251 - a certificate's own days
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    (folder / "certificate.pem").write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)


def site(folder: Path, *, port: int, plain_port: int, upstream: int, data: str) -> Path:
    """Write site.conf as an operator finishes it, in an nginx.conf around it; what it includes stays as it is."""
    certificate(folder)
    for name in ("http.conf", "service.conf"):
        text = (CONFIGURATION / name).read_text().replace("/var/lib/image-skill", data)
        (folder / name).write_text(text)
    text = (CONFIGURATION / "site.conf").read_text().replace(INSTALLED, str(folder))
    text = re.sub(r"^ +listen (\[::\]:)?80;\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ +# listen \[::\].*\n", "", text, flags=re.MULTILINE)
    text = text.replace(
        "# listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2; listen 127.0.0.1:{plain_port};"
    )
    text = re.sub(r"^( +)# (server_name|ssl_)", r"\1\2", text, flags=re.MULTILINE)
    text = text.replace("images.example.com;", f"{HOST};").replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    text = re.sub(r"/etc/letsencrypt\S+fullchain.pem", f"{folder}/certificate.pem", text)
    text = re.sub(r"/etc/letsencrypt\S+privkey.pem", f"{folder}/key.pem", text)
    user = "user root root;" if os.geteuid() == 0 else ""
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off;\n{user}\npid {folder}/pid;\nerror_log stderr crit;\nevents {{}}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\n{paths}{text}\n}}\n"
    )
    return whole


@dataclass
class Front:
    """The proxy of a deployment, as a client meets it."""

    port: int
    plain_port: int

    def call(
        self, method: str, path: str, body: bytes | str | None = None, *, plain: bool = False, **headers: str
    ) -> "Answer":
        context = ssl._create_unverified_context()  # noqa: S323 - our own certificate, on loopback
        connection: http.client.HTTPConnection = (
            http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=60)
            if plain
            else http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        )
        sent = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@dataclass
class Answer:
    """What the proxy answered."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.raw)
        return told


@pytest.fixture
def front(deployment: Deployment, tmp_path: Path) -> Iterator[Front]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    port, plain_port = on_postgres.free_port(), on_postgres.free_port()
    data = deployment.settings["DATA_DIR"]
    whole = site(folder, port=port, plain_port=plain_port, upstream=deployment.line.port, data=data)
    server = Server([program("nginx"), "-c", whole, "-e", "stderr", "-p", folder], port, folder)
    yield Front(port, plain_port)
    server.stop()


def test_it_sends_pictures_and_keeps_what_the_service_says(deployment: Deployment, front: Front) -> None:
    web = deployment.web()
    deployment.worker()
    token = deployment.line.sign_up()
    made = deployment.line.call("POST", "/v1/create", {"prompt": "A boat"}, token=token)
    assert made.status == 200, made
    address = str(made.body["data"]["assets"][0]["url"])
    assert address.startswith(f"https://{HOST}/a/")
    path = address.removeprefix(f"https://{HOST}")

    whole = front.call("GET", path)
    assert (whole.status, whole.headers["content-type"]) == (200, "image/png")
    assert whole.raw.startswith(b"\x89PNG")
    assert "max-age=86400" in whole.headers["cache-control"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert whole.headers["referrer-policy"] == "no-referrer"
    assert whole.headers["x-trace-id"].startswith("trace_")
    assert whole.headers["x-image-skill-exit-code"] == "0"
    assert "x-accel-redirect" not in whole.headers
    assert "pictures/" not in str(whole.headers)
    part = front.call("GET", path, range="bytes=1-3")
    assert (part.status, part.raw, part.headers["content-range"]) == (206, b"PNG", f"bytes 1-3/{len(whole.raw)}")
    known = front.call("GET", path, if_none_match=whole.headers["etag"])
    assert (known.status, known.raw) == (304, b"")
    head = front.call("HEAD", path)
    assert (head.status, head.raw, head.headers["content-length"]) == (200, b"", str(len(whole.raw)))
    # The bytes came from nginx: the file's own tag, not the service's, which is a SHA-256.
    assert re.fullmatch(r'"[0-9a-f]+-[0-9a-f]+"', whole.headers["etag"])
    # A member of the service's group may read them, as the proxy's account does.
    media = Path(deployment.settings["DATA_DIR"]) / "media"
    files = [file for file in media.rglob("*") if file.is_file()]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}
    assert all(folder.stat().st_mode & 0o777 == 0o750 for folder in {file.parent for file in files})

    for inside in ("/_media/", f"/_media/{files[0].relative_to(media)}", "/_media/../imageskill.sqlite3"):
        assert front.call("GET", inside).status in (400, 404)
    assert_it_bounds_bodies(front, token)
    assert_it_tells_the_scheme_and_the_caller(front)
    web.stop()


def assert_it_bounds_bodies(front: Front, token: str) -> None:
    """The service's own words up to the proxy's limit, the proxy's above it; both are envelopes."""
    sent = {"authorization": f"Bearer {token}", "content_type": "application/json"}
    for length in (300_000, 3_000_000):
        told = front.call("POST", "/v1/create", b'{"prompt":"' + b"a" * length + b'"}', **sent)
        assert (told.status, told.body["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE"), length
        assert (told.headers["x-image-skill-exit-code"], told.body["ok"], told.body["data"]) == ("2", False, None)
    upload = front.call("POST", "/v1/upload", b'{"image":"' + b"a" * 5_000_000 + b'"}', **sent)
    assert upload.status in (400, 422), upload.raw[:300]
    assert upload.body["error"]["recovery"].get("reason") != "proxy"
    too_long = front.call("POST", "/v1/upload", b'{"image":"' + b"a" * (29 * 1024 * 1024) + b'"}', **sent)
    assert (too_long.status, too_long.body["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def assert_it_tells_the_scheme_and_the_caller(front: Front) -> None:
    assert front.call("GET", "/v1/models").status == 200
    plain = front.call("GET", "/v1/models", plain=True)
    assert (plain.status, plain.body["error"]["recovery"]["reason"]) == (400, "plain_http")
    # A caller's own word about its scheme does not count.
    lied = front.call("GET", "/v1/models", plain=True, x_forwarded_proto="https")
    assert lied.body["error"]["recovery"]["reason"] == "plain_http"
    page = front.call("GET", "/account/login/", plain=True)
    assert (page.status, page.headers["location"]) == (301, f"https://{HOST}/account/login/")


def test_without_a_process_it_answers_as_the_service_would(deployment: Deployment, front: Front) -> None:
    deployment.held.close()
    for method, headers in (("GET", {}), ("POST", {}), ("POST", {"idempotency_key": "run-001"})):
        told = front.call(method, "/v1/create", b"{}" if method == "POST" else None, **headers)
        assert told.status == 503
        assert set(told.body) == {"ok", "command", "trace_id", "actor", "data", "warnings", "error"}
        error = told.body["error"]
        # Nothing was reached, so nothing was done: the same call may come again.
        assert (error["code"], error["retryable"]) == ("SERVICE_UNAVAILABLE", True)
        assert (told.headers["retry-after"], told.headers["x-image-skill-exit-code"]) == ("5", "7")
        assert told.headers["x-trace-id"] == told.body["trace_id"]
    page = front.call("GET", "/account/login/")
    assert (page.status, page.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert b"Nothing is lost" in page.raw


def test_the_proxy_of_the_containers_is_configured_as_nginx_reads_it(tmp_path: Path) -> None:
    text = (CONFIGURATION / "container.conf").read_text().replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - nginx's
    text = text.replace("/etc/nginx/image-skill", str(CONFIGURATION))
    text = re.sub(r"server web-\d:", "server 127.0.0.1:", text)
    # The machine's nginx may be older than the container's, and know no name that is asked for again.
    assert len(re.findall(r" server 127.0.0.1:8000 .* resolve;", text)) == 2
    (tmp_path / "nginx.conf").write_text(text.replace(" resolve;", ";"))
    command = [program("nginx"), "-t", "-q", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - nginx
    assert (told.returncode, told.stderr) == (0, "")
