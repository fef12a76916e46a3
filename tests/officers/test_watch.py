"""Who was stopped, and what principals object to: seen and decided at the console."""

from idp.delegation import actions as delegation
from idp.delegation import objecting
from idp.delegation.records import BulkWatchRecord
from idp.errors import Refusal
from idp.journal.records import JournalEntry
from tests.build import PURPOSE, Site, read_answer
from tests.officers.people import COUNTER, RISK, Console
from tests.rig.firms import firm


def seated(console: Console, role: str = RISK) -> str:
    officer = console.officer("Cai Rees", role)
    console.sit(officer)
    return officer


def test_a_risk_officer_lets_somebody_go_on_once_with_a_reason(
    site: Site, console: Console
) -> None:
    mandate = firm(site, access="everyone")
    site.sign_in("sian")
    page = site.authorize("tax", acting_for=mandate)
    read_answer(site.submit(page, who=mandate, purpose=PURPOSE))
    site.change(BulkWatchRecord, {"frozen_at": site.database.now(), "reference": "K7QF2MXBAAAA"})
    officer = seated(console)
    assert "sian@example.test" in console.get("/console/stopped").text
    console.post("/console/stopped/K7QF2MXBAAAA", reason="owner-said-no")
    assert site.rows(BulkWatchRecord)[0]["frozen_at"] is not None
    done = console.post("/console/stopped/K7QF2MXBAAAA", reason="owner-said-yes")
    assert "They can go on" in done.text
    assert site.rows(BulkWatchRecord)[0]["frozen_at"] is None
    (entry,) = site.rows(JournalEntry, kind="actor-lifted")
    assert entry["detail"] == {"by": officer, "reason": "owner-said-yes",
                               "stopped": "K7QF2MXBAAAA"}  # fmt: skip
    again = console.post("/console/stopped/K7QF2MXBAAAA", reason="owner-said-yes")
    assert again.status_code == 422
    assert "Nobody is stopped now." in console.get("/console/stopped").text


def test_an_objection_is_answered_once_and_its_principal_reads_the_answer(
    site: Site, console: Console
) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian")
    site.redeem("tax", site.act(mandate))
    (used,) = site.rows(JournalEntry, kind="tokens-issued")
    keyring = site.house.keyring

    def objects(tx) -> str | Refusal:
        held = delegation.find(tx, mandate)
        assert held is not None
        return objecting.object_to(tx, keyring, held, used["reference"], "I was away.")

    assert isinstance(site.database.transaction(objects), str)
    assert isinstance(site.database.transaction(objects), Refusal)
    officer = seated(console)
    path = f"/console/objections/{used['reference']}"
    listed = console.get("/console/objections").text
    assert "I was away." in listed
    assert path in listed
    assert console.post(path, answer="").status_code == 422
    assert "They can read your answer now" in console.post(path, answer="We looked at it.").text
    assert console.post(path, answer="Another.").status_code == 422
    (entry,) = site.rows(JournalEntry, kind="objection-answered")
    assert entry["detail"] == {"use": used["reference"], "by": officer}
    site.browser = site.new_browser()
    site.sign_in("margaret")
    assert "The answer: We looked at it." in site.get(f"/account/helpers/{mandate}").text


def test_no_other_role_sees_either(console: Console) -> None:
    seated(console, COUNTER)
    for path in ("/console/stopped", "/console/objections"):
        assert console.get(path).status_code == 403
