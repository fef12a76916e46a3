"""Every use of a permission is shown to both sides, and none is missing (I17)."""

import random
import re
from functools import partial
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.delegation import objecting
from idp.delegation.records import ObjectionRecord
from idp.journal.actions import Entry, record
from idp.journal.records import JournalEntry
from idp.notices.actions import Notice, unseal
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.records import OutboxRecord
from tests.build import ISSUER, Site
from tests.rig.counting import counted
from tests.rig.firms import assign, firm

WHAT = "Opened or kept using the service"


def look(site: Site, name: str, path: str) -> TestResponse:
    """Open a page of an account, as somebody in a browser of their own."""
    browser = site.new_browser()
    site.sign_in(name, browser=browser)
    site.browser, mine = browser, site.browser
    try:
        site.get("/account")  # a browser that has just come is sent the long way round
        return site.get(path)
    finally:
        site.browser = mine


def use(site: Site, mandate: str, purpose: str = "Pay the bill") -> dict[str, Any]:
    site.sign_in("sian")
    answer = site.redeem("tax", site.act(mandate, purpose=purpose, scope="openid profile"))
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def test_both_sides_see_who_where_when_and_what_for(site: Site) -> None:
    mandate = site.give_mandate()
    use(site, mandate, "Pay the bill for May")
    for name, path in (("margaret", "helpers"), ("sian", "helping")):
        text = look(site, name, f"/account/{path}/{mandate}").text
        (entry,) = site.rows(JournalEntry, kind="tokens-issued")
        for shown in (WHAT, "What for: Pay the bill for May", "Sian Hughes, at Tax",
                      entry["reference"], "Until "):  # fmt: skip
            assert shown in text, (name, shown)


def test_a_check_by_the_service_is_told_as_what_the_helper_was_about_to_do(site: Site) -> None:
    """Both on the permission's page and among all that was done."""
    mandate, person = site.give_mandate(), site.account("margaret")["person_ref"]
    for power, reason in (("file", "allowed"), ("view", "level"), (None, "allowed")):
        entry = Entry(kind="mandate-checked", person=person, client_id="tax", mandate_ref=mandate,
                      detail={"power": power, "reason": reason})  # fmt: skip
        site.database.transaction(partial(record, entry=entry))
    for path in (f"/account/helpers/{mandate}", "/account/activity"):
        text = look(site, "margaret", path).text
        for shown in ("Set out to send a tax return", "Wanted to see tax returns and letters and "
                      "could not", "Asked whether somebody may act for you"):  # fmt: skip
            assert shown in text, (path, shown)


@pytest.mark.parametrize(("shows", "who"), [
    (True, "Sian Hughes at Smith &amp; Co"), (False, "A named adviser at Smith &amp; Co"),
])  # fmt: skip
def test_advisers_are_named_where_their_organisation_shows_names(
    site: Site, shows: bool, who: str
) -> None:
    mandate = firm(site)
    assign(site, mandate)
    site.change(OrganisationRecord, {"shows_names": shows})
    use(site, mandate)
    text = look(site, "margaret", f"/account/helpers/{mandate}").text
    assert f"{who}, at Tax" in text
    assert ("Sian" in text) is shows


def test_a_principal_reads_that_the_organisation_is_stopped_and_can_end_it_still(
    site: Site,
) -> None:
    mandate = firm(site)
    for suspends_at, stopped in ((site.database.now(), True), (None, False)):
        site.change(OrganisationRecord, {"suspends_at": suspends_at})
        for path in ("/account/helpers", f"/account/helpers/{mandate}"):
            text = look(site, "margaret", path).text
            assert ("Smith &amp; Co is stopped for now" in text) is stopped, path
            assert "End now" in text


def test_a_permission_of_others_is_not_found(site: Site) -> None:
    mandate = site.give_mandate()
    use(site, mandate)
    (entry,) = site.rows(JournalEntry, kind="tokens-issued")
    for name, path in (
        ("tom", f"helpers/{mandate}"), ("sian", f"helpers/{mandate}"),
        ("margaret", f"helping/{mandate}"), ("tom", f"helping/{mandate}"),
        ("sian", f"helpers/{mandate}/object/{entry['reference']}"),
        ("margaret", f"helpers/{mandate}/object/nothing"),
    ):  # fmt: skip
        assert look(site, name, f"/account/{path}").status_code == 404, (name, path)


