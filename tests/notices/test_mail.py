"""E-mail: delivered once, tried again when it may help, ended when it cannot."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from idp.journal.records import JournalEntry
from idp.notices.actions import Contact, Notice, send
from idp.notices.mail import compose
from idp.outbox.actions import LEASE, Undeliverable
from idp.outbox.records import OutboxRecord
from idp.settings import SETTINGS_FILE
from tests.notices.conftest import Office, values_of
from tests.rig.post import PASSWORD, USER, Post, secured

MakePost = Callable[..., Post]
SECOND = timedelta(seconds=1)


def outcomes(office: Office) -> list[str | None]:
    found = select(OutboxRecord.outcome).order_by(OutboxRecord.id)
    return list(office.database.read(lambda tx: tx.execute(found).scalars()))


def test_a_code_arrives_once_at_the_address_and_from_the_sender_that_is_set(
    any_office: Office, post: Post
) -> None:
    office = any_office
    office.send()
    assert office.deliver() == 1
    assert office.deliver() == 0
    (mail,) = post.mails
    assert (mail.sender, mail.recipients) == ("no-reply@id.example.test", ["sian@example.test"])
    assert "Your code is 314159" in mail.text
    assert mail.message["From"] == "Gatehouse <no-reply@id.example.test>"
    assert mail.message["To"] == "sian@example.test"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Message-ID"].endswith("@id.example.test>")
    assert mail.message["Date"].datetime is not None
    assert outcomes(office) == ["delivered"]


def test_many_mails_go_over_one_connection_and_over_another_when_it_was_closed(
    office: Office, post: Post
) -> None:
    for _ in range(3):
        office.send()
    assert office.deliver() == 3
    post.stop()
    post.start()
    office.send()
    assert office.deliver() == 1
    assert len({mail.message["Message-ID"] for mail in post.mails}) == 4


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_mail_that_is_put_off_goes_out_later(office: Office, post: Post, step: str) -> None:
    post.refuse = {step: "451 come back later"}
    office.send()
    assert office.deliver() == 0
    assert outcomes(office) == [None]
    post.refuse = {}
    office.database.move_clock(2 * SECOND)
    assert office.deliver() == 1
    assert len(post.mails) == 1


def test_mail_waits_while_the_mail_server_is_down(office: Office, post: Post) -> None:
    post.stop()
    office.send()
    for wait in (2, 4):
        assert office.deliver() == 0
        office.database.move_clock(wait * SECOND)
    post.start()
    assert office.deliver() == 1
    assert outcomes(office) == ["delivered"]


@pytest.mark.parametrize(("step", "code"), [("rcpt", "550"), ("data", "554")])
def test_a_mail_that_is_refused_for_good_ends_and_the_journal_says_so(
    any_office: Office, post: Post, step: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    office = any_office
    post.refuse = {step: f"{code} sian@example.test: no such person"}
    office.send()
    assert office.deliver() == 0
    assert outcomes(office) == ["undeliverable"]
    entries = select(JournalEntry.kind, JournalEntry.detail)
    ((kind, detail),) = office.database.read(lambda tx: tx.execute(entries).all())
    assert (kind, detail["why"]) == ("message-undeliverable", f"smtp-{code}")
    assert "sian@example.test" not in caplog.text
    post.refuse = {}
    office.database.move_clock(60 * SECOND)
    assert office.deliver() == 0
    assert post.mails == []


@pytest.mark.parametrize("answer", ["550 you may not send", "530 log in first"])
def test_what_is_wrong_with_us_ends_no_mail(office: Office, post: Post, answer: str) -> None:
    post.refuse = {"mail": answer}
    office.send()
    assert office.deliver() == 0
    post.refuse = {"rcpt": "530 log in first"}
    office.database.move_clock(2 * SECOND)
    assert office.deliver() == 0
    assert outcomes(office) == [None]


def test_a_code_that_no_longer_works_is_not_sent(office: Office, post: Post) -> None:
    post.stop()
    office.send(minutes="10")
    office.deliver()
    office.database.move_clock(timedelta(minutes=10))
    post.start()
    assert office.deliver() == 0
    assert outcomes(office) == ["expired"]


def test_starttls_with_a_log_in_under_a_certificate_we_trust(
    office: Office, make_post: MakePost, tmp_path: Path
) -> None:
    own = secured(tmp_path)
    post = make_post(secured=own, log_in=True)
    office.set(smtp_host="localhost", smtp_port=post.port, smtp_security="starttls",
               smtp_user=USER, smtp_password=PASSWORD, smtp_ca=own.ca)  # fmt: skip
    assert office.settings.problems() == []
    office.send()
    assert office.deliver() == 1
    assert [mail.encrypted for mail in post.mails] == [True]


def test_tls_from_the_first_byte(office: Office, make_post: MakePost, tmp_path: Path) -> None:
    own = secured(tmp_path)
    post = make_post(secured=own, at_once=True)
    office.set(smtp_host="localhost", smtp_port=post.port, smtp_security="tls", smtp_ca=own.ca)
    office.send()
    assert office.deliver() == 1
    assert len(post.mails) == 1


@pytest.mark.parametrize("wrong", ["unknown authority", "another's name", "no encryption"])
def test_a_mail_server_that_does_not_prove_itself_is_told_nothing(
    office: Office, make_post: MakePost, tmp_path: Path, wrong: str
) -> None:
    named = "mail.example.test" if wrong == "another's name" else "localhost"
    own = secured(tmp_path, host=named)
    post = make_post() if wrong == "no encryption" else make_post(secured=own)
    ca = None if wrong == "unknown authority" else own.ca
    office.set(smtp_host="localhost", smtp_port=post.port, smtp_security="starttls", smtp_ca=ca)
    office.send()
    assert office.deliver() == 0
    assert post.mails == []
    assert outcomes(office) == [None], "it waits until the operator has mended it"


def test_a_wrong_log_in_waits_and_the_password_is_in_no_log(
    office: Office, make_post: MakePost, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = secured(tmp_path)
    post = make_post(secured=own, log_in=True)
    office.set(smtp_host="localhost", smtp_port=post.port, smtp_security="starttls",
               smtp_user=USER, smtp_password="not it at all", smtp_ca=own.ca)  # fmt: skip
    office.send()
    with caplog.at_level(logging.DEBUG):
        assert office.deliver() == 0
    assert outcomes(office) == [None]
    assert "not it at all" not in caplog.text + repr(office.settings)


def test_a_welsh_name_arrives_as_it_is_written(office: Office, post: Post) -> None:
    office.set(mail_from="Porth y Dŵr <no-reply@id.example.test>")
    office.send(Notice.SIGNED_UP, account="siân.ŵyn@example.test")
    assert office.deliver() == 1
    (mail,) = post.mails
    assert "siân.ŵyn@example.test" in mail.text
    assert mail.message["From"].addresses[0].display_name == "Porth y Dŵr"
    assert mail.raw.isascii(), "servers that take no 8-bit text take it too"
    assert max(map(len, mail.raw.splitlines())) <= 998


def test_an_address_with_letters_of_its_own_language_is_reached(office: Office, post: Post) -> None:
    office.send(contact=Contact("email", "siân@dŵr.example"))
    assert office.deliver() == 1
    assert post.mails[0].recipients == ["siân@xn--dr-bva.example"]


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: all@example.test",
        "a@b.example>\r\nRCPT TO:<x@example.test",
        "a@b.example, c@example.test",
        "<a@b.example>",
        "a b@example.test",
        "@example.test",
        "a@",
        "a",
        "",
        "a@b\x00.example",
        "a@.example",
    ],
)
def test_what_is_no_address_is_given_to_no_server(address: str) -> None:
    with pytest.raises(Undeliverable):
        compose(sender="a@b.example", recipient=address, subject="x", paragraphs=("x",),
                ref="r", host="id.example.test", locale="en", now=datetime.now(UTC))  # fmt: skip


def test_an_address_that_is_none_ends_its_mail(office: Office, post: Post) -> None:
    office.send(contact=Contact("email", "a@b.example\r\nBcc: all@example.test"))
    assert office.deliver() == 0
    assert outcomes(office) == ["undeliverable"]
    assert post.mails == []


def test_a_hostile_name_adds_no_header_no_line_and_no_end(office: Office, post: Post) -> None:
    office.send(
        Notice.METHOD_ADDED,
        account="x\r\nBcc: all@example.test\r\n\r\n.\r\nMAIL FROM:<y@example.test>\u202e@a.test",
    )
    assert office.deliver() == 1
    (mail,) = post.mails
    assert mail.message["Bcc"] is None
    assert mail.recipients == ["sian@example.test"]
    assert "\u202e" not in mail.text
    assert not any(line.startswith((".", "Bcc", "MAIL")) for line in mail.text.splitlines())


WORKER = "from idp.work import run; from idp.house import open_house; run(open_house())"


def test_a_worker_killed_before_it_noted_the_delivery_repeats_it_under_the_same_name(
    any_office: Office, post: Post, tmp_path: Path
) -> None:
    office = any_office
    path = tmp_path / "settings.json"
    office.settings.write(path)
    office.database.transaction(
        lambda tx: send(tx, office.keyring, Contact("email", "sian@example.test"),
                        Notice.RESET_CODE, values_of(Notice.RESET_CODE))
    )  # fmt: skip
    environ = {**os.environ, SETTINGS_FILE: str(path)}
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environ)
    # Taken, but the answer never reaches the worker: it is dead by then.
    post.on_data = lambda: worker.send_signal(signal.SIGKILL)
    try:
        worker.wait(60)
    finally:
        worker.kill()
    post.on_data = None
    assert len(post.mails) == 1
    office.set()
    office.database.move_clock(LEASE + SECOND)
    deadline = time.monotonic() + 5
    while office.deliver() == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    first, again = post.mails
    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert first.text == again.text
    assert outcomes(office) == ["delivered"]
