"""An organisation's pages: for its members only, by their roles, and cheap however many people."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from idp.authentication.records import SessionRecord
from idp.delegation import mine
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import (
    MemberInvitationRecord,
    MemberRecord,
    OrganisationRecord,
    TeamRecord,
)
from tests.build import ISSUER, Site
from tests.organisations.firm import Firm
from tests.rig.firms import fill

AT = "/helping/organisations/"


def post(site: Site, path: str, **data: Any) -> Any:
    """Send a form of ours from this browser."""
    token = re.search(r'name="csrf_token" value="(\w+)"', site.get("/account").text)
    assert token
    form = {"csrf_token": token[1], **data}
    return site.browser.post(path, data=form, base_url=ISSUER)


def test_an_accountant_asks_a_colleague_to_join_and_gives_him_somebody(site: Site) -> None:
    firm = Firm(site)
    token = firm.link()  # of the first administrator, whom two officers vouched for
    mandate = firm.acts_for("margaret", "tax", "library")

    site.sign_in("sian")
    assert "Example &amp; Co" in site.get(f"/helping/join/{token}").text
    page = site.submit(site.get(f"/helping/join/{token}"))
    assert "You are alone here" in page.text
    assert "Margaret Hughes" in site.get(f"{AT}{firm.ref}/people").text
    asked = {"name": "Tom Barker", "email": "tom@example.test", "role": ["worker"]}
    assert post(site, f"{AT}{firm.ref}/invite", **asked).status_code == 303
    assert "tom@example.test" in site.get(f"{AT}{firm.ref}/members").text
    link = firm.link()

    sian, site.browser = site.browser, site.new_browser()
    site.sign_in("tom")
    assert site.get(f"{AT}{firm.ref}").status_code == 404
    assert "Worker" in site.submit(site.get(f"/helping/join/{link}")).text
    assert site.get(f"/helping/join/{link}").status_code == 410
    assert "Example &amp; Co" in site.get("/account/helping").text
    assert site.get(f"{AT}{firm.ref}/people").status_code == 403, "he is no assigner"

    tom, site.browser = site.browser, sian
    one = f"{AT}{firm.ref}/people/{mandate}"
    assert "Nobody yet" in site.get(one).text
    given = site.submit(site.get(one), to=firm.member("tom"))
    assert "Tom Barker" in given.text
    assert "Library" in given.text
    assert {row["assignee"] for row in site.rows(AssignmentRecord)} == {firm.member("tom")}
    him = f"{AT}{firm.ref}/members/{firm.member('tom')}"
    assert "1 person" in site.get(him).text
    site.browser = tom
    assert "1 person" in site.get(f"{AT}{firm.ref}").text


def test_a_leaver_has_nothing_left_on_any_path_at_once(firm: Firm) -> None:
    site, him = firm.site, firm.member("tom")
    mandate = firm.acts_for("margaret", "tax")
    site.sign_in("sian")
    post(site, f"{AT}{firm.ref}/people/{mandate}", to=him)
    sian, site.browser = site.browser, site.new_browser()
    site.sign_in("tom")
    tokens = site.redeem("tax", site.act(mandate, scope="openid profile")).json
    assert tokens
    assert site.introspect("tax", tokens["access_token"])["active"] is True
    assert site.userinfo(tokens["access_token"]).status_code == 200

    site.browser = sian
    assert post(site, f"{AT}{firm.ref}/members/{him}/leave").status_code == 303
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    refused = site.userinfo(tokens["access_token"])
    assert refused.status_code == 401
    assert site.rows(AssignmentRecord) == []
    (row,) = firm.journal("member-left")
    assert row["person"] == site.account("tom")["person_ref"]


@pytest.mark.parametrize("step", ["suspend", "organisation", "unassign", "role"])
def test_whatever_is_taken_from_a_member_stops_their_tokens_at_once(firm: Firm, step: str) -> None:
    site, him = firm.site, firm.member("tom")
    mandate = firm.acts_for("margaret", "tax")
    site.sign_in("sian")
    post(site, f"{AT}{firm.ref}/people/{mandate}", to=him)
    sian, site.browser = site.browser, site.new_browser()
    site.sign_in("tom")
    tokens = site.redeem("tax", site.act(mandate)).json
    assert tokens
    site.browser = sian
    if step == "suspend":
        post(site, f"{AT}{firm.ref}/members/{him}/suspend")
    elif step == "organisation":
        firm.set(suspends_at=site.database.now())
    elif step == "unassign":
        post(site, f"{AT}{firm.ref}/people/{mandate}/close", **{"from": him})
    else:
        post(site, f"{AT}{firm.ref}/members/{him}/roles", role=["assigner"])
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    if step == "suspend":
        assert len(site.rows(AssignmentRecord)) == 1, "nothing is destroyed"
        post(site, f"{AT}{firm.ref}/members/{him}/resume")
        assert site.introspect("tax", tokens["access_token"])["active"] is True


@pytest.mark.parametrize(("kind", "shown"), [
    ("firm", "Tom of the North"), ("charity", "a named adviser at Example &amp; Co"),
])  # fmt: skip
def test_a_principal_sees_a_member_by_name_or_as_a_named_adviser(
    site: Site, kind: str, shown: str
) -> None:
    firm = Firm(site, kind=kind)
    firm.join("sian", "assigner")
    him = firm.join("tom", "worker", name="Tom of the North")
    mandate = firm.acts_for("margaret", "tax")
    site.sign_in("sian")
    post(site, f"{AT}{firm.ref}/people/{mandate}", to=him)
    site.browser = site.new_browser()
    site.sign_in("tom")
    site.redeem("tax", site.act(mandate))
    site.browser = site.new_browser()
    site.sign_in("margaret")
    page = site.get("/account/activity").text
    assert shown in page
    assert ("Tom" in page) == (kind == "firm")
    assert "An officer" not in page


PAGES = ["", "/settings", "/mine", "/members", "/invite", "/members/{member}", "/teams",
         "/teams/{team}", "/people", "/people/{mandate}"]  # fmt: skip
FORMS = ["/settings", "/invite", "/members/{member}/roles", "/members/{member}/suspend",
         "/members/{member}/resume", "/members/{member}/transfer", "/members/{member}/leave",
         "/teams", "/teams/{team}/join", "/teams/{team}/leave", "/people/{mandate}",
         "/people/{mandate}/close", "/invitations/{mandate}/cancel"]  # fmt: skip


def test_who_runs_one_organisation_finds_no_page_of_another(firm: Firm) -> None:
    site = firm.site
    other = Firm(site, name="Other & Co", email="tom@example.test")
    stranger = other.join("margaret", "admin", "assigner", "worker")
    parts = {"member": firm.member("tom"), "team": "t", "mandate": firm.acts_for("margaret")}
    before = [site.rows(table) for table in (MemberRecord, OrganisationRecord)]
    site.sign_in("margaret")
    for path in PAGES:
        assert site.get(f"{AT}{firm.ref}{path.format(**parts)}").status_code == 404, path
        mixed = f"{AT}{other.ref}{path.format(**parts)}"
        assert site.get(mixed).status_code == (404 if "{" in path else 200), path
    sent = {"access": "assigned", "limit": "", "name": "A", "email": "a@b.test", "role": "admin",
            "to": stranger, "member": stranger, "from": stranger}  # fmt: skip
    for path in FORMS:
        assert post(site, f"{AT}{firm.ref}{path.format(**parts)}", **sent).status_code == 404, path
        if "{" in path:
            mixed = f"{AT}{other.ref}{path.format(**parts)}"
            assert post(site, mixed, **sent).status_code == 404, path
    assert [site.rows(table) for table in (MemberRecord, OrganisationRecord)] == before
    assert site.rows(AssignmentRecord) == []


def test_a_worker_changes_nothing_and_sees_no_buttons(firm: Firm) -> None:
    site, mandate = firm.site, firm.acts_for()
    site.sign_in("tom")
    parts = {"member": firm.member("sian"), "team": "t", "mandate": mandate}
    before = [site.rows(table) for table in (MemberRecord, OrganisationRecord)]
    sent = {"access": "assigned", "limit": "3", "name": "A", "email": "a@b.test",
            "role": "admin", "to": firm.member("tom"), "from": "x", "member": "x"}  # fmt: skip
    for path in FORMS:
        answer = post(site, f"{AT}{firm.ref}{path.format(**parts)}", **sent)
        assert answer.status_code in {403, 404, 422}, path
    assert [site.rows(table) for table in (MemberRecord, OrganisationRecord)] == before
    page = site.get(f"{AT}{firm.ref}/members/{firm.member('sian')}").text
    assert "End it now" not in page
    assert "sian@" not in page
    own = site.get(f"{AT}{firm.ref}/members/{firm.member('tom')}").text
    assert "Leave now" in own


def test_the_settings_say_what_a_limit_saves(firm: Firm) -> None:
    site = firm.site
    site.sign_in("sian")
    wrong = post(site, f"{AT}{firm.ref}/settings", access="assigned", limit="many")
    assert (wrong.status_code, "Type in a number" in wrong.text) == (422, True)
    firm.set(people_limit=1)
    assert "Nothing more than anybody" in site.get(f"{AT}{firm.ref}/settings").text
    post(site, f"{AT}{firm.ref}/settings", access="assigned", limit="500")
    page = site.get(f"{AT}{firm.ref}/settings").text
    assert "With 500 people at most" in page
    assert "A passkey or a security key" in page
    assert (
        "your limit is 500" in site.get(f"{AT}{firm.ref}/members/{firm.member('tom')}").text.lower()
    )


def test_a_suspension_to_come_is_on_the_page_with_its_reason(firm: Firm) -> None:
    site, now = firm.site, firm.site.database.now()
    site.sign_in("sian")
    firm.set(suspends_at=now.replace(year=now.year + 1), suspension_reason="Papers are missing")
    page = site.get(f"{AT}{firm.ref}").text
    assert "It stops on" in page
    assert "Papers are missing" in page
    firm.set(suspends_at=now)
    assert "It is stopped for now" in site.get(f"{AT}{firm.ref}").text


def test_a_page_of_people_takes_as_many_statements_however_many_there_are(firm: Firm) -> None:
    site = firm.site
    site.sign_in("sian")
    firm.people(3)
    counts = []

    def statements(path: str) -> int:
        seen: list[str] = []
        run = firm.site.database.statements
        found = run.find

        def counted(statement: Any, params: Any) -> Any:
            seen.append(str(statement)[:40])
            return found(statement, params)

        run.find = counted  # type: ignore[method-assign]
        try:
            assert site.get(path).status_code == 200
        finally:
            run.find = found  # type: ignore[method-assign]
        return len(seen)

    path = f"{AT}{firm.ref}/people"
    site.get(path)  # the sign-in itself is weighed once
    counts.append(statements(path))
    firm.people(40, family="Zeta")
    counts.append(statements(path))
    first = site.get(path).text
    more = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert more
    assert counts[0] == counts[1]
    assert statements(more[1].replace("&amp;", "&")) == counts[0] + 1
    assert first.count("gatehouse-quiet") == 25


def test_a_worker_sees_their_own_people_and_no_others(firm: Firm) -> None:
    site, him = firm.site, firm.member("tom")
    path = f"{AT}{firm.ref}/mine"
    refs = firm.people(40, family="Zeta")
    hers = firm.acts_for("margaret", "tax", "library")
    site.sign_in("sian")
    post(site, f"{AT}{firm.ref}/teams", name="North")
    (team,) = site.rows(TeamRecord)
    post(site, f"{AT}{firm.ref}/teams/{team['ref']}/join", member=him)
    for one in refs[:30]:
        post(site, f"{AT}{firm.ref}/people/{one}", to=him)
    post(site, f"{AT}{firm.ref}/people/{refs[0]}", to=team["ref"])  # open to him twice
    post(site, f"{AT}{firm.ref}/people/{hers}", to=team["ref"])
    assert "nobody whom you can open" in site.get(path).text, "she was given nobody"
    sian, site.browser = site.browser, site.new_browser()
    site.sign_in("tom")
    assert f'href="{path}"' in site.get("/account/helping").text
    assert f'href="{path}"' in site.get(f"{AT}{firm.ref}").text
    first = site.get(path).text
    more = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert more
    second = site.get(more[1].replace("&amp;", "&")).text
    shown = re.findall(r'<p class="govuk-body">(\w+ \w+)</p>', first + second)
    assert len(shown) == len(set(shown)) == 31
    assert shown[0] == "Margaret Hughes"
    assert shown[1:] == [f"Given{place:03} Zeta" for place in place_order(site, refs[:30])]
    firm.acts_for("margaret", "vehicles")  # came later, and was given to somebody else alone
    tom, site.browser = site.browser, sian
    post(site, f"{AT}{firm.ref}/people/{hers}", to=firm.member("sian"))
    site.browser = tom
    found = site.get(f"{path}?name=hug").text
    assert "Margaret Hughes" in found
    assert "Library" in found
    assert "vehicles" not in found.casefold()
    assert "Zeta" not in found
    site.browser = sian
    post(site, f"{AT}{firm.ref}/people/{hers}/close", **{"from": team["ref"]})
    past = site.database.now()
    site.change(MandateRecord, {"expires": past}, ref=refs[3])
    site.browser = site.new_browser()
    site.sign_in("tom")
    assert "Margaret Hughes" not in site.get(path).text
    assert "Given003" not in site.get(path).text + site.get(f"{path}?after={refs[0]}").text
    firm.set(access="everyone")
    assert "Margaret Hughes" in site.get(path).text
    firm.set(suspends_at=past)
    assert "Margaret Hughes" not in site.get(path).text
    firm.set(suspends_at=None)
    site.change(MemberRecord, {"roles": ["assigner"]}, ref=him)
    assert "nobody whom you can open" in site.get(path).text, "who does no work opens nobody"


def place_order(site: Site, refs: list[str]) -> list[int]:
    """Where the people of these mandates stand, in the order of their names."""
    rows = [row for row in site.rows(MandateRecord) if row["ref"] in refs]
    rows.sort(key=lambda row: (row["principal_sort"], row["principal"]))
    return [int(row["principal_sort"][-3:]) for row in rows]


def test_hostile_addresses_are_not_found_and_break_nothing(firm: Firm) -> None:
    site = firm.site
    site.sign_in("sian")
    for path in ("/helping/join/" + "x" * 300, f"{AT}%00", f"{AT}{firm.ref}/people/%27--"):
        assert site.get(path).status_code in {404, 410, 400}, path
    for query in ("after=nothing", "name=%25", "name=" + "x" * 5000, "after=" + "y" * 5000,
                  "name=%00", "after=%00"):  # fmt: skip
        assert site.get(f"{AT}{firm.ref}/people?{query}").status_code in {200, 400, 414}, query
    assert site.get(f"{AT}{firm.ref}/members?after=%F0%9F%92%A9").status_code == 200


@pytest.mark.parametrize("world_url", ["sqlite"], indirect=True)
def test_a_workers_list_walks_an_index_and_sorts_nothing(site: Site) -> None:
    """What a page costs does not grow with the worker's people, nor with the organisation's."""
    values = {"organisation": "o", "from_name": "a", "from_principal": "", "to_name": "z",
              "assignee": "m"}  # fmt: skip
    for statement, index in (
        (mine.ASSIGNED, "ix_mandate_assignment_people"), (mine.EVERYONE, "ix_mandate_delegate"),
    ):  # fmt: skip
        made = statement.params(values).compile(
            site.database.engine, compile_kwargs={"literal_binds": True}
        )
        with site.database.engine.connect() as connection:
            rows = connection.execute(text(f"EXPLAIN QUERY PLAN {made}".replace(":", "\\:")))
            plan = "\n".join(row.detail for row in rows)
        assert index in plan
        assert "B-TREE" not in plan


def test_whoever_opens_people_to_others_shows_what_all_of_them_ask(firm: Firm, site: Site) -> None:
    """risk-model.md T7: an administrator's password opens no more than the administrator may."""
    mandate = firm.acts_for("margaret", "tax", max_chain=1)
    fill(site, mandate, 1_001)  # a key of one's own is asked for that cannot be copied
    site.sign_in("sian")
    firm.set(people_limit=30)
    tom, at = firm.member("tom"), f"{AT}{firm.ref}"
    invited = len(site.rows(MemberInvitationRecord))
    for path, form in (
        (f"{at}/invite", {"name": "Ann Lee", "email": "a@example.test", "role": ["admin"]}),
        (f"{at}/members/{tom}/roles", {"role": ["admin", "worker"]}),
        (f"{at}/members/{tom}/resume", {}),
        (f"{at}/people/{mandate}", {"to": [tom]}),
        (f"{at}/settings", {"access": "assigned", "limit": "31"}),
        (f"{at}/agreement", {"shown": "x"}),
        (f"{at}/people/{mandate}/pass-on", {"organisation": "x", "term": "as-long"}),
        (f"{at}/software", {"client": "x", "member": tom, "services": ["tax"], "days": "31"}),
    ):
        answer = post(site, path, **form)
        assert answer.status_code == 303, path
        assert "/signin" in answer.location or "/sign-in" in answer.location, answer.location
    assert len(site.rows(MemberInvitationRecord)) == invited
    assert site.rows(AssignmentRecord) == []
    post(site, f"{at}/settings", access="assigned", limit="29")
    assert site.rows(OrganisationRecord)[0]["people_limit"] == 29, "nor does a lower limit"
    assert post(site, f"{at}/members/{tom}/suspend").location.endswith(f"/members/{tom}")
    assert site.rows(MemberRecord, ref=tom)[0]["suspended_at"] is not None, "closing asks no more"
    now = int(site.database.now().timestamp() * 1000)
    site.change(SessionRecord, {"proofs": {"passkey": now}})
    refused = post(site, f"{at}/members/{tom}/resume")
    assert refused.status_code == 422
    assert "takes a security key" in refused.text
    site.change(SessionRecord, {"proofs": {"security-key": now}})
    assert post(site, f"{at}/members/{tom}/resume").location.endswith(f"/members/{tom}")
    assert site.rows(MemberRecord, ref=tom)[0]["suspended_at"] is None
