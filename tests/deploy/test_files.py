"""The files of a deployment say the same: containers and units, settings and example, limits on both sides."""

import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from creative.views.uploading import BODY_LIMIT as UPLOAD_LIMIT
from imageskill.core.api import BODY_LIMIT
from tests.deploy.conftest import example
from tests.deploy.servers import program
from tests.deploy.units import INSTALLED, UNITS, command, unit
from tests.environment import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNIT_OF = {
    "prepare": "image-skill-prepare.service",
    "web-1": "image-skill-web@.service",
    "web-2": "image-skill-web@.service",
    "worker": "image-skill-worker@.service",
    "backup": "image-skill-backup.service",
}
OURS = sorted(UNIT_OF)
EXAMPLES = {"DATABASE_DIRECT_URL", "MEDIA_URL_BASE", "STORAGE_URL"}
"""What is shown by an example, for its default is another setting, or nothing to write."""


def containerfile() -> str:
    return (DEPLOY / "Containerfile").read_text()


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("name", OURS)
def test_a_container_and_its_unit_begin_the_same_process(name: str) -> None:
    words = command(UNIT_OF[name])
    assert words[0] == str(DEPLOY / "start")
    assert words[1] == SERVICES[name]["command"][0]
    assert len(words) == 1 + len(SERVICES[name]["command"])
    assert f'ENTRYPOINT ["{INSTALLED.removesuffix("/current")}/deploy/start"]' in containerfile()


@pytest.mark.parametrize("name", OURS)
def test_a_container_and_its_unit_get_the_same_settings(name: str) -> None:
    service = unit(UNIT_OF[name])["Service"]
    assert (service["EnvironmentFile"], SERVICES[name]["env_file"]) == ("/etc/image-skill/env", "env")
    # What compose sets beside its file is what the file's own lines name, for machines instead of containers.
    given = SERVICES[name]["environment"]
    assert set(given) - {"HOST", "PORT"} <= set(example())
    assert given["DATA_DIR"] == example()["DATA_DIR"] == "/var/lib/image-skill"
    assert service["StateDirectory"] == "image-skill"
    assert given["MEDIA_ACCEL_PREFIX"] == example()["MEDIA_ACCEL_PREFIX"]
    assert given["TRUSTED_PROXY_COUNT"] == "${TRUSTED_PROXY_COUNT:-1}"
    assert example()["TRUSTED_PROXY_COUNT"] == "1"


@pytest.mark.parametrize("name", ["web-1", "web-2", "worker"])
def test_a_process_that_is_told_to_stop_is_given_the_time_it_takes(name: str) -> None:
    server = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    takes = max(server["graceful_timeout"], int(os.environ.get("WORKER_STOP_SECONDS", "90")))
    assert seconds(SERVICES[name]["stop_grace_period"]) > takes
    assert int(unit(UNIT_OF[name])["Service"]["TimeoutStopSec"]) > takes
    assert unit(UNIT_OF[name])["Service"]["Restart"] == "always"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_web_processes_listen_where_the_proxies_look() -> None:
    listen = unit("image-skill-web.socket")["Socket"]["ListenStream"]
    assert f"server {listen} " in (DEPLOY / "nginx" / "site.conf").read_text()
    assert unit("image-skill-web@.service")["Service"]["Sockets"] == "image-skill-web.socket"
    inside = (DEPLOY / "nginx" / "container.conf").read_text()
    webs = [name for name, told in SERVICES.items() if told.get("command") == ["web"]]
    assert re.findall(r"server (\S+):(\d+)", inside) == [
        (name, SERVICES[name]["environment"]["PORT"]) for name in webs
    ]
    published = SERVICES["proxy"]["ports"][0].rpartition(":")[2]
    assert f"listen {published};" in inside
    assert SERVICES["proxy"]["ports"][0].startswith("${LISTEN:-127.0.0.1:")
    assert [name for name, told in SERVICES.items() if "ports" in told] == ["proxy"]


def test_who_backs_up_or_restores_migrates_nothing_before() -> None:
    """Beginning it begins what it depends on: never the step that changes the database."""
    begun, after = {"backup"}, list(SERVICES["backup"]["depends_on"])
    while after:
        begun.add(name := after.pop())
        after += SERVICES[name].get("depends_on", {})
    assert begun == {"backup", "db"}


def test_containers_have_no_rights_that_they_do_not_need() -> None:
    for name in (*OURS, "cache", "proxy"):
        told = SERVICES[name]
        assert told["cap_drop"] == ["ALL"], name
        assert told["read_only"] is True, name
        assert told["security_opt"] == ["no-new-privileges:true"], name
    user = re.search(r"^USER (\d+):(\d+)$", containerfile(), re.MULTILINE)
    assert user
    assert SERVICES["proxy"]["user"].endswith(f":{user[2]}")
    assert "FROM" in containerfile()
    for line in re.findall(r"^FROM (\S+)", containerfile(), re.MULTILINE):
        assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", line)


