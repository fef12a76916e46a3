"""A father names his daughter, or she asks him; both see it, and he ends it with one button."""

import re
from datetime import date
from hashlib import sha256
from html import unescape
from typing import Any

import pytest

from idp.delegation.offers import hash_of, read_list
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.journal.records import JournalEntry
from idp.register.records import PersonRecord
from tests.build import ISSUER, PASSWORD
from tests.delegation.conftest import TAX, TWO, Town


def the_mandate(town: Town) -> dict[str, Any]:
    (row,) = town.site.rows(MandateRecord)
    return dict(row)


def test_she_is_named_says_yes_acts_and_is_ended(town: Town) -> None:
    link = town.offered()
    (to, notice, values) = town.mail()[-1]
    assert (to, notice) == ("sian@mail.test", "help-asked")
    assert "Margaret" not in str(values)
    assert the_mandate(town)["state"] == "offered"

    town.site.browser = town.site.new_browser()
    landing = town.site.get(link)
    assert "Margaret Hughes asks you to help" in landing.text
    assert "send a tax return" in landing.text
    done = town.answered(link, "sian")
    assert "You said yes" in done.text
    row = the_mandate(town)
    assert row["state"] == "active"
    assert (row["principal"], row["delegate"]) == (town.person("margaret"), town.person("sian"))
    assert (row["expires"] - row["starts"]).days == 31
    assert (row["grant_identity"], row["grant_sign_in"]) == (2, 2)
    assert "Margaret Hughes" in town.site.get("/account/helping").text
    town.site.act(str(row["ref"]))

    town.as_("margaret")
    assert "Sian Hughes can act for you" in town.site.get("/account/helpers").text
    assert town.mail()[-1][:2] == ("margaret@example.test", "helper-added")
    ended = town.send(town.site.get(f"/account/helpers/{row['ref']}"))
    assert "can no longer act for you" in ended.text
    assert town.mail()[-1][:2] == ("sian@example.test", "helping-ended")
    kinds = [one["kind"] for one in town.site.rows(JournalEntry, person=town.person("margaret"))]
    for kind in ("mandate-offered", "mandate-accepted", "mandate-ended"):
        assert kinds.count(kind) == 1


def test_the_words_that_were_shown_are_kept_with_their_hash(town: Town) -> None:
    town.answered(town.offered(), "sian")
    row = the_mandate(town)
    (kept,) = row["evidence"]
    assert sha256("\n".join(kept["words"]).encode()).hexdigest() == row["text_hash"]
    assert kept["words"][0] == "Margaret Hughes lets Sian Hughes do this for them."
    page = town.site.get(f"/account/helpers/{row['ref']}/receipt").text
    assert str(row["text_hash"]) in page
    assert "At Tax they can send a tax return." in page
    town.as_("tom")
    assert town.site.get(f"/account/helpers/{row['ref']}/receipt").status_code == 404


@pytest.mark.parametrize("firm", [True, False], ids=["a firm asked", "she gave"])
def test_what_is_kept_with_one_service_is_nothing_that_was_said_of_another(
    town: Town, firm: bool
) -> None:
    """The helper, or the principal, said yes to Tax and no to Vehicles."""
    town.second_service()
    if firm:
        town.firm()
        town.as_("tom")
        how = {"how": "link", "given_name": "Margaret", "family_name": "Hughes"}
        page = town.send(town.site.get("/helping/invitations/firm-1/new"), **(TWO | how))
        (link,) = re.findall(ISSUER + r"(/invitation/[\w-]+)", page.text)
    else:
        link = town.offered(**TWO)
    town.as_("margaret" if firm else "sian")
    page = town.site.get(f"{link}/answer")
    assert "At Vehicles they can renew the tax of a car." in unescape(page.text)
    rows = {row["service"]: row["ref"] for row in town.site.rows(MandateRecord)}
    said = {f"answer-{rows['tax']}": "yes", f"answer-{rows['vehicles']}": "no"}
    assert "You said yes" in town.send(page, **said).text
    tax, vehicles = (town.site.rows(MandateRecord, ref=rows[one])[0] for one in ("tax", "vehicles"))
    assert (tax["state"], vehicles["state"]) == ("active", "refused")
    (kept,) = tax["evidence"]
    helper = "Harbour Accounts" if firm else "Sian Hughes"
    assert kept["words"] == [
        f"Margaret Hughes lets {helper} do this for them.", "At Tax they can send a tax return.",
        "It lasts 31 days from the yes.", "Margaret Hughes can end it at any time.",
    ]  # fmt: skip
    assert hash_of(kept["words"]) == kept["hash"] == tax["text_hash"]
    assert bool(vehicles["evidence"]) is not firm, "who gave it agreed to it, who refused did not"
    receipt = town.site.get(f"/account/helpers/{rows['tax']}/receipt").text
    assert "Vehicles" not in receipt
    assert str(tax["text_hash"]) in receipt


