import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from imageskill import local


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_it_fills_in_what_a_first_start_lacks() -> None:
    filled = local.fill_in({"HOME": "/home/somebody"})
    assert filled == {
        "HOME": "/home/somebody",
        "HOST": "127.0.0.1",
        "PORT": "8000",
        "BASE_URL": "http://127.0.0.1:8000",
        "DATA_DIR": str(local.REPOSITORY / ".data"),
        "DATABASE_URL": f"sqlite:///{local.REPOSITORY}/.data/imageskill.sqlite3",
        "WEB_WORKERS": "1",
        "WEB_THREADS": "16",
        "JOB_RUNNER": "threads",
        "FAKE_RAIL": "1",
        "DJANGO_SETTINGS_MODULE": "imageskill.settings",
    }


def test_it_keeps_what_is_given() -> None:
    given = {
        "HOST": "::1",
        "PORT": "8001",
        "DATABASE_URL": "postgres://somebody@127.0.0.1/images",
        "WEB_WORKERS": "2",
        "PREVIEW_CREDITS": "7",
        "FAKE_RAIL": "",
    }
    filled = local.fill_in(given)
    assert given.items() <= filled.items()
    assert filled["BASE_URL"] == "http://[::1]:8001"


def test_sqlite_is_served_by_one_process() -> None:
    assert local.fill_in({"WEB_WORKERS": "4", "DATABASE_URL": ""})["WEB_WORKERS"] == "1"


@pytest.mark.parametrize(
    ("given", "rail"),
    [
        ({}, "1"),
        ({"HOST": "localhost"}, "1"),
        ({"HOST": "0.0.0.0"}, None),
        ({"HOST": "images.example"}, None),
        ({"BASE_URL": "http://images.example"}, None),
        ({"FAL_KEY": "a-key"}, None),
        ({"OPENAI_API_KEY": "a-key"}, None),
        ({"XAI_API_KEY": "a-key"}, None),
        ({"XAI_API_KEY": ""}, "1"),
        ({"FAKE_RAIL": "0"}, "0"),
        ({"STRIPE_SECRET_KEY": "a-key"}, None),
    ],
)
def test_play_money_is_for_this_machine_and_for_no_priced_key(given: dict[str, str], rail: str | None) -> None:
    assert local.fill_in(given).get("FAKE_RAIL") == rail


def test_it_says_that_a_port_is_taken_and_which_is_free(taken_port: int) -> None:
    with pytest.raises(local.CannotStartError) as told:
        local.check_port("127.0.0.1", str(taken_port))
    words = f"Port {taken_port} on 127.0.0.1 is taken. Choose another: PORT="
    assert str(told.value).startswith(words)
    local.check_port("127.0.0.1", str(told.value).removeprefix(words).split()[0])


@pytest.mark.parametrize("port", ["", "web", "0", "65536", "-1", "80.5", "²"])
def test_it_says_what_is_no_port(port: str) -> None:
    with pytest.raises(local.CannotStartError, match="is no port"):
        local.check_port("127.0.0.1", port)


def test_it_says_that_a_host_is_elsewhere() -> None:
    with pytest.raises(local.CannotStartError, match="no address of this machine"):
        local.check_port("192.0.2.1", "8000")


def test_it_makes_the_folder_for_its_owner_alone(tmp_path: Path) -> None:
    local.make_data_dir(tmp_path / "one" / "two")
    assert (tmp_path / "one" / "two").stat().st_mode & 0o777 == 0o700


def test_it_says_that_the_folder_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(local.CannotStartError, match="is not writable"):
        local.make_data_dir(tmp_path / "file" / "data")


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = local.key_in(path)
    assert len(key) >= 64
    assert local.key_in(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_two_first_starts_at_once_use_the_same_key(tmp_path: Path) -> None:
    barrier, keys = Barrier(8), []

    def begin() -> None:
        barrier.wait()
        keys.append(local.key_in(tmp_path / "secret_key"))

    threads = [Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_key_file_without_a_key_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("\n")
    with pytest.raises(local.CannotStartError, match="holds no usable key"):
        local.key_in(tmp_path / "secret_key")


def test_the_greeting_says_where_things_are() -> None:
    filled = local.fill_in({"PORT": "8001"})
    told = local.greeting(filled)
    assert "Image Skill at http://127.0.0.1:8001" in told
    assert filled["DATA_DIR"] in told
    assert "Mail is printed here" in told
    assert "\nexport BASE=http://127.0.0.1:8001\n" in told
    assert "Mail is sent by EMAIL_URL" in local.greeting(filled | {"EMAIL_URL": "smtp://mail.example:25"})


def test_the_readme_shows_the_same_first_run() -> None:
    readme = (local.REPOSITORY / "README.md").read_text()
    commands = local.first_run("http://127.0.0.1:8000").partition("\n")[2]
    assert commands.strip() in readme


def test_a_second_service_on_one_folder_is_refused(tmp_path: Path) -> None:
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=local.REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert held.stdout is not None
        assert held.stdout.readline().strip() == "held"
        with pytest.raises(local.CannotStartError, match="is in use by another service"):
            local.take_data_dir(tmp_path)
    finally:
        held.kill()
        held.wait(30)
        held.stdout.close()
    local.take_data_dir(tmp_path)


HOLDER = """
import os, pathlib, sys
from imageskill import local
local.take_data_dir(pathlib.Path(sys.argv[1]))
# As the start does it: what replaces this process keeps the folder.
os.execv(sys.executable, [sys.executable, "-c", "print('held', flush=True); import time; time.sleep(60)"])
"""


@pytest.mark.parametrize(
    ("name", "value"), [("WEB_THREADS", "many"), ("CACHE_URL", "memory"), ("EMAIL_URL", "mail.example:25")]
)
def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "imageskill.local"],
        cwd=local.REPOSITORY,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), "PORT": "18765", name: value},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} cannot be read: ")
    assert len(done.stderr.splitlines()) == 1
