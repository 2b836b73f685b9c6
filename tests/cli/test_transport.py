"""How a call travels: headers, proxies, telemetry, plain HTTP."""

import pytest

from imageskill import __version__
from imageskill.cli import surroundings, transport
from imageskill.cli.output import Failure
from tests.cli.front import Front, Reply
from tests.cli.terminal import Terminal


def test_a_call_says_which_client_it_is_and_no_more(fronted: Terminal, front: Front) -> None:
    fronted.run("whoami")
    headers = front.calls[0].headers
    assert headers["user-agent"].startswith(f"image-skill/{__version__} ")
    assert set(headers) == {"host", "accept-encoding", "user-agent", "authorization"}


def test_telemetry_can_be_switched_off(fronted: Terminal, front: Front) -> None:
    fronted.run("whoami", IMAGE_SKILL_TELEMETRY="off")
    assert front.calls[0].headers["image-skill-telemetry"] == "off"


def test_feedback_is_sent_in_the_contracts_fields(fronted: Terminal, front: Front) -> None:
    words = ["--type", "user_feedback", "--title", "t", "--body", "b", "--command", "c", "--expected", "e"]
    words += ["--actual", "a", "--proof-needed", "p", "--surface", "cli,docs", "--evidence", "trace:trace_1"]
    words += ["--severity", "medium", "--confidence", "high", "--next-state", "watch", "--json"]
    front.disturb([Reply(404, b"{}")])
    fronted.run("feedback", "create", *words)
    assert front.calls[0].path == "/v1/feedback"
    assert front.calls[0].body == {
        "type": "user_feedback",
        "title": "t",
        "body": "b",
        "command": "c",
        "expected": "e",
        "actual": "a",
        "proof_needed": "p",
        "surface": ["cli", "docs"],
        "evidence": ["trace:trace_1"],
        "severity": "medium",
        "confidence": "high",
        "next_state": "watch",
    }


@pytest.mark.parametrize(
    ("environment", "scheme", "host", "proxy"),
    [
        ({}, "https", "a.example", ""),
        ({"https_proxy": "http://p:1"}, "https", "a.example", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https", "a.example", "http://p:1"),
        ({"all_proxy": "http://p:1"}, "http", "a.example", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https", "a.example", ""),
        ({"HTTP_PROXY": "http://p:1"}, "http", "a.example", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, "http", "a.example", ""),
        ({"https_proxy": "http://p:1", "no_proxy": "b.example, .example"}, "https", "a.example", ""),
        ({"https_proxy": "http://p:1", "no_proxy": "ample"}, "https", "a.example", "http://p:1"),
        ({"https_proxy": "http://p:1", "NO_PROXY": "*"}, "https", "a.example", ""),
        ({"http_proxy": "http://p:1"}, "http", "127.0.0.1", ""),
    ],
)
def test_proxies_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], scheme: str, host: str, proxy: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert transport.proxy_for(scheme, host) == proxy


def test_a_call_goes_over_the_proxy(terminal: Terminal, front: Front) -> None:
    front.disturb([Reply(200, b"{}")])
    settings = {
        "IMAGE_SKILL_API_BASE_URL": "http://images.example",
        "http_proxy": front.url.replace("//", "//u:p@"),
    }
    said = terminal.run("models", "--json", IMAGE_SKILL_TOKEN=None, **settings)
    assert said.error_code == "UNEXPECTED_ANSWER"
    assert front.calls[0].path == "http://images.example/v1/models"
    assert front.calls[0].headers["proxy-authorization"] == "Basic dTpw"
    assert front.calls[0].headers["host"] == "images.example"


def test_a_token_over_plain_http_is_warned_of(terminal: Terminal, front: Front) -> None:
    front.disturb([Reply(200, b"{}")])
    settings = {"IMAGE_SKILL_API_BASE_URL": "http://images.example", "http_proxy": front.url}
    said = terminal.run("whoami", IMAGE_SKILL_TOKEN="isk_r_" + "0" * 36, **settings)
    assert any("plain HTTP" in warning for warning in said.envelope["warnings"])


@pytest.mark.parametrize(
    "address",
    [
        "ftp://h",
        "h",
        "",
        "http://",
        "https://u:p@h",
        "https://h/path",
        "https://h?q=1",
        "https://h:99999",
        "http://[::1",
    ],
)
def test_a_service_has_an_origin(address: str) -> None:
    if address:
        with pytest.raises(Failure):
            surroundings.base_url(address, None)
    else:
        assert surroundings.base_url(address, "https://H.example:443/") == "https://h.example"


def test_an_answer_that_is_cut_short_is_lost(front: Front) -> None:
    front.disturb([Reply(200, b"12345", missing=5)])
    with pytest.raises(transport.LostError):
        transport.exchange("GET", front.url, headers={}, timeout=60, most_bytes=99)


def test_an_answer_that_does_not_end_is_cut(front: Front) -> None:
    front.disturb([Reply(200, b"x" * 100)])
    with pytest.raises(transport.TooLongError):
        transport.exchange("GET", front.url, headers={}, timeout=60, most_bytes=99)
