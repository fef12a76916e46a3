"""What one person did on a journey never counts for another, and nobody is ended in silence."""

from urllib.parse import urlsplit

from idp.authentication.records import ClientSessionRecord
from idp.journal.records import JournalEntry
from idp.oidc.records import ConsentRecord
from idp.outbox.records import OutboxRecord
from tests.build import BOTH, ISSUER, Site, read_answer

OFFLINE = "openid profile offline_access"


def heading(page: object) -> str:
    text: str = page.text  # type: ignore[attr-defined]
    return " ".join(text.split("<h1")[1].split("</h1>")[0].split(">")[1].split())


def test_ones_yes_is_not_anothers(site: Site) -> None:
    site.sign_in("sian")
    page = site.authorize("basic", scope=OFFLINE)
    form = page.text.split('<form method="post" action="')[1]
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    action = form.split('"')[0]
    agreed = site.browser.post(
        action, data={"csrf_token": token, "consent": "yes"}, base_url=ISSUER
    )
    site.sign_in("tom")  # before the redirect is followed, another person is in this browser
    asked = site.get(urlsplit(agreed.location).path)
    assert asked.status_code == 200
    assert "consent" in asked.request.path
    assert site.rows(ConsentRecord) == []
    assert "code" in read_answer(site.submit(asked, consent="yes"))
    (kept,) = site.rows(ConsentRecord)
    assert kept["account_ref"] == site.account("tom")["ref"]


def test_ones_choice_of_whom_to_act_for_is_not_anothers(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    form = page.text.split('<form method="post" action="')[1]
    token = form.split('name="csrf_token" value="')[1].split('"')[0]
    chosen = site.browser.post(
        form.split('"')[0],
        data={"csrf_token": token, "who": mandate, "purpose": "Pay the bill"},
        base_url=ISSUER,
    )
    site.sign_in("tom")
    asked = site.get(urlsplit(chosen.location).path)
    assert asked.request.path.endswith("/who")
    assert mandate not in asked.text


def test_signing_in_over_anothers_session_tells_the_services_and_the_journal(site: Site) -> None:
    site.sign_in("sian", BOTH)
    token = site.tokens("library")["access_token"]
    page = site.authorize("library", prompt="login")
    tom = site.world.people["tom"]
    assert "code" in read_answer(site.submit(page, email=tom.email, password=tom.password))
    (message,) = site.rows(OutboxRecord)
    assert message["payload"]["client_id"] == "library"
    assert message["payload"]["sub"]
    ended = site.rows(JournalEntry, kind="signed-out")
    assert [row["person"] for row in ended] == [site.account("sian")["person_ref"]]
    open_ones = [row for row in site.rows(ClientSessionRecord) if row["ended_at"] is None]
    assert len(open_ones) == 1
    assert site.userinfo(token).status_code == 401


def test_a_password_given_twice_by_the_same_person_ends_nothing(site: Site) -> None:
    site.sign_in("sian", BOTH)
    token = site.tokens("library")["access_token"]
    page = site.authorize("library", prompt="login")
    sian = site.world.people["sian"]
    assert "code" in read_answer(site.submit(page, email=sian.email, password=sian.password))
    assert site.rows(OutboxRecord) == []
    assert site.userinfo(token).status_code == 200
