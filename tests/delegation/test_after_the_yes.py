"""After the yes: going on, giving back, ending quietly, being told where it is safe."""

import re
from typing import Any

from idp.accounts.records import AccountRecord
from idp.assurance.rules import Level
from idp.delegation import owning
from idp.delegation.records import MandateRecord, SafeContactRecord
from idp.delegation.reminding import remind_all
from idp.errors import Refusal
from idp.notices.records import LetterRecord
from idp.outbox.records import OutboxRecord
from idp.storage import Transaction
from tests.delegation.conftest import Town


def remind(town: Town) -> int:
    return remind_all(town.site.database, town.site.house.keyring)


def the_mandate(town: Town) -> dict[str, Any]:
    (row,) = town.site.rows(MandateRecord)
    return dict(row)


def notices(town: Town) -> list[tuple[str, str]]:
    return [(to, notice) for to, notice, _values in town.mail()]


def test_he_lets_it_go_on_with_one_press_in_the_last_month(town: Town) -> None:
    town.answered(town.offered(term="365"), "sian")
    ref, ends = the_mandate(town)["ref"], the_mandate(town)["expires"]
    town.as_("margaret")
    page = town.site.get(f"/account/helpers/{ref}")
    early = town.post(f"/account/helpers/{ref}/renew", page)
    assert early.status_code == 409
    town.later(days=340)
    assert remind(town) == 1
    assert notices(town)[-1] == ("margaret@example.test", "helper-review")
    assert remind(town) == 0
    town.as_("margaret")
    page = town.site.get(f"/account/helpers/{ref}")
    town.post(f"/account/helpers/{ref}/renew", page)
    row = the_mandate(town)
    assert (row["expires"] - ends).days == 25 + 365 - 25
    assert (row["state"], row["reminded_at"]) == ("active", None)
    again = town.post(f"/account/helpers/{ref}/renew", page)
    assert again.status_code == 409
    assert the_mandate(town)["expires"] == row["expires"]


def test_nobody_else_lets_it_go_on_or_gives_it_back(town: Town) -> None:
    town.answered(town.offered(), "sian")
    ref = the_mandate(town)["ref"]
    for who, what in (("sian", "renew"), ("tom", "renew"), ("sian", "end-quietly")):
        town.as_(who)
        page = town.site.get("/account")
        assert town.post(f"/account/helpers/{ref}/{what}", page).status_code == 404
    for who in ("margaret", "tom"):
        town.as_(who)
        page = town.site.get("/account")
        assert town.post(f"/account/helping/{ref}/resign", page).status_code == 404
    assert the_mandate(town)["version"] == 3  # drafted, offered, accepted


def test_she_gives_it_back_and_he_is_told(town: Town) -> None:
    town.answered(town.offered(), "sian")
    page = town.site.get("/account/helping")
    town.send(page)
    row = the_mandate(town)
    assert (row["state"], row["ended_reason"]) == ("ended", "resigned_by_delegate")
    assert notices(town)[-1] == ("margaret@example.test", "offer-answered")


def test_an_end_can_be_quiet_for_a_day(town: Town) -> None:
    town.answered(town.offered(), "sian")
    ref = the_mandate(town)["ref"]
    town.as_("margaret")
    page = town.site.get(f"/account/helpers/{ref}")
    done = town.post(f"/account/helpers/{ref}/end-quietly", page)
    assert "Saved" in done.text
    for word in ("Sian", "helper", "ended"):
        assert word not in done.text
    assert the_mandate(town)["state"] == "ended"  # at once, whoever is told when

    (last,) = town.site.rows(OutboxRecord)[-1:]
    assert (last["due_at"] - last["created_at"]).days == 1
    town.as_("sian")
    assert "was ended" not in town.site.get("/account/activity").text
    town.later(hours=25)
    town.as_("sian")
    assert "was ended" in town.site.get("/account/activity").text


def test_notices_go_where_it_is_safe_and_nobody_hears_of_that(town: Town) -> None:
    town.as_("margaret")
    before = len(town.mail())
    page = town.site.get("/account/helpers/contact")
    assert town.send(page, channel="email", email="nowhere").status_code == 422
    assert "Saved" in town.send(page, channel="email", email="Safe@Friend.test").text
    assert "safe@friend.test" in town.site.get("/account/helpers/contact").text
    assert len(town.mail()) == before
    (kept,) = town.site.rows(SafeContactRecord)
    assert "friend" not in kept["address_sealed"]
    town.answered(town.offered(), "sian")
    assert notices(town)[-1] == ("safe@friend.test", "helper-added")

    town.as_("margaret")
    for channel in ("none", "letter"):
        page = town.site.get("/account/helpers/contact")
        town.send(page, channel=channel)
        count = len(town.mail())
        town.answered(town.offered(), "sian")
        told = [to for to, _notice, _values in town.mail()[count:]]
        assert [to for to in told if not to.startswith("sian")] == []
        town.as_("margaret")
    page = town.site.get("/account/helpers/contact")
    town.send(page, channel="usual")
    assert town.site.rows(SafeContactRecord) == []
    assert town.send(page, channel="pigeon").status_code == 422


