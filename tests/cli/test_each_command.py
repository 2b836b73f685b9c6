"""Each command against a running service, from a process that has the standard library only."""

import hashlib
import json
from pathlib import Path

from imageskill import __version__
from tests.cli.terminal import Terminal


def test_version_tells_the_version_and_calls_nobody(terminal: Terminal) -> None:
    for words in (["version"], ["version", "--json"], ["--version"], ["--json", "version"]):
        said = terminal.run(*words, IMAGE_SKILL_API_BASE_URL="http://127.0.0.1:9")
        assert said.data == {"version": __version__, "client": "image-skill"}


def test_who_am_i_quota_and_its_older_name(agent_terminal: Terminal) -> None:
    assert agent_terminal.run("whoami", "--json").data["agent"]["name"] == "painter"
    quota = agent_terminal.run("usage", "quota", "--json")
    assert quota.data["limits"]["remaining_credits"] == 50
    assert agent_terminal.run("quota", "--json").envelope["command"] == "image-skill usage quota"


def test_buying_with_play_money(agent_terminal: Terminal) -> None:
    run = agent_terminal.run
    assert run("credits", "packs", "list", "--json").data["default_pack_id"] == "starter-500"
    assert any(row["method_id"] == "fake" for row in run("credits", "methods").data["methods"])
    words = [
        "credits",
        "quote",
        "--credits",
        "10",
        "--payment-method",
        "fake",
        "--idempotency-key",
        "quote-run-001",
    ]
    quote = run(*words, "--json").data
    assert run(*words).data["quote_id"] == quote["quote_id"]
    paid = run("credits", "fake-purchase", "--quote-id", quote["quote_id"], "--idempotency-key", "run-001").data
    assert paid["credits_granted"] == 10
    status = run("credits", "status", "--quote-id", quote["quote_id"]).data
    assert status["state"] == "succeeded"
    assert run("credits", "status").data["limits"]["payment_backed_remaining_credits"] == 10
    assert agent_terminal.notes == []


def test_a_hosted_page_is_refused_where_there_is_none(agent_terminal: Terminal) -> None:
    quote = agent_terminal.run("credits", "quote", "--pack", "starter-500").data
    said = agent_terminal.run("credits", "buy", "--provider", "stripe", "--quote-id", quote["quote_id"])
    assert said.code in (1, 7)
    assert said.error_code in ("QUOTE_NOT_PAYABLE", "PAYMENTS_NOT_CONFIGURED")


def test_models_and_capabilities_need_no_token(terminal: Terminal) -> None:
    listed = terminal.run("models", "--json").data
    assert terminal.run("models", "list", "--available", "--operation", "image.generate").data["models"]
    shown = terminal.run("models", "show", listed["models"][0]["id"]).data
    assert shown["id"] == listed["models"][0]["id"]
    capability = terminal.run("capabilities").data["capabilities"][0]["id"]
    assert terminal.run("capabilities", "show", capability).data["id"] == capability


def test_a_plan_needs_no_token_and_a_picture_does(terminal: Terminal) -> None:
    assert terminal.run("create", "--prompt", "A boat", "--dry-run").data["job"]["status"] == "planned"
    assert terminal.run("create", "--prompt", "A boat").error_code == "AUTH_REQUIRED"


def test_from_a_prompt_file_to_the_file_of_the_picture(agent_terminal: Terminal) -> None:
    run, home = agent_terminal.run, agent_terminal.home
    (home / "prompt.md").write_text("A compact field camera\non a stainless workbench\n")
    made = run("create", "--prompt-file", "prompt.md", "--intent", "explore", "--output", "out.png", "--json").data
    asset = made["assets"][0]
    assert (
        hashlib.sha256((home / "out.png").read_bytes()).hexdigest()
        == asset["sha256"]
        == made["files"][0]["sha256"]
    )
    assert agent_terminal.notes == []
    shown = run("assets", "show", asset["asset_id"]).data
    assert shown["asset"]["url"] == asset["url"]
    got = run("assets", "get", asset["asset_id"], "--output", "again.png").data
    assert got["file"]["verified"]
    assert (home / "again.png").read_bytes() == (home / "out.png").read_bytes()
    assert (
        run("assets", "list", "--limit", "5", "--kind", "generated").data["assets"][0]["asset_id"]
        == asset["asset_id"]
    )
    job = run("jobs", "show", made["job_id"]).data
    assert job["status"] == "completed"
    assert run("jobs", "wait", made["job_id"], "--timeout-ms", "30000", "--poll-interval-ms", "1000").data == job
    assert run("jobs", "list", "--status", "completed").data["jobs"][0]["job_id"] == made["job_id"]
    assert run("jobs", "cancel", made["job_id"]).error_code == "JOB_NOT_CANCELABLE"
    events = run("activity", "list", "--subject", made["job_id"]).data["events"]
    assert events
    assert run("activity", "show", events[0]["event_id"]).data["event"] == events[0]


