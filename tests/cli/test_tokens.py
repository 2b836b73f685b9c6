"""Tokens: where they are kept, which one is used, to whom it goes, and that nothing tells it."""

from pathlib import Path

import pytest

from tests.cli.front import Front
from tests.cli.terminal import Terminal

SIGNUP = ("signup", "--agent", "--agent-name", "n", "--runtime", "r")


def test_a_saved_token_is_for_its_owner_alone(agent_terminal: Terminal) -> None:
    assert agent_terminal.config.stat().st_mode & 0o777 == 0o600
    assert agent_terminal.config.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in agent_terminal.config.parent.iterdir()] == ["config.json"]


def test_a_signup_tells_its_token_once_or_not_at_all(terminal: Terminal) -> None:
    told = terminal.run(*SIGNUP, "--json").data
    assert told["token"].startswith("isk_r_")
    assert not terminal.config.exists()
    saved = terminal.run(*SIGNUP, "--save", "--json")
    assert (saved.data["token"], saved.data["token_presented"]) == (None, False)
    assert saved.data["storage"] == {"saved": True, "config_path": str(terminal.config), "reason": None}
    both = terminal.run(*SIGNUP, "--save", "--show-token", "--json").data
    assert both["token"] == terminal.record["token"]


def test_a_signup_without_save_asks_for_no_claim_secret(front: Front, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, front.url)
    said = terminal.run(*SIGNUP, "--json")
    assert front.calls[0].body["return_claim_secret"] is False
    assert "isk_c_" not in said.out


def test_a_second_signup_does_not_lose_the_first_token(agent_terminal: Terminal) -> None:
    first = agent_terminal.record["token"]
    said = agent_terminal.run(*SIGNUP, "--save", "--json")
    assert said.envelope["warnings"]
    assert agent_terminal.record["previous_token"] == first


def test_no_token_is_made_that_could_not_be_saved(front: Front, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, front.url)
    (terminal.home / "file").write_text("")
    said = terminal.run(*SIGNUP, "--save", "--json", XDG_CONFIG_HOME=str(terminal.home / "file"))
    assert (said.code, said.error_code) == (9, "FILESYSTEM_FAILURE")
    assert front.calls == []


def test_stdin_goes_before_the_environment_and_that_before_the_config(agent_terminal: Terminal) -> None:
    other = agent_terminal.run(*SIGNUP).data
    own = agent_terminal.run("whoami").data["agent"]["agent_id"]
    from_environment = agent_terminal.run("whoami", IMAGE_SKILL_TOKEN=other["token"]).data
    assert from_environment["agent"]["agent_id"] == other["agent_id"] != own
    token = agent_terminal.record["token"]
    from_stdin = agent_terminal.run(
        "whoami", "--token-stdin", stdin=f"{token}\n", IMAGE_SKILL_TOKEN=other["token"]
    )
    assert from_stdin.data["agent"]["agent_id"] == own
    assert agent_terminal.run("whoami", "--token-stdin", stdin="\n").error_code == "AUTH_REQUIRED"


def test_a_saved_token_goes_to_the_service_it_was_saved_for_and_to_no_other(
    agent_terminal: Terminal, front: Front
) -> None:
    said = agent_terminal.run("whoami", "--api-base-url", front.url, "--json")
    assert said.error_code == "AUTH_REQUIRED"
    assert agent_terminal.run("doctor", "--api-base-url", front.url).data["auth"]["state"] == "none"
    assert all("authorization" not in call.headers for call in front.calls)


def test_the_service_of_the_saved_token_is_called_by_default(agent_terminal: Terminal) -> None:
    assert (
        agent_terminal.run("auth", "status", IMAGE_SKILL_API_BASE_URL=None).data["api_base_url"]
        == agent_terminal.url
    )
    assert agent_terminal.run("whoami", IMAGE_SKILL_API_BASE_URL=None).code == 0


def test_keeping_and_forgetting_a_token(terminal: Terminal) -> None:
    token = terminal.run(*SIGNUP).data["token"]
    terminal.tokens.append(token)
    assert terminal.run("auth", "status").data["token_source"] == "none"
    saved = terminal.run("auth", "save", "--token-stdin", "--json", stdin=token + "\n").data
    assert saved["token_prefix"] == token[:12]
    assert terminal.run("auth", "status").data["token_source"] == "config"
    assert terminal.run("whoami").code == 0
    assert terminal.run("auth", "logout").data["removed"]
    assert terminal.run("auth", "logout").data["removed"] is False
    assert token not in terminal.config.read_text()
    assert terminal.run("whoami").error_code == "AUTH_REQUIRED"


