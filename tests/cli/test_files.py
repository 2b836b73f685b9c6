"""Pictures and local files: nothing is overwritten, nothing half is left, nothing is sent that should not be."""

import hashlib
import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.cli.front import Front, Reply
from tests.cli.terminal import Terminal


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return file.getvalue()


PNG = png()


class Elsewhere(Front):
    """A web server of someone else, which answers a path with what it holds."""

    def __init__(self) -> None:
        super().__init__(0)
        self.held_pages: dict[str, Reply] = {}

    def answer(self, handler: BaseHTTPRequestHandler, port: int) -> None:
        self.next = [self.held_pages.get(handler.path, Reply(404, b""))]
        super().answer(handler, port)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as made:
        made.held_pages["/boat.png?size=1"] = Reply(200, PNG)
        made.held_pages["/moved"] = Reply(302, b"", (("Location", "/boat.png?size=1"),))
        made.held_pages["/round"] = Reply(302, b"", (("Location", "/round"),))
        made.held_pages["/file"] = Reply(302, b"", (("Location", "file:///etc/passwd"),))
        made.held_pages["/text"] = Reply(200, b"<html></html>")
        made.held_pages["/long"] = Reply(200, PNG + bytes(20 * 1024 * 1024))
        yield made


@pytest.fixture
def asset(agent_terminal: Terminal) -> dict[str, Any]:
    return dict(agent_terminal.run("create", "--prompt", "A boat").data["assets"][0])


def test_a_file_that_is_there_is_replaced_only_when_asked(agent_terminal: Terminal, asset: dict[str, Any]) -> None:
    file = agent_terminal.home / "out.png"
    file.write_text("mine")
    words = ["assets", "get", asset["asset_id"], "--output", "out.png", "--json"]
    said = agent_terminal.run(*words)
    assert (said.code, said.recovery["required_flag"], file.read_text()) == (9, "--overwrite", "mine")
    assert agent_terminal.run(*words, "--overwrite").code == 0
    assert hashlib.sha256(file.read_bytes()).hexdigest() == asset["sha256"]


@pytest.mark.parametrize("target", ["victim", "nowhere"])
def test_a_link_is_never_written_through(agent_terminal: Terminal, asset: dict[str, Any], target: str) -> None:
    victim, link = agent_terminal.home / "victim", agent_terminal.home / "out.png"
    victim.write_text("mine")
    link.symlink_to(agent_terminal.home / target)
    words = ["assets", "get", asset["asset_id"], "--output", "out.png"]
    assert agent_terminal.run(*words).code == 9
    assert link.is_symlink()
    assert agent_terminal.run(*words, "--overwrite").code == 0
    assert not link.is_symlink()
    assert victim.read_text() == "mine"
    assert not (agent_terminal.home / "nowhere").exists()


def test_a_folder_takes_the_names_of_the_assets(agent_terminal: Terminal) -> None:
    made = agent_terminal.run(
        "create", "--prompt", "A boat", "--output-count", "2", "--output", "new/folder/"
    ).data
    folder = agent_terminal.home / "new" / "folder"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        row["asset_id"] + ".png" for row in made["assets"]
    )
    agent_terminal.run("create", "--prompt", "A boat", "--output-count", "2", "--output", "two.png")
    assert (agent_terminal.home / "two-1.png").is_file()
    assert (agent_terminal.home / "two-2.png").is_file()


@pytest.mark.parametrize(
    "spoilt", [Reply(200, b"not the picture"), Reply(200, b"", (("X", "y"),)), Reply(206, PNG)]
)
def test_bytes_that_are_not_the_pictures_are_not_kept(fronted: Terminal, front: Front, spoilt: Reply) -> None:
    made = fronted.run("create", "--prompt", "A boat").data["assets"][0]
    address = f"{front.url}/a/{made['url'].rpartition('/')[2]}"
    shown = fronted.run("assets", "show", made["asset_id"])
    told = Reply(200, shown.out.replace(made["url"], address).encode(), (("x-image-skill-exit-code", "0"),))
    front.disturb([told, spoilt])
    said = fronted.run("assets", "get", made["asset_id"], "--output", "out.png")
    assert said.code != 0
    assert sorted(path.name for path in fronted.home.iterdir() if not path.name.startswith(".")) == []
    assert not list(fronted.home.glob(".out*"))


def test_a_picture_that_was_made_and_could_not_be_fetched_is_told(fronted: Terminal, front: Front) -> None:
    made = fronted.run("create", "--prompt", "A boat")
    lost = made.out.replace(made.data["assets"][0]["url"], f"{front.url}/a/image_gone.png")
    front.disturb([Reply(200, lost.encode(), (("x-image-skill-exit-code", "0"),)), Reply(404, b"")])
    said = fronted.run("create", "--prompt", "A boat", "--output", "out.png", "--json")
    assert said.code == 1
    assert said.envelope["data"]["assets"]
    assert not (fronted.home / "out.png").exists()


