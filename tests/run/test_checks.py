"""What the service refuses to start with."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from imageskill import checks
from tests.environment import REPOSITORY


def problems(check: Any) -> list[str]:
    return [message.id for message in check(None)]


@pytest.mark.parametrize(
    ("fake_rail", "stripe_key", "priced", "allowed", "refused"),
    [
        (True, "", True, False, True),
        (True, "", False, False, False),
        (True, "", True, True, False),
        (False, "", True, False, False),
        (False, "sk_test_" + "a" * 24, True, False, True),
        (False, "rk_test_" + "a" * 24, True, False, True),
        (False, "sk_live_" + "a" * 24, True, False, False),
        (False, "sk_test_" + "a" * 24, False, False, False),
        (True, "sk_live_" + "a" * 24, True, False, True),
    ],
)
def test_play_money_never_stands_beside_a_priced_provider(
    settings: LazySettings, stripe_key: str, *, fake_rail: bool, priced: bool, allowed: bool, refused: bool
) -> None:
    settings.FAKE_RAIL = fake_rail
    settings.STRIPE_SECRET_KEY = stripe_key
    settings.PROVIDER_KEYS = {"fal": "a-key" if priced else "", "openai": "", "xai": ""}
    settings.ALLOW_FREE_PROVIDER_SPEND = allowed
    assert problems(checks.check_play_money) == (["imageskill.E008"] if refused else [])


@pytest.mark.parametrize(
    ("key", "secret", "base", "found"),
    [
        ("", "", "", []),
        ("sk_live_x", "", "", ["imageskill.E009"]),
        ("sk_live_x", "whsec_x", "", []),
        ("sk_test_x", "whsec_x", "http://127.0.0.1:4242", []),
        ("sk_test_x", "whsec_x", "http://stripe.example", ["imageskill.E010"]),
        ("sk_test_x", "whsec_x", "https://stripe.example", []),
    ],
)
def test_payments_need_a_webhook_secret_and_a_safe_way(
    settings: LazySettings, key: str, secret: str, base: str, found: list[str]
) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_BASE = key, secret, base
    assert problems(checks.check_stripe) == found


def test_keys_that_can_be_guessed_are_refused(settings: LazySettings) -> None:
    settings.SECRET_KEY = "short"
    assert "imageskill.E001" in problems(checks.check_keys)


def test_a_public_service_has_an_identity_key_and_a_mail_server(settings: LazySettings) -> None:
    settings.HTTPS = True
    settings.IDENTITY_KEY = settings.SECRET_KEY
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert problems(checks.check_keys) == ["imageskill.E002"]
    assert problems(checks.check_mail) == ["imageskill.E005", "imageskill.E020"]


@pytest.mark.parametrize("sender", ["", "Image Skill", "Image Skill <no-reply@localhost>"])
def test_a_public_service_names_a_sender(settings: LazySettings, sender: str) -> None:
    settings.HTTPS = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = sender
    assert problems(checks.check_mail) == ["imageskill.E020"]
    settings.DEFAULT_FROM_EMAIL = "Image Skill <images@example.com>"
    assert problems(checks.check_mail) == []


def test_more_than_one_process_needs_postgresql_and_a_shared_cache(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEB_WORKERS = 2
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert problems(checks.check_processes) == ["imageskill.E003", "imageskill.E004"]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("JOB_THREADS", 0),
        ("CREATE_WAIT_SECONDS", 241),
        ("PREVIEW_CREDITS", 10**20),
        ("PREVIEW_DAILY_JOBS", -1),
        ("JOB_TIMEOUT_SECONDS", 0),
    ],
)
def test_a_number_out_of_its_range_is_refused(settings: LazySettings, name: str, number: int) -> None:
    assert problems(checks.check_numbers) == []
    setattr(settings, name, number)
    assert problems(checks.check_numbers) == ["imageskill.E011"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://images.example", []),
        ("http://127.0.0.1:8000/", []),
        ("junk", ["imageskill.E012"]),
        ("https://images.example/sub/", ["imageskill.E012"]),
        ("ftp://images.example", ["imageskill.E012"]),
    ],
)
def test_the_service_lives_at_an_origin(settings: LazySettings, address: str, found: list[str]) -> None:
    settings.BASE_URL = address
    assert problems(checks.check_base_url) == found


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("", []),
        ("https://queue.example", []),
        ("http://127.0.0.1:9000", []),
        ("http://queue.example", ["imageskill.E013"]),
        ("ftp://127.0.0.1", ["imageskill.E013"]),
        ("junk", ["imageskill.E013"]),
    ],
)
def test_a_providers_key_never_travels_in_clear(settings: LazySettings, base: str, found: list[str]) -> None:
    settings.PROVIDER_BASES = {"fal": base}
    assert problems(checks.check_provider_bases) == found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Set the SECRET_KEY"),
        ({"SECRET_KEY": "x", "TRUSTED_PROXY_COUNT": "abc"}, "TRUSTED_PROXY_COUNT cannot be"),
    ],
)
def test_the_command_line_tells_a_missing_or_malformed_setting_in_one_line(
    given: dict[str, str], said: str, tmp_path: Path
) -> None:
    told = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=REPOSITORY,
        env={"DATA_DIR": str(tmp_path), "IDENTITY_KEY": "y", **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"manage.py: {said}")
    assert told.stderr.count("\n") == 1
