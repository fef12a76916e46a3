"""The sandbox's post office: what was sent can be read there, by people and by programs."""

import json
import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from flask.testing import FlaskClient

from idp.demo import newcomers, world
from idp.demo.post import MAILS_FILE, Mailbox, Message, Taker, create
from idp.notices.messages import SandboxTexts

PORT = 18003
HERE = f"http://localhost:{PORT}"


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


@pytest.fixture
def page(mailbox: Mailbox) -> FlaskClient:
    return create(mailbox, PORT).test_client()


@pytest.fixture
def listener(mailbox: Mailbox, free_ports: Callable[[int], list[int]]) -> Iterator[int]:
    [port] = free_ports(1)
    controller = Controller(Taker(mailbox), hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    yield port
    controller.stop()


def mail(subject: str = "Your code", text: str = "Your code is 314159") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "no-reply@gatehouse.example", "liz@example.test"
    message["Subject"], message["Message-ID"] = subject, "<m1@localhost>"
    message.set_content(text)
    return message


def hand_over(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as line:
        line.send_message(message)


def listed(page: FlaskClient, query: str = "") -> list[dict[str, str]]:
    answer = page.get(f"/messages.json{query}", base_url=HERE)
    assert answer.status_code == 200
    return answer.get_json()["messages"]


def test_a_mail_taken_by_smtp_is_on_the_page_and_in_the_list(
    page: FlaskClient, listener: int
) -> None:
    hand_over(listener, mail("Côd i Siân"))
    (found,) = listed(page, "?to=liz@example.test")
    assert (found["channel"], found["to"], found["ref"]) == (
        "email", "liz@example.test", "<m1@localhost>"
    )  # fmt: skip
    assert found["text"].strip() == "Your code is 314159"
    text = page.get("/", base_url=HERE).get_data(as_text=True)
    assert "Côd i Siân" in text
    assert "Your code is 314159" in text
    assert listed(page, "?to=somebody-else@example.test") == []


def test_text_messages_of_the_sandboxs_driver_stand_beside_mail(
    page: FlaskClient, listener: int, tmp_path: Path
) -> None:
    texts = SandboxTexts(tmp_path / "text-messages.jsonl")
    texts.send(number="+447700900461", text="Gatehouse: your code is 271828", ref="t1")
    hand_over(listener, mail())
    texts.send(number="+447700900461", text="Gatehouse: your code is 161803", ref="t2")
    assert {one["channel"] for one in listed(page)} == {"email", "text"}
    assert len(listed(page)) == 3
    assert "your code is 161803" in page.get("/", base_url=HERE).get_data(as_text=True)


def test_newest_first(page: FlaskClient, mailbox: Mailbox) -> None:
    for minute in (3, 1, 2):
        mailbox.put(Message(channel="email", ref=str(minute), to="a@b.test", subject="x", text="x",
                            at=f"2030-06-01T12:0{minute}:00Z"))  # fmt: skip
    assert [one["ref"] for one in listed(page)] == ["3", "2", "1"]


def test_a_restart_loses_no_message(mailbox: Mailbox, listener: int, tmp_path: Path) -> None:
    hand_over(listener, mail())
    assert len(listed(create(Mailbox(tmp_path), PORT).test_client())) == 1
    assert (tmp_path / MAILS_FILE).stat().st_mode & 0o077 == 0


def test_half_a_line_waits_for_its_other_half(
    page: FlaskClient, mailbox: Mailbox, tmp_path: Path
) -> None:
    whole = json.dumps({"ref": "t", "to": "1", "text": "hello", "at": "2030-06-01T12:00:00Z"})
    file = tmp_path / "text-messages.jsonl"
    file.write_text(whole[:10])
    assert listed(page) == []
    with file.open("a") as handle:
        handle.write(whole[10:] + "\n")
    assert [one["text"] for one in listed(page)] == ["hello"]


def test_what_a_mail_says_is_shown_and_not_run(page: FlaskClient, listener: int) -> None:
    hand_over(listener, mail("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"))
    answer = page.get("/", base_url=HERE)
    text = answer.get_data(as_text=True)
    assert "<script>" not in text
    assert "<img" not in text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_another_sites_name_that_leads_here_is_refused(page: FlaskClient) -> None:
    for host in ("evil.example", f"evil.example:{PORT}", "localhost", ""):
        assert page.get("/messages.json", headers={"Host": host}).status_code == 400


def test_a_newcomer_is_in_the_register_with_no_account_and_can_be_tried_in_two_ways() -> None:
    with_none, with_some = newcomers._cast()
    assert (with_none.email, with_none.phone) == (None, None)
    assert with_none.earlier_family_name
    assert with_some.email
    assert with_some.phone
    taken = {person[1] for person in world.CAST}
    assert not taken & {with_none.given_name, with_some.given_name}