def test_she_asks_and_he_says_yes(town: Town) -> None:
    town.as_("sian")
    page = town.site.get("/helping/ask")
    words = town.send(page, given_name="Margaret", family_name="Hughes",
                      email="margaret@mail.test", **TAX)  # fmt: skip
    assert "We send a link to margaret@mail.test" in words.text
    assert "You asked Margaret Hughes" in town.send(words).text
    assert town.mail()[-1][:2] == ("margaret@mail.test", "helper-offered")
    done = town.answered(town.link(), "margaret")
    assert "You said yes" in done.text
    row = the_mandate(town)
    assert (row["principal"], row["delegate"], row["state"]) == (
        town.person("margaret"), town.person("sian"), "active",
    )  # fmt: skip
    assert row["text_hash"]


def test_nobody_answers_their_own_offer(town: Town) -> None:
    """delegation.md I13."""
    link = town.offered(helper="margaret")
    page = town.site.get(f"{link}/answer")
    assert page.status_code == 403
    assert the_mandate(town)["state"] == "offered"


def test_a_link_that_went_astray_makes_nobody_else_a_helper(town: Town) -> None:
    link = town.offered()
    town.as_("tom")
    for _ in range(7):  # looking again counts once
        assert "This is for somebody else" in town.site.get(f"{link}/answer").text
    assert the_mandate(town)["state"] == "offered"
    assert town.site.rows(MandateInvitationRecord)[0]["attempts"] == 1
    assert "You said yes" in town.answered(link, "sian").text


def test_whoever_is_not_proved_yet_is_led_on_and_back(town: Town) -> None:
    link = town.offered()
    town.site.browser = town.site.new_browser()
    page = town.site.get(f"{link}/answer")
    assert page.request.path.endswith("/password")
    assert "/enrol" in page.text  # and from there back to the journey, and to the link
    town.site.sign_in("sian", (PASSWORD,))
    assert town.site.get(f"{link}/answer").request.path.endswith("/code")
    town.site.sign_in("nobody", (PASSWORD,))
    assert not town.site.get(f"{link}/answer").request.path.endswith("/answer")


def test_an_answer_is_given_once(town: Town) -> None:
    link = town.offered()
    assert "You said no" in town.answered(link, "sian", "no").text
    assert the_mandate(town)["state"] == "refused"
    assert town.site.get(link).status_code == 410
    assert town.site.get(f"{link}/answer").status_code == 410


def test_what_was_taken_back_cannot_be_answered(town: Town) -> None:
    link = town.offered()
    town.as_("sian")
    page = town.site.get(f"{link}/answer")
    sian = town.site.browser
    town.as_("margaret")
    (ref,) = [one["ref"] for one in town.site.rows(MandateInvitationRecord)]
    town.send(town.site.get(f"/account/helpers/offers/{ref}"))
    assert the_mandate(town)["state"] == "cancelled"
    town.site.browser = sian
    late = town.post(f"{link}/answer", page, **town.open_ones(page))
    assert late.status_code == 410
    assert the_mandate(town)["state"] == "cancelled"


def test_an_offer_lapses_after_21_days_whether_or_not_a_job_ran(town: Town) -> None:
    """delegation.md I7."""
    link = town.offered()
    town.later(days=21)
    assert town.site.get(link).status_code == 410


