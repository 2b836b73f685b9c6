"""Mail on the console stands in a frame, so that a person finds the sign-in code between lines of the log."""

import io

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client

from imageskill.core import outbox
from tests.pages.people import PERSON, last_code, make_user

pytestmark = pytest.mark.django_db


def printed(settings: LazySettings, capsys: pytest.CaptureFixture[str]) -> str:
    settings.EMAIL_BACKEND = "imageskill.local_mail.EmailBackend"
    capsys.readouterr()
    outbox.send_waiting()
    return capsys.readouterr().out


def test_a_sign_in_code_stands_in_a_frame_of_its_own(
    settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    make_user()
    Client().post("/account/login/code/", {"email": PERSON})
    lines = printed(settings, capsys).split("\n")
    assert lines[0] == ""
    assert lines[1].startswith(f"===== Mail to {PERSON} ===")
    assert lines[2:4] == ["Your sign-in code", ""]
    assert f"    {last_code(PERSON)}" in lines
    assert lines[-3:] == ["=" * 100, "", ""]
    assert not any(line.startswith(("MIME-Version", "Content-", "Message-ID")) for line in lines)


def test_several_mails_have_a_frame_each(settings: LazySettings, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        outbox.write(kind="x", recipient=f"{number}@example.com", subject="S", text="One\n\nTwo\n")
    out = printed(settings, capsys)
    assert [out.count(f"Mail to {number}@example.com") for number in range(3)] == [1, 1, 1]
    assert out.count("S\n\nOne\n\nTwo\n" + "=" * 100) == 3


def test_it_prints_nothing_that_a_terminal_obeys(settings: LazySettings) -> None:
    stream = io.StringIO()
    settings.EMAIL_BACKEND = "imageskill.local_mail.EmailBackend"
    connection = mail.get_connection(stream=stream)
    mail.EmailMessage("Hi\x1b[2J", "a\x1b[31mb\x07\r\nc", None, ["x@example.com"], connection=connection).send()
    assert not any(sign in stream.getvalue() for sign in ("\x1b", "\x07", "\r"))
    assert "a [31mb  \nc\n" in stream.getvalue()