def test_the_proxy_finds_a_container_that_is_made_anew() -> None:
    """nginx asks for a name once, unless it is told to ask again; it understands that from 1.27.3 on."""
    inside = (DEPLOY / "nginx" / "container.conf").read_text()
    upstream = inside.partition("upstream image_skill {")[2].partition("}")[0]
    assert all(line.endswith(" resolve;") for line in re.findall(r"server .*", upstream))
    assert "zone " in upstream
    assert re.search(r"resolver 127\.0\.0\.11 valid=\ds", inside)
    version = re.search(r"^nginx:(\d+)\.(\d+)-", SERVICES["proxy"]["image"])
    assert version
    assert (int(version[1]), int(version[2])) >= (1, 28)


def test_every_file_that_a_container_names_is_there() -> None:
    for told in SERVICES.values():
        for volume in told.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (DEPLOY / source).exists() or "BACKUPS" in volume
    copied = re.findall(r"^COPY (?!--from)(\S+) ", containerfile(), re.MULTILINE)
    assert copied
    assert all((REPOSITORY / source).exists() for source in copied)


def test_a_unit_is_what_systemd_reads(tmp_path: Path) -> None:
    """systemd's own word on each file, with the checkout where the release would be."""
    for file in UNITS.glob("image-skill*"):
        text = file.read_text().replace(INSTALLED, str(REPOSITORY)).replace("User=image-skill", "User=daemon")
        (tmp_path / file.name).write_text(text.replace("Group=image-skill", "Group=daemon"))
    for file in sorted(tmp_path.iterdir()):
        name = file.name.replace("@.", "@1.")
        if name != file.name:
            shutil.copy(file, tmp_path / name)
        told = subprocess.run(  # noqa: S603 - systemd's own program
            [program("systemd-analyze"), "verify", "--recursive-errors=no", str(tmp_path / name)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stderr) == (0, ""), name


@pytest.mark.parametrize("name", sorted({*UNIT_OF.values()}))
def test_a_unit_has_little_that_could_be_abused(name: str) -> None:
    """By systemd's own reckoning: 0 is nothing at all, 9.6 a process of root without any bound."""
    words = [program("systemd-analyze"), "security", "--offline=yes", "--threshold=20", str(UNITS / name)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - systemd's own program
    assert told.returncode == 0, told.stdout + told.stderr


def test_the_example_names_every_setting_and_explains_it() -> None:
    text = (DEPLOY / "env.example").read_text()
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    assert len(named) == len(set(named))
    table = (REPOSITORY / "docs" / "settings.md").read_text().split("\n| check |")[0]
    documented = set()
    for row in re.findall(r"^\| (`[A-Z].*?`) \|", table, re.MULTILINE):
        documented |= set(re.findall(r"`([A-Z0-9_]+)`", row))
    assert set(named) == documented
    for block in text.split("\n\n"):
        if re.search(r"^#?[A-Z][A-Z0-9_]+=", block, re.MULTILINE):
            words = "\n".join(line for line in block.strip().splitlines() if line.startswith("# "))
            assert len(words) > 20, block
            assert words.endswith("."), block


def test_the_example_names_every_variable_that_the_settings_read() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', (REPOSITORY / "imageskill" / "settings.py").read_text()))
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    assert len(read) > 40
    assert read <= named


def test_the_example_says_the_defaults_that_the_table_says() -> None:
    table = (REPOSITORY / "docs" / "settings.md").read_text()
    defaults: dict[str, str] = {}
    for names, told in re.findall(r"^\| (`[A-Z].*?`) \| (`[^|]*?`) \|", table, re.MULTILINE):
        given = re.findall(r"`([^`]*)`", told)
        pairs = zip(re.findall(r"`([A-Z0-9_]+)`", names), given, strict=False)
        defaults |= dict(pairs)
    text = (DEPLOY / "env.example").read_text()
    off = dict(re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    assert len(set(off) & set(defaults)) > 15
    said = {name: value for name, value in off.items() if name in defaults and name not in EXAMPLES}
    assert said == {name: defaults[name] for name in said}


def bytes_of(text: str) -> int:
    return int(text.removesuffix("m")) * 1024 * 1024


def test_the_proxy_lets_through_what_the_service_takes() -> None:
    text = (DEPLOY / "nginx" / "service.conf").read_text()
    everywhere, upload = (bytes_of(size) for size in re.findall(r"client_max_body_size (\w+);", text))
    assert everywhere > max(BODY_LIMIT, 1024 * 1024)
    assert UPLOAD_LIMIT < upload < 2 * UPLOAD_LIMIT
    longest_wait = 240
    assert int(re.findall(r"proxy_read_timeout (\d+)s", text)[0]) > longest_wait


def test_an_image_holds_nothing_of_a_deployment() -> None:
    kept_out = set((DEPLOY / "Containerfile.dockerignore").read_text().splitlines())
    assert {".git", ".data", ".venv", "deploy/env", "**/.env"} <= kept_out
    # Backups lie in the folder that is built from, unless the operator names another one.
    named = re.search(r"\$\{BACKUPS:-\./(\w+)\}:", (DEPLOY / "compose.yaml").read_text())
    assert named
    assert f"deploy/{named[1]}" in kept_out
