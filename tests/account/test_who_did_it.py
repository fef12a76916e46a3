"""Whoever did something to a permission stands beside it, on both engines."""

import re

from idp.delegation import holding
from idp.delegation.ending import SYSTEM
from idp.delegation.holding import Why
from idp.delegation.lifecycle import Move, Reason
from idp.delegation.moving import move
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from tests.account.test_uses import look
from tests.build import ISSUER, Site
from tests.rig.firms import firm


def said(site: Site, name: str, what: str) -> str:
    """Who did it, as the activity page of `name` says."""
    text = look(site, name, "/account/activity").text
    found = re.search(rf'{what}</p>\s*<p class="govuk-body-s">([^<]*)', text)
    assert found, text
    return found[1].strip()


def test_an_officers_hold_is_an_officers_doing_on_both_pages(site: Site) -> None:
    ref = site.give_mandate()
    site.database.transaction(lambda tx: holding.suspend(tx, ref, Why.ABUSE, who="officer-7"))
    for name in ("margaret", "sian"):
        assert said(site, name, "A permission to act was put on hold") == "An officer"
    entries = site.rows(JournalEntry, kind="mandate-suspended")
    assert {one["actor"] for one in entries} == {"officer-7"}


def test_what_a_principal_ends_is_their_doing_and_not_the_firms(site: Site) -> None:
    ref = firm(site)
    (row,) = site.rows(MandateRecord, ref=ref)
    site.sign_in("margaret")
    page = site.get(f"/account/helpers/{ref}")
    (token,) = set(re.findall(r'name="csrf_token" value="(\w+)"', page.text))
    site.browser.post(f"/account/helpers/{ref}/end", data={"csrf_token": token}, base_url=ISSUER)
    assert site.rows(MandateRecord, ref=ref)[0]["state"] == "ended"
    assert said(site, "margaret", "A permission to act was ended") == "You"
    (entry,) = site.rows(JournalEntry, kind="mandate-ended", person=row["principal"])
    assert entry["actor"] is None


def test_what_a_death_ends_nobody_did(site: Site) -> None:
    ref = site.give_mandate()
    site.database.transaction(
        lambda tx: move(tx, ref, Move.END, SYSTEM, reason=Reason.PRINCIPAL_DIED)
    )
    assert said(site, "sian", "A permission to act was ended") == "By itself"