def test_many_uses_are_shown_page_by_page_at_the_same_cost(site: Site) -> None:
    mandate = site.give_mandate()
    for number in range(3):
        use(site, mandate, f"Errand {number}")
    (row, *_) = site.rows(JournalEntry, kind="tokens-issued")

    def work(tx) -> None:
        from sqlalchemy import insert

        copies = [
            {**{k: v for k, v in row.items() if k != "id"}, "reference": f"COPY{number:08}",
             "number": 1000 + number}
            for number in range(42)
        ]  # fmt: skip
        tx.execute(insert(JournalEntry), copies)

    site.database.transaction(work)
    site.browser = site.new_browser()
    site.sign_in("margaret")
    site.get("/account")
    path, seen, costs = f"/account/helpers/{mandate}", list[str](), []
    for _ in range(3):
        with counted(site.database) as cost:
            page = site.get(path)
        seen += re.findall(r'gatehouse-code">([A-Z0-9]+)<', page.text)
        costs.append(len(cost.statements))
        found = re.search(r'href="([^"]*before=\d+)"', page.text)
        path = found[1] if found else ""
    assert path == ""
    assert len(seen) == len(set(seen)) == 45
    assert max(costs) - min(costs) <= 1


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "1e3", "%00", "٣"])
def test_a_page_that_is_no_place_is_the_first_or_refused(site: Site, before: str) -> None:
    mandate = site.give_mandate()
    use(site, mandate)
    page = look(site, "margaret", f"/account/helpers/{mandate}?before={before}")
    assert page.status_code in {200, 400}
    assert page.status_code == 400 or WHAT in page.text


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happened_as_many_uses_are_shown_as_tokens_were_issued(
    site: Site, seed: int
) -> None:
    """I17, over random histories of codes, repeats, readings and ends."""
    dice, issued = random.Random(seed), dict[str, int]()
    mandates = [site.give_mandate(), site.give_mandate(principal="tom")]
    live = list(mandates)
    codes: list[tuple[str, str]] = []
    for _ in range(14):
        what = dice.choice(["start", "start", "redeem", "redeem", "again", "read", "end"])
        if what == "start" and live:
            one = dice.choice(live)
            site.sign_in("sian")
            codes.append((one, site.act(one)))
        elif what in {"redeem", "again"} and codes:
            one, code = codes[-1] if what == "again" else codes.pop()
            answer = site.redeem("tax", code)
            if answer.status_code == 200:
                issued[one] = issued.get(one, 0) + 1
                if dice.random() < 0.5:
                    site.userinfo((answer.json or {})["access_token"])
        elif what == "end" and len(live) > 1:
            one = live.pop()
            name = "margaret" if one == mandates[0] else "tom"
            page = look(site, name, f"/account/helpers/{one}")
            assert page.status_code == 200
    for one, name in zip(mandates, ("margaret", "tom"), strict=True):
        for side, who in (("helpers", name), ("helping", "sian")):
            shown = look(site, who, f"/account/{side}/{one}").text.count(WHAT)
            assert shown == issued.get(one, 0), (side, seed)


def submit(site: Site, page: TestResponse, **fields: str) -> TestResponse:
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    action = re.findall(r'<form method="post" action="([^"]*object[^"]*)"', page.text)[0]
    return site.browser.post(action, data={"csrf_token": token, **fields}, base_url=ISSUER)


def test_a_principal_objects_once_to_one_use_and_the_organisation_hears_of_it(site: Site) -> None:
    mandate = firm(site)
    assign(site, mandate)
    site.change(MemberRecord, {"roles": ["admin", "worker"]})
    use(site, mandate)
    (entry,) = site.rows(JournalEntry, kind="tokens-issued")
    site.browser = site.new_browser()
    site.sign_in("margaret")
    site.get("/account")
    page = site.get(f"/account/helpers/{mandate}/object/{entry['reference']}")
    assert WHAT in page.text
    for wrong in ("", "ab", "a\u202eb c"):
        assert submit(site, page, words=wrong).status_code == 422
    long = submit(site, page, words="x" * 1001)
    assert "Use fewer words: 1,000 letters at most" in long.text
    assert "x" * 1001 in long.text, "nobody types it all again"
    assert site.rows(ObjectionRecord) == []
    done = submit(site, page, words="I never asked\r\nfor this.")
    assert done.status_code == 200
    assert submit(site, page, words="Once more.").status_code == 422
    (kept,) = site.rows(ObjectionRecord)
    assert "never" not in kept["words_sealed"]
    (row,) = site.rows(JournalEntry, kind="use-objected")
    assert row["reference"] in done.text
    assert row["detail"] == {"use": entry["reference"]}
    told = [unseal(site.house.keyring, one["payload"]) for one in site.rows(OutboxRecord)
            if "sealed" in one["payload"]]  # fmt: skip
    assert [(one.contact.address, one.notice) for one in told] == [
        (site.world.people["sian"].email, Notice.USE_OBJECTED)
    ]
    text = site.get(f"/account/helpers/{mandate}").text
    assert "You said that this is wrong. We look at it." in text


def test_a_helper_is_not_shown_that_somebody_objected(site: Site) -> None:
    """Whoever is afraid of their helper could not object else."""
    mandate = site.give_mandate()
    use(site, mandate)
    (entry,) = site.rows(JournalEntry, kind="tokens-issued")
    site.browser = site.new_browser()
    site.sign_in("margaret")
    site.get("/account")
    page = site.get(f"/account/helpers/{mandate}/object/{entry['reference']}")
    submit(site, page, words="I never asked for this.")
    keyring = site.house.keyring
    said = "Your helper is asked about it."
    assert site.database.transaction(
        lambda tx: objecting.answer(tx, keyring, entry["reference"], said, by="an officer")
    )
    assert said in look(site, "margaret", f"/account/helpers/{mandate}").text
    hers = look(site, "sian", f"/account/helping/{mandate}").text
    assert entry["reference"] in hers
    assert said not in hers
    assert "wrong" not in hers