def test_an_address_that_is_not_the_services_is_refused(agent_terminal: Terminal, elsewhere: Elsewhere) -> None:
    for address in (
        f"{elsewhere.url}/a/image_0.png",
        "https://example.com/a.png",
        "../a.png",
        "file:///etc/passwd",
    ):
        said = agent_terminal.run("assets", "get", address, "--output", "x", "--json")
        assert (said.code, said.error_code) == (2, "INVALID_ARGUMENTS"), address
    assert elsewhere.calls == []


def test_what_an_address_holds_is_fetched_here_and_sent_as_bytes(
    fronted: Terminal, front: Front, elsewhere: Elsewhere
) -> None:
    for path in ("/boat.png?size=1", "/moved"):
        said = fronted.run("upload", elsewhere.url + path, "--json")
        assert said.data["request"]["source_kind"] == "remote_url"
        sent = front.calls[-1].body
        assert sent["remote_origin"] == elsewhere.url
        assert "size=1" not in str({**sent, "content_base64": ""})
    assert all("authorization" not in call.headers for call in elsewhere.calls)


@pytest.mark.parametrize(
    ("path", "code"), [("/round", 2), ("/file", 2), ("/text", 6), ("/long", 6), ("/missing", 2)]
)
def test_what_is_no_picture_at_an_address_is_not_sent(
    fronted: Terminal, front: Front, elsewhere: Elsewhere, path: str, code: int
) -> None:
    assert fronted.run("upload", elsewhere.url + path).code == code
    assert front.calls == []
    assert len(elsewhere.calls) <= 4


def test_a_private_address_is_not_fetched_for_a_service_elsewhere(
    terminal: Terminal, elsewhere: Elsewhere
) -> None:
    far = {"IMAGE_SKILL_API_BASE_URL": "https://api.example.com", "IMAGE_SKILL_TOKEN": "isk_r_" + "0" * 36}
    for address in (
        f"{elsewhere.url}/boat.png?size=1",
        "http://169.254.169.254/latest",
        "http://[::1]:1/",
        "ftp://h/x",
    ):
        said = terminal.run("upload", address, **far)
        assert (said.code, said.error_code) == (2, "INVALID_ARGUMENTS"), address
    assert elsewhere.calls == []
    assert terminal.run("upload", "http://169.254.169.254/", IMAGE_SKILL_TOKEN="isk_r_" + "0" * 36).code == 2


def test_an_edit_uploads_its_local_input_first(fronted: Terminal, front: Front) -> None:
    (fronted.home / "boat.png").write_bytes(PNG)
    said = fronted.run("edit", "--input", "boat.png", "--prompt", "warmer", "--json")
    assert [call.path for call in front.calls] == ["/v1/upload", "/v1/edit"]
    assert front.calls[1].body["input_asset_id"] == said.data["input_asset"]["asset_id"]
    assert str(fronted.home) not in str([call.body for call in front.calls])
    assert any(said.data["input_asset"]["asset_id"] in warning for warning in said.envelope["warnings"])


def test_a_dry_run_of_an_edit_uploads_nothing(fronted: Terminal, front: Front) -> None:
    (fronted.home / "boat.png").write_bytes(PNG)
    said = fronted.run("edit", "--input", "boat.png", "--prompt", "warmer", "--dry-run", "--json")
    assert (said.data["job"]["status"], said.data["assets"]) == ("planned", [])
    assert said.data["cost"]["credit_pricing"]["credits_required"] == 1
    assert [call.method for call in front.calls] == ["GET"]
    front.calls.clear()
    asset = fronted.run("upload", "boat.png").data["asset"]
    exact = fronted.run("edit", "--input", asset["url"], "--prompt", "warmer", "--dry-run").data
    assert exact["job"]["status"] == "planned"
    assert [call.path for call in front.calls if call.method == "POST"] == ["/v1/upload", "/v1/edit"]
    (fronted.home / "text.png").write_text("no picture")
    assert fronted.run("edit", "--input", "text.png", "--prompt", "p", "--dry-run").code == 6


def test_an_unusable_output_is_found_before_anything_is_charged(fronted: Terminal, front: Front) -> None:
    (fronted.home / "there.png").write_text("")
    assert fronted.run("create", "--prompt", "A boat", "--output", "there.png").code == 9
    assert front.calls == []


@pytest.mark.parametrize("raw", [b"", b" \n", b"\xff\xfe", b"a" * 300_000])
def test_a_prompt_file_holds_text(agent_terminal: Terminal, raw: bytes) -> None:
    (agent_terminal.home / "prompt.md").write_bytes(raw)
    assert agent_terminal.run("create", "--prompt-file", "prompt.md").code == 2


def test_a_prompt_may_come_on_stdin(agent_terminal: Terminal) -> None:
    words = ["create", "--prompt-file", "-", "--dry-run"]
    assert agent_terminal.run(*words, stdin="A boat\n").data["job"]["status"] == "planned"
    assert agent_terminal.run(*words, "--token-stdin", stdin="A boat\n").code == 2


def test_an_input_that_never_ends_is_refused(agent_terminal: Terminal) -> None:
    for path in ("/dev/zero", "/dev/stdin"):
        if Path(path).exists():
            assert agent_terminal.run("upload", path).code == 9
