"""What an officer did to a permission is told to both sides, with a reference to argue by."""

import pytest

from idp.delegation import holding
from idp.delegation.holding import Why
from idp.delegation.lifecycle import Move
from idp.delegation.moving import Moved, NotMoved
from idp.journal.records import JournalEntry
from idp.notices.actions import MESSAGES, Notice, Sealed, unseal
from idp.organisations.records import MemberRecord
from idp.outbox.records import OutboxRecord
from tests.account.test_uses import look
from tests.build import Site
from tests.rig.firms import firm


def do(site: Site, ref: str, what: Move, why: Why = Why.ERROR) -> Moved | NotMoved:
    return site.database.transaction(
        lambda tx: holding.move_and_tell(tx, site.house.keyring, what, ref, why, who="officer-7")
    )


def told(site: Site) -> list[Sealed]:
    rows = [row for row in site.rows(OutboxRecord) if row["kind"] in MESSAGES.values()]
    return [unseal(site.house.keyring, row["payload"]) for row in rows]


def found(site: Site, quoted: str) -> str | None:
    return site.database.read(lambda tx: holding.ref_of(tx, quoted))


@pytest.mark.parametrize(("before", "what", "to_helper", "to_principal"), [
    ((), Move.SUSPEND, Notice.HELPING_HELD, Notice.HELPER_HELD),
    ((Move.SUSPEND,), Move.RESUME, Notice.HELPING_FREED, Notice.HELPER_FREED),
    ((), Move.END, Notice.HELPING_REMOVED, Notice.HELPER_REMOVED),
])  # fmt: skip
def test_each_side_is_told_once_where_it_signs_in(
    site: Site, before: tuple[Move, ...], what: Move, to_helper: Notice, to_principal: Notice
) -> None:
    ref = site.give_mandate()
    for move in before:
        do(site, ref, move)
    count = len(told(site))
    done = do(site, ref, what)
    assert isinstance(done, Moved)
    sent = {(one.contact.address, one.notice): one.values for one in told(site)[count:]}
    people = site.world.people
    assert set(sent) == {
        (people["sian"].email, to_helper), (people["margaret"].email, to_principal),
    }  # fmt: skip
    assert sent[people["margaret"].email, to_principal]["reference"] == done.reference
    assert isinstance(do(site, ref, what), NotMoved), "a second press does nothing"
    assert len(told(site)) == count + 2, "and tells nobody"


def test_a_firm_is_told_through_each_of_its_administrators_and_no_one_else(site: Site) -> None:
    ref = firm(site)
    site.give_member("the-firm", "tom", "admin")
    done = do(site, ref, Move.SUSPEND)
    assert isinstance(done, Moved)
    to_firm = [one for one in told(site) if one.notice is Notice.HELPING_HELD]
    assert [one.contact.address for one in to_firm] == [site.world.people["tom"].email]
    assert to_firm[0].values == {
        "organisation": "Smith & Co", "reference": done.reference,
        "link": "/helping/organisations/the-firm",
    }  # fmt: skip
    site.change(MemberRecord, {"roles": ["assigner"]}, ref="the-member")
    page = look(site, "sian", f"/helping/organisations/the-firm/people/{ref}").text
    assert "This is on hold since" in page
    assert done.reference in page


def test_nobody_is_told_why_for_the_principal_may_have_asked(site: Site) -> None:
    ref = site.give_mandate()
    do(site, ref, Move.SUSPEND, Why.PRINCIPAL)
    for one in told(site):
        assert Why.PRINCIPAL not in str(one.values)
    for path in ("/account/helping", f"/account/helping/{ref}"):
        text = look(site, "sian", path).text
        assert "on hold" in text
        assert "asked us" not in text


def test_what_is_on_hold_says_so_on_each_page_with_the_reference_that_officers_find_it_by(
    site: Site,
) -> None:
    ref = site.give_mandate()
    done = do(site, ref, Move.SUSPEND)
    assert isinstance(done, Moved)
    pages = [("sian", "helping"), ("sian", f"helping/{ref}"), ("margaret", "helpers"),
             ("margaret", f"helpers/{ref}")]  # fmt: skip
    for name, path in pages:
        text = look(site, name, f"/account/{path}").text
        for said in ("This is on hold since", "say why. Give the reference", done.reference):
            assert said in text, (name, path, said)
    entries = site.rows(JournalEntry, kind="mandate-suspended")
    assert len(entries) == 2
    for quoted in (*(one["reference"] for one in entries), ref,
                   f" {done.reference[:4].lower()}-{done.reference[4:].lower()} "):  # fmt: skip
        assert found(site, quoted) == ref, quoted
    for quoted in ("", "NOTHING", "x" * 500):
        assert found(site, quoted) is None, quoted
    do(site, ref, Move.RESUME)
    for name, path in pages:
        assert "on hold since" not in look(site, name, f"/account/{path}").text, (name, path)