def test_other_words_than_those_that_were_shown_are_shown_again(town: Town) -> None:
    town.as_("margaret")
    words = town.send(
        town.site.get("/account/helpers/new"), given_name="Sian", family_name="Hughes",
        email="sian@mail.test", **TAX,
    )  # fmt: skip
    again = town.send(words, words="0" * 64)
    assert "The words have changed" in again.text
    assert the_mandate(town)["state"] == "draft"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"power": []}, "Choose one thing at least"),
        ({"power": ["tax/everything"]}, "Choose from what is on this page"),
        ({"power": ["library/borrow"]}, "Choose from what is on this page"),
        ({"term": ""}, "Choose how long it lasts"),
        ({"term": "0"}, "Choose a day that is still to come"),
        ({"term": "9999"}, "days at most for Tax"),
        ({"term": "once"}, "Choose more than one visit for Tax"),
        ({"term": "date", "day": "31", "month": "2", "year": "2027"}, "There is no such day"),
        ({"term": "date", "day": "1", "month": "1", "year": "2020"}, "still to come"),
        ({"term": "date", "day": "1", "month": "1", "year": "9" * 24}, "There is no such day"),
        ({"given_name": ""}, "Type in their first name"),
        ({"family_name": "7"}, "Type in their family name"),
        ({"email": "nowhere"}, "Type in an email address"),
    ],
)
def test_a_form_with_something_wrong_changes_nothing(
    town: Town, change: dict[str, object], said: str
) -> None:
    town.as_("margaret")
    good = {"given_name": "Sian", "family_name": "Hughes", "email": "sian@mail.test", **TAX}
    answer = town.send(town.site.get("/account/helpers/new"), **(good | change))
    assert answer.status_code == 422
    assert said in answer.text
    assert town.site.rows(MandateRecord) == []


def test_open_ended_and_a_last_day_are_kept_as_chosen(town: Town) -> None:
    town.answered(town.offered(term="open"), "sian")
    assert the_mandate(town)["expires"] is None
    now = town.site.database.now()
    town.answered(
        town.offered(term="date", day=str(now.day), month=str(now.month), year=str(now.year + 1)),
        "sian",
    )
    rows = town.site.rows(MandateRecord)
    assert sorted(row["state"] for row in rows) == ["active", "ended"]
    (active,) = [row for row in rows if row["state"] == "active"]
    assert active["expires"].year == now.year + 1
    (old,) = [row for row in rows if row["state"] == "ended"]
    assert old["ended_reason"] == "superseded"


@pytest.mark.parametrize("mark", ["\u202e", "\u200b", "\u2066"])
def test_a_name_that_turns_the_words_about_is_no_name(town: Town, mark: str) -> None:
    town.as_("margaret")
    page = town.site.get("/account/helpers/new")
    fields = {"given_name": "Sian", "family_name": "Hughes", "email": "sian@mail.test", **TAX}
    for name in ("given_name", "family_name"):
        answer = town.send(page, **{**fields, name: f"Sian{mark}naiS"})
        assert answer.status_code == 422
    assert town.site.rows(MandateRecord) == []
    lines, rejected = read_list(f"given_name,family_name\nSian,Hug{mark}hes\n", str)
    assert (lines, [one.why for one in rejected]) == ([], ["name"])


def test_a_yes_to_the_offer_of_somebody_who_died_makes_nothing(town: Town) -> None:
    link = town.offered()
    town.as_("sian")
    page = town.site.get(f"{link}/answer")
    town.site.change(PersonRecord, {"died_on": date(2026, 1, 1)}, ref=town.person("margaret"))
    assert town.send(page, **town.open_ones(page)).status_code == 410
    assert [row["state"] for row in town.site.rows(MandateRecord)] == ["offered"]


def test_offers_that_are_begun_and_not_sent_have_a_limit(town: Town) -> None:
    town.as_("margaret")
    page = town.site.get("/account/helpers/new")
    data = {"given_name": "Sian", "family_name": "Hughes", "email": "sian@mail.test", **TAX}
    said = [town.send(page, **data).status_code for _ in range(22)]
    assert (said[0], said[-1]) == (200, 429)
    assert len(town.site.rows(MandateInvitationRecord)) == said.count(200) < 22