def test_an_address_of_the_service_needs_no_token(agent_terminal: Terminal, tmp_path: Path) -> None:
    url = agent_terminal.run("create", "--prompt", "A boat").data["assets"][0]["url"]
    (tmp_path / "elsewhere").mkdir()
    nobody = Terminal(tmp_path / "elsewhere", agent_terminal.url)
    asset = nobody.run("assets", "show", url).data["asset"]
    assert (asset["source"], asset["mime_type"]) == ("asset_url", "image/png")
    assert (
        nobody.run("assets", "get", url, "--output", "x.png").data["file"]["content_length"]
        == asset["content_length"]
    )


def test_uploading_a_file_and_editing_it(agent_terminal: Terminal) -> None:
    run, home = agent_terminal.run, agent_terminal.home
    run("create", "--prompt", "A boat", "--output", "boat.png")
    uploaded = run("upload", "./boat.png", "--json").data
    assert uploaded["request"] == {"source_kind": "local_path", "filename": "boat.png", "remote_origin": None}
    assert uploaded["upload"]["sha256"] == hashlib.sha256((home / "boat.png").read_bytes()).hexdigest()
    edited = run("edit", "--input", uploaded["asset"]["asset_id"], "--prompt", "warmer", "--accept-unknown-cost")
    assert edited.data["input_asset"]["asset_id"] == uploaded["asset"]["asset_id"]
    deleted = run("assets", "delete", run("upload", "boat.png").data["asset"]["asset_id"]).data
    assert deleted["asset"]["deleted_at"]


def test_later_event_types_are_shown_where_they_are_asked_for(agent_terminal: Terminal) -> None:
    agent_terminal.run("create", "--prompt", "A boat", "--dry-run")
    assert agent_terminal.run("activity", "list").data["events"] == []
    assert agent_terminal.run("activity", "list", "--latest").data["events"]


def test_feedback_reaches_the_service(agent_terminal: Terminal) -> None:
    words = ["--title", "Short", "--body", "What happened", "--surface", "cli,docs", "--evidence", "trace:trace_1"]
    said = agent_terminal.run("feedback", "create", *words, "--json")
    reference = said.data["feedback_id"]
    assert agent_terminal.run("feedback", "list").data["feedback"]
    assert reference in json.dumps(agent_terminal.run("feedback", "show", reference).data)


def test_a_claim_is_asked_for_and_its_secret_is_kept(agent_terminal: Terminal) -> None:
    said = agent_terminal.run("claim", "request", "--contact", "owner@example.com", "--json")
    assert said.data["storage"]["claim_secret_saved"]
    assert "isk_c_" not in said.out.replace("isk_c_XXXXXX...", "")
    assert agent_terminal.record["claim_secret"].startswith("isk_c_")
    assert agent_terminal.run("claim", "collect", "--json").data["state"] == "pending"
    secret = agent_terminal.record["claim_secret"]
    named = ["--claim-id", agent_terminal.record["claim_id"], "--secret-stdin"]
    assert agent_terminal.run("claim", "collect", *named, stdin=secret + "\n").data["state"] == "pending"


def test_the_doctor_looks_at_everything(agent_terminal: Terminal) -> None:
    data = agent_terminal.run("doctor", "--json").data
    assert data["service"]["reachable"]
    assert data["auth"]["state"] == "valid"
    assert data["output"]["writable"]
    assert data["telemetry"]["mode"] == "on"
    assert agent_terminal.run("doctor", IMAGE_SKILL_TELEMETRY="off").data["telemetry"]["mode"] == "off"


def test_help_is_text_and_json_on_request(terminal: Terminal) -> None:
    assert "image-skill COMMAND --help" in terminal.run().out
    assert "--max-usd AMOUNT" in terminal.run("create", "--help").out
    told = terminal.run("help", "credits", "--json").data["commands"]
    assert "image-skill credits quote" in [command["command"] for command in told]
    assert terminal.run("help", "nothing").code == 2