def test_a_claim_secret_is_not_taken_for_a_token(terminal: Terminal) -> None:
    said = terminal.run("auth", "save", "--token-stdin", stdin="isk_c_" + "0" * 36)
    assert (said.code, terminal.config.exists()) == (2, False)


def test_rotating_replaces_the_saved_token_unseen(agent_terminal: Terminal) -> None:
    old = agent_terminal.record["token"]
    said = agent_terminal.run("auth", "rotate", "--json")
    assert said.data["token"] is None
    new = agent_terminal.record["token"]
    assert new != old
    assert new not in said.out
    assert {"previous_token", "agent_id"} & set(agent_terminal.record) == {"agent_id"}
    assert agent_terminal.run("whoami").code == 0
    shown = agent_terminal.run("auth", "rotate", IMAGE_SKILL_TOKEN=new)
    assert shown.data["token"].startswith("isk_r_")
    assert agent_terminal.record["token"] == new


def test_a_link_in_the_place_of_the_config_is_neither_read_nor_followed(agent_terminal: Terminal) -> None:
    victim = agent_terminal.home / "victim"
    agent_terminal.config.rename(victim)
    before = victim.read_bytes()
    agent_terminal.config.symlink_to(victim)
    assert agent_terminal.run("whoami").code == 9
    assert agent_terminal.run(*SIGNUP, "--save").code == 9
    assert agent_terminal.run("auth", "logout").code == 9
    assert victim.read_bytes() == before


def test_a_config_that_others_can_read_is_refused(agent_terminal: Terminal) -> None:
    agent_terminal.config.chmod(0o644)
    said = agent_terminal.run("whoami", "--json")
    assert (said.code, said.error_code) == (9, "FILESYSTEM_FAILURE")


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff\x00"])
def test_a_spoilt_config_is_told_and_kept(agent_terminal: Terminal, text: str) -> None:
    agent_terminal.config.write_bytes(text.encode("latin-1"))
    assert agent_terminal.run("whoami").code == 9
    assert agent_terminal.config.read_bytes() == text.encode("latin-1")


def test_what_the_service_says_is_cut_where_it_holds_a_token(front: Front, fronted: Terminal) -> None:
    token = fronted.record["token"]
    said = fronted.run("activity", "list", "--type", token, "--json")
    assert token not in said.out
    assert fronted.run("activity", "list", "--subject", token, "--human").code in (0, 1, 2)


def test_no_command_tells_the_token_for_people_either(agent_terminal: Terminal) -> None:
    for words in (["auth", "status"], ["whoami"], ["doctor"], ["usage", "quota"], ["auth", "rotate"]):
        said = agent_terminal.run(*words, "--human")
        assert agent_terminal.record["token"] not in said.out + said.err


def test_a_token_never_travels_with_a_download(fronted: Terminal, front: Front) -> None:
    asset = fronted.run("create", "--prompt", "A boat").data["assets"][0]
    front.calls.clear()
    path = f"{front.url}/a/{asset['url'].rpartition('/')[2]}"
    assert fronted.run("assets", "get", path, "--output", "x.png").code == 0
    media = [call for call in front.calls if call.path.startswith("/a/")]
    assert all("authorization" not in call.headers for call in media)


def test_a_note_of_a_call_holds_no_token(front: Front, fronted: Terminal) -> None:
    front.disturb(["drop"] * 3)
    fronted.run("create", "--prompt", "A boat")
    (note,) = fronted.notes
    assert note.stat().st_mode & 0o777 == 0o600
    assert fronted.record["token"] not in note.read_text()


def test_a_token_in_the_environment_needs_no_config(terminal: Terminal) -> None:
    token = terminal.run(*SIGNUP).data["token"]
    (terminal.home / "file").write_text("")
    broken = {"XDG_CONFIG_HOME": str(terminal.home / "file"), "IMAGE_SKILL_TOKEN": token}
    assert terminal.run("whoami", **broken).code == 0
