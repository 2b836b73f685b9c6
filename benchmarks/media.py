"""Bytes of pictures a second: sent by the service, handed to nginx, and by nginx alone; 8 callers.

.venv/bin/python -m benchmarks.media [SECONDS] [--small]

The picture is of 1 MB, what a provider makes at 1024 pixels. nginx alone, on the same folder, is the limit; with
MEDIA_ACCEL_PREFIX the service only says which file. Without nginx there is no limit to compare with.
"""

import shutil
import subprocess
import time
from pathlib import Path

import psycopg

from benchmarks import stage
from benchmarks.load import Client, always, request, run
from benchmarks.stage import Service

CALLERS = 8
BYTES = 1_000_000
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log; {account}
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000; types {{ image/png png; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream service {{ server 127.0.0.1:{service}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location /files/ {{ alias {media}/; }}
    location /inside/ {{ internal; alias {media}/; }}
    location / {{
      proxy_pass http://service; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host 127.0.0.1;
    }}
  }}
}}
"""


def picture(service: Service) -> tuple[str, str]:
    """Make a picture, put a file of its own size under it, and return its address and its key."""
    bearer = {"authorization": f"Bearer {service.sign_up(0)}", "prefer": "wait=60"}
    told = Client(service.port).call("POST", "/v1/create", {"prompt": "A boat"}, **bearer)[1]["data"]
    asset = told["assets"][0]
    with psycopg.connect(service.database_url) as connection:
        row = connection.execute(
            "UPDATE creative_asset SET content_length = %s WHERE id = %s RETURNING storage_key",
            [BYTES, asset["asset_id"]],
        ).fetchone()
    key = str(row[0]) if row else ""
    file = Path(service.settings["DATA_DIR"]) / "media" / key
    file.write_bytes(file.read_bytes().ljust(BYTES, b"\0")[:BYTES])
    return "/a/" + asset["url"].rpartition("/")[2], key


def proxy(program: str, service: Service, port: int) -> "subprocess.Popen[bytes]":
    """Start nginx before the service."""
    folder = Path(service.settings["DATA_DIR"])
    account = "user root;" if folder.owner() == "root" else ""
    told = {"folder": folder, "account": account, "service": service.port, "port": port, "media": folder / "media"}
    (folder / "nginx.conf").write_text(_NGINX.format(**told))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - nginx
    time.sleep(1)
    return started


def measure(seconds: float, *, accelerated: bool) -> None:
    """Measure the service alone, or behind nginx."""
    port = stage.free_port()
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or ""
    if accelerated and not program:
        print("nginx is not installed")
        return
    told = {"MEDIA_ACCEL_PREFIX": "/inside/"} if accelerated else {}
    with Service("postgresql", JOB_RUNNER="threads", **told) as service:
        service.web()
        address, key = picture(service)
        places = {"the service alone": (service.port, address)}
        nginx = None
        if accelerated:
            nginx = proxy(program, service, port)
            places = {"nginx alone": (port, f"/files/{key}"), "nginx, told by the service": (port, address)}
        try:
            for name, (where, path) in places.items():
                answers = run(where, always(request("GET", path)), connections=CALLERS, seconds=seconds)
                if set(answers.statuses) != {200}:
                    raise SystemExit(f"{name}: {dict(answers.statuses)}")
                print(f"{name:28} {answers.received / answers.seconds / 1e6:7.0f} MB/s, {answers}")
        finally:
            if nginx is not None:
                nginx.terminate()
                nginx.wait(20)


def main() -> None:
    """Measure with and without nginx."""
    for accelerated in (True, False):
        measure(stage.number(0, 5, 1), accelerated=accelerated)


if __name__ == "__main__":
    main()