def test_a_permission_without_an_end_is_asked_about_every_year(town: Town) -> None:
    town.answered(town.offered(term="open"), "sian")
    town.later(days=364)
    assert remind(town) == 0
    for _year in range(2):
        town.later(days=1)
        assert remind(town) == 1
        assert notices(town)[-1] == ("margaret@example.test", "helper-yearly")
        assert remind(town) == 0
        town.later(days=364)


def test_who_has_not_answered_is_reminded_five_days_before_and_then_it_lapses(town: Town) -> None:
    link = town.offered()
    town.later(days=15)
    assert remind(town) == 0
    town.later(days=1, minutes=1)
    assert remind(town) == 1
    to, notice, values = town.mail()[-1]
    assert (to, notice, values["link"]) == ("sian@mail.test", "offer-waits", link)
    town.later(days=5)
    assert remind(town) == 1
    assert the_mandate(town)["state"] == "lapsed"
    assert remind(town) == 0


def test_a_draft_that_nobody_agreed_to_comes_to_nothing(town: Town) -> None:
    town.as_("margaret")
    town.send(
        town.site.get("/account/helpers/new"), given_name="Sian", family_name="Hughes",
        email="sian@mail.test", power=["tax/view"], term="31",
    )  # fmt: skip
    town.later(days=1)
    remind(town)
    assert the_mandate(town)["state"] == "cancelled"


def test_a_quiet_end_shows_on_none_of_the_helpers_pages_for_a_day(town: Town) -> None:
    town.answered(town.offered(), "sian")
    ref = the_mandate(town)["ref"]
    pages = ("/account/helping", f"/account/helping/{ref}", f"/account/helpers/{ref}/receipt")

    def hers() -> list[str]:
        town.as_("sian")
        return [re.sub("<[^>]*>", " ", town.site.get(path).text) for path in pages]

    before = hers()
    town.as_("margaret")
    page = town.site.get(f"/account/helpers/{ref}")
    town.post(f"/account/helpers/{ref}/end-quietly", page)
    assert "Ended" in town.site.get(f"/account/helpers/{ref}").text
    assert hers() == before
    town.later(hours=24)
    assert all(now != then for now, then in zip(hers(), before, strict=True))


def test_a_new_permission_takes_the_place_of_one_that_was_ended_quietly(town: Town) -> None:
    town.answered(town.offered(), "sian")
    ref = the_mandate(town)["ref"]
    town.as_("margaret")
    town.post(f"/account/helpers/{ref}/end-quietly", town.site.get(f"/account/helpers/{ref}"))
    town.as_("sian")
    assert town.site.get("/account/helping").text.count("You can act for Margaret") == 1
    town.answered(town.offered(), "sian")
    town.as_("sian")
    assert town.site.get("/account/helping").text.count("You can act for Margaret") == 1


def test_a_screen_that_was_left_open_neither_shows_nor_changes_where_she_is_told(
    town: Town,
) -> None:
    town.as_("margaret")
    page = town.site.get("/account/helpers/contact")
    town.send(page, channel="email", email="safe@friend.test")
    town.site.browser = town.site.new_browser()
    town.site.sign_in("margaret", ago=16 * 60)
    assert "safe@friend.test" not in town.site.get("/account/helpers/contact").text
    other = town.site.get("/account")
    town.post("/account/helpers/contact", other, channel="none")
    (kept,) = town.site.rows(SafeContactRecord)
    assert kept["channel"] == "email"
    assert other.status_code == 200


def test_letting_it_go_on_never_cuts_it_short(town: Town) -> None:
    town.answered(town.offered(term="365"), "sian")
    row = the_mandate(town)
    town.later(days=340)

    def work(tx: Transaction) -> object:
        return owning.renew(
            tx, row["ref"], principal=town.person("margaret"), longest_days=0,
            level=Level(identity=2, sign_in=2),
        )  # fmt: skip

    assert isinstance(town.site.database.transaction(work), Refusal)
    assert the_mandate(town)["expires"] == row["expires"]


def test_letters_are_written_and_nobody_is_told_through_their_helper(town: Town) -> None:
    town.as_("margaret")
    page = town.site.get("/account/helpers/contact")
    town.send(page, channel="letter")
    town.answered(town.offered(), "sian")
    (letter,) = town.site.rows(LetterRecord)
    assert (letter["party"], letter["notice"]) == (town.person("margaret"), "helper-added")
    town.as_("margaret")
    town.send(town.site.get("/account/helpers/contact"), channel="usual")
    # They share one mailbox: she gives it back, and the mail would be read by her alone.
    town.site.change(AccountRecord, {"email": "Home@mail.test"},
                     person_ref=town.person("margaret"))  # fmt: skip
    town.site.change(AccountRecord, {"email": "home@mail.test"}, person_ref=town.person("sian"))
    before = len(town.mail())
    town.as_("sian")
    town.send(town.site.get("/account/helping"))
    assert the_mandate(town)["ended_reason"] == "resigned_by_delegate"
    assert len(town.mail()) == before
    assert [row["notice"] for row in town.site.rows(LetterRecord)][1:] == ["offer-answered"]
