"""Mail: written with what it tells of, sent once, tried again, and never a reason to stop."""

import smtplib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from imageskill.core import outbox
from imageskill.core.models import Outbox
from imageskill.core.units import unit_of_work
from tests.cast import Member, sign_up

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


class Mailbox(BaseEmailBackend):
    """A mail server at the port: it takes mail, or fails as it is told to."""

    failing: tuple[str, ...] = ()
    error: Exception = smtplib.SMTPServerDisconnected("gone")
    taken: list[str] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Take or refuse each mail."""
        for message in email_messages:
            if message.to[0] in self.failing:
                raise self.error
            self.taken.append(message.to[0])
        return len(email_messages)


@pytest.fixture
def mailbox(settings: LazySettings) -> Iterator[type[Mailbox]]:
    settings.EMAIL_BACKEND = "tests.core.test_outbox.Mailbox"
    Mailbox.failing, Mailbox.taken = (), []
    Mailbox.error = smtplib.SMTPServerDisconnected("gone")
    yield Mailbox
    Mailbox.failing, Mailbox.taken = (), []


def write(recipient: str = "a@example.com") -> None:
    outbox.write(kind="test", recipient=recipient, subject="Subject", text="Text")


def test_a_signup_is_mailed_once_the_clock_comes_by(settings: LazySettings) -> None:
    settings.BASE_URL = "https://images.example"
    agent = sign_up("human@example.com", name="atlas")
    assert mail.outbox == []
    assert outbox.send_waiting() == 1
    assert outbox.send_waiting() == 0
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["human@example.com"], "An agent asks you to claim it")
    assert sent.from_email == settings.DEFAULT_FROM_EMAIL
    assert "https://images.example/claim" in sent.body
    assert 'It calls itself: "atlas"' in sent.body
    assert "loopback" in sent.body
    for secret in ("isk_", str(agent.get("/v1/whoami").data["claim"]["user_code"]), agent.agent_id):
        assert secret not in str(sent.message())
    assert Outbox.objects.get().sent_at is not None


def test_an_agents_words_make_no_link_header_or_line() -> None:
    sign_up("human@example.com", name="Hi http://evil.example\r\nBcc: x@evil.example \u202e\x07" + "x" * 60)
    outbox.send_waiting()
    [sent] = mail.outbox
    line = next(line for line in sent.body.splitlines() if "calls itself" in line)
    assert len(line) <= len('It calls itself: ""') + 80
    assert line.isprintable()
    assert sent.recipients() == ["human@example.com"]
    assert "evil" not in sent.subject


def test_a_mail_of_work_that_failed_is_never_sent() -> None:
    @unit_of_work
    def work() -> None:
        write()
        raise LookupError

    with pytest.raises(LookupError):
        work()
    assert outbox.send_waiting() == 0
    assert mail.outbox == []


def test_a_server_that_is_away_is_tried_again_and_at_last_left(mailbox: type[Mailbox]) -> None:
    mailbox.failing = ("a@example.com",)
    write()
    now = timezone.now()
    for attempt in range(1, 9):
        with time_machine.travel(now + timedelta(minutes=6 * attempt), tick=False):
            assert outbox.send_waiting() == 0
            assert outbox.send_waiting() == 0
        assert Outbox.objects.get().attempts == attempt
    mailbox.failing = ()
    with time_machine.travel(now + timedelta(days=2), tick=False):
        assert outbox.send_waiting() == 0
    assert Outbox.objects.get().sent_at is None


def test_a_mail_goes_out_when_the_server_is_back(mailbox: type[Mailbox]) -> None:
    mailbox.failing = ("a@example.com",)
    write()
    assert outbox.send_waiting() == 0
    mailbox.failing = ()
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert outbox.send_waiting() == 1
    assert mailbox.taken == ["a@example.com"]


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({}),
        TimeoutError("slow"),
        ValueError("the address has a line break"),
        UnicodeEncodeError("ascii", "ü", 0, 1, "no"),
    ],
)
def test_one_mail_that_cannot_go_holds_back_no_other(mailbox: type[Mailbox], error: Exception) -> None:
    mailbox.failing, mailbox.error = ("a@example.com",), error
    write("a@example.com")
    write("b@example.com")
    assert outbox.send_waiting() == 1
    assert mailbox.taken == ["b@example.com"]
    assert Outbox.objects.get(sent_at=None).attempts == 1


@pytest.mark.django_db(transaction=True)
def test_clocks_that_tick_together_send_each_mail_once(mailbox: type[Mailbox]) -> None:
    for number in range(12):
        write(f"a{number}@example.com")
    barrier, counts = Barrier(4), []

    def tick() -> None:
        barrier.wait(30)
        counts.append(outbox.send_waiting())
        connection.close()

    threads = [Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(counts), sum(counts)) == (4, 12)
    assert sorted(mailbox.taken) == sorted(f"a{number}@example.com" for number in range(12))


def test_mail_is_not_sent_while_a_transaction_is_open() -> None:
    write()
    with pytest.raises(RuntimeError, match="sending mail"):
        unit_of_work(outbox.send_waiting)()
    assert mail.outbox == []


def test_a_log_line_of_mail_names_nobody(mailbox: type[Mailbox], caplog: pytest.LogCaptureFixture) -> None:
    mailbox.failing = ("a@example.com",)
    mailbox.error = smtplib.SMTPSenderRefused(550, b"a@example.com is unknown", "a@example.com")
    write()
    outbox.send_waiting()
    [record] = [record for record in caplog.records if record.name == "imageskill.mail"]
    assert (record.message, record.__dict__["fields"]) == ("mail not sent", {"kind": "test"})


def test_sent_mail_is_removed_after_a_week_and_waiting_mail_is_kept(agent: Member) -> None:
    Outbox.objects.filter(recipient=agent.row.contact).update(sent_at=timezone.now())
    write()
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        assert outbox.prune() == 0
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert outbox.prune() == 1
    assert Outbox.objects.get().recipient == "a@example.com"
