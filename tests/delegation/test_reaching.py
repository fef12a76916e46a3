"""How many people one sign-in could open, and what is asked of whoever can (risk-model.md T7)."""

import random
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from idp.assurance.reach import Unmet
from idp.assurance.risk_rules import FIRST_REACH, ReachRow, RiskRules
from idp.assurance.rules import Level
from idp.callers import acting
from idp.delegation import reaching
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.oidc.records import GrantRecord
from idp.organisations.records import OrganisationRecord, TeamMemberRecord, TeamRecord
from tests.build import PURPOSE, Site, read_answer
from tests.rig.counting import counted
from tests.rig.firms import assign, fill, firm
from tests.signin.test_passkeys import options_on, send

RULES = RiskRules()


def reach(site: Site, rules: RiskRules = RULES) -> reaching.Reach:
    sian = site.account("sian")
    return site.database.read(
        lambda tx: reaching.reach_of(
            tx, rules, account_ref=sian["ref"], person_ref=sian["person_ref"]
        )
    )


def test_own_people_and_those_assigned_are_counted_and_nobody_twice(site: Site) -> None:
    assert reach(site).total == 0
    site.give_mandate(services={"tax": ["view"], "library": ["borrow"]})
    site.give_mandate(principal="tom", life=timedelta(days=1))
    assert reach(site).own == 2
    first = firm(site)
    others = fill(site, first, 9)
    assert reach(site).organisations == {"the-firm": 0}
    for one in others[:3]:
        assign(site, one)
    site.database.transaction(lambda tx: (
        tx.execute(insert(TeamRecord).values(ref="team", organisation_ref="the-firm", name="A",
                                             created_at=tx.now())),
        tx.execute(insert(TeamMemberRecord).values(team_ref="team", member_ref="the-member")),
    ))  # fmt: skip
    for one in others[2:5]:
        assign(site, one, "team")
    assert reach(site).total == 2 + 5
    site.later(days=2)
    assert reach(site).own == 1
    site.change(MandateRecord, {"state": "suspended"}, ref=others[0])
    assert reach(site).organisations == {"the-firm": 4}
    site.change(OrganisationRecord, {"access": "everyone"})
    assert reach(site).organisations == {"the-firm": 9}
    site.change(OrganisationRecord, {"people_limit": 6})
    assert reach(site).organisations == {"the-firm": 6}
    site.change(OrganisationRecord, {"closed_at": site.database.now()})
    assert reach(site).organisations == {}


def test_it_is_one_statement_that_counts_no_further_than_the_table(site: Site) -> None:
    fill(site, firm(site, access="everyone"), 60)
    rows = (ReachRow(up_to=1), ReachRow(up_to=20), ReachRow())
    sian, rules = site.account("sian"), replace(RULES, reach=rows)
    who = {"account_ref": sian["ref"], "person_ref": sian["person_ref"]}
    with counted(site.database) as cost:
        found = site.database.read(lambda tx: reaching.reach_of(tx, rules, **who))
    assert found.total == 21
    assert len([one for one in cost.statements if one != "SELECT 1"]) <= 1


def test_reading_stops_early_in_a_big_firm_on_postgresql(site: Site) -> None:
    if site.database.is_sqlite:
        return
    mandate = firm(site, access="everyone")
    fill(site, mandate, 20_000)
    sian = site.account("sian")
    values = {"account": sian["ref"], "person": sian["person_ref"], "most": 101}

    raw = site.database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("ANALYZE mandate")
        compiled = reaching._REACH.compile(dialect=site.database.engine.dialect)
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT TEXT) {compiled}", {**compiled.params, **values})
        text = "\n".join(row[0] for row in cursor.fetchall())
    finally:
        raw.rollback()
        raw.close()
    read = [int(n) for n in re.findall(r"on mandate.*?actual time=\S+ rows=(\d+)", text)]
    assert max(read) < 1000, text


def test_a_random_firm_is_counted_as_a_person_would(site: Site) -> None:
    dice = random.Random(7)
    refs = fill(site, firm(site), 40)
    chosen = {ref for ref in refs if dice.random() < 0.4}

    def work(tx) -> None:
        tx.execute(insert(AssignmentRecord), [
            {"mandate_ref": ref, "assignee": "the-member", "assigned_by": "x",
             "assigned_at": tx.now()} for ref in chosen])  # fmt: skip

    site.database.transaction(work)
    assert reach(site).total == len(chosen)


@pytest.mark.parametrize(
    ("people", "assurance", "missing"),
    [(1, 0, None), (10, 0, None), (11, 0, Unmet.ORGANISATION), (11, 1, None),
     (101, 1, Unmet.ORGANISATION), (101, 2, Unmet.LEVEL)],
)  # fmt: skip
def test_each_row_of_the_table_is_asked(
    site: Site, people: int, assurance: int, missing: Unmet | None
) -> None:
    mandate = firm(site, access="everyone", assurance=assurance)
    fill(site, mandate, people - 1)
    sian = site.account("sian")
    who = {"account_ref": sian["ref"], "person_ref": sian["person_ref"]}

    def work(tx) -> Unmet | None:
        asked = acting.ask(tx, mandate, **who)
        assert asked is not None
        needed = reaching.needed(tx, RULES, asked, **who, floor=Level(identity=1, sign_in=1))
        assert needed.reach == people
        level = Level(identity=2, sign_in=2)
        return reaching.lacking(needed, asked, level=level, device_bound=False)

    assert site.database.read(work) == missing
    assert RULES.reach == FIRST_REACH


def choose(site: Site, mandate: str):
    page = site.authorize("tax", acting_for=mandate)
    return site.submit(page, who=mandate, purpose=PURPOSE)


def test_who_works_for_a_big_firm_may_still_act_for_their_own_mother(site: Site) -> None:
    own = site.give_mandate(principal="tom")
    firms = firm(site, access="everyone")
    fill(site, firms, 30)
    site.change(OrganisationRecord, {"assurance": 0})
    site.sign_in("sian")
    assert "code" in read_answer(choose(site, own))
    refused = choose(site, firms)
    assert refused.status_code == 403
    assert "We have not checked your organisation enough" in refused.text
    assert len(site.rows(GrantRecord)) == 1


def test_only_the_missing_check_is_asked_for_then_the_code_is_issued(site: Site) -> None:
    mandate = firm(site, access="everyone", assurance=2)
    fill(site, mandate, 150)
    site.sign_in("sian")
    refused = choose(site, mandate)
    assert refused.status_code == 403
    assert "So you need a security key" in refused.text
    key = site.give_passkey("sian", device_bound=True)
    page = choose(site, mandate)
    assert page.request.path.endswith("/passkey"), "the key, and not the password again"
    assert "code" in read_answer(send(site, page, key.get(options_on(page))))
    (grant,) = site.rows(GrantRecord)
    assert grant["vot"] == "P2.C3"


def test_a_copied_passkey_does_not_stand_for_the_key(site: Site) -> None:
    mandate = firm(site, access="everyone", assurance=2)
    fill(site, mandate, 150)
    site.give_passkey("sian", device_bound=False)
    site.sign_in("sian", ("password", "one-time-code", "passkey"))
    assert "So you need a security key" in choose(site, mandate).text
    assert site.rows(GrantRecord) == []
