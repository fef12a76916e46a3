"""A firm asks people by link, by mail, by letter, by what it knows of them, and from a list."""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.assurance.rules import Level
from idp.delegation import answering, known, lists
from idp.delegation.answering import Answerer
from idp.delegation.ending import person_died
from idp.delegation.limits import address_limit, person_limit
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.delegation.reminding import remind_all
from idp.errors import Refusal
from idp.journal.records import JournalEntry
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.actions import Undeliverable
from idp.outbox.records import OutboxRecord
from idp.pages.errors import asked_for
from idp.register.records import PersonRecord
from idp.throttle.actions import reserve
from tests.build import ISSUER
from tests.delegation.conftest import TAX, TWO, Town
from tests.rig.counting import counted

OWN = "/helping/invitations/firm-1"
FACTS = {
    "how": "facts", "given_name": "Margaret", "family_name": "Hughes", "number": "CE 12 34 56 D",
    "birth_day": "2", "birth_month": "8", "birth_year": "1979",
}  # fmt: skip


def mandates(town: Town) -> list[dict[str, Any]]:
    return [dict(row) for row in town.site.rows(MandateRecord)]


def ask(town: Town, **how: str) -> Any:
    town.as_("tom")
    return town.send(town.site.get(f"{OWN}/new"), **(TAX | how))


def waiting_of(town: Town, who: str) -> list[str]:
    town.as_(who)
    return re.findall(r"/account/helpers/asked/[\w-]+", town.site.get("/account/helpers").text)


def notices(town: Town) -> list[tuple[str, str]]:
    return [(to, notice) for to, notice, _values in town.mail()]


def test_a_link_shows_the_checked_name_and_is_accepted_service_by_service(town: Town) -> None:
    town.firm()
    page = ask(town, how="link", given_name="Margaret", family_name="Hughes")
    (link,) = re.findall(ISSUER + r"(/invitation/[\w-]+)", page.text)
    town.site.browser = town.site.new_browser()
    landing = town.site.get(link)
    assert "Harbour Accounts asks to help you" in landing.text
    assert "We checked the name of this organisation" in landing.text
    assert "Tom" not in landing.text
    assert "You said yes" in town.answered(link, "margaret").text
    (row,) = mandates(town)
    assert (row["state"], row["delegate"], row["delegate_kind"]) == (
        "active", "firm-1", "organisation",
    )  # fmt: skip
    assert row["principal"] == town.person("margaret")
    town.as_("tom")
    assert "Margaret Hughes" not in town.site.get(OWN).text  # nobody is left who has to answer
    assert "They said yes" in town.site.get(f"{OWN}?show=all").text


def test_a_page_that_comes_back_keeps_what_was_ticked_and_answers_nothing(town: Town) -> None:
    town.firm()
    page = ask(town, how="link", given_name="Margaret", family_name="Hughes")
    (link,) = re.findall(ISSUER + r"(/invitation/[\w-]+)", page.text)
    town.as_("margaret")
    words = town.site.get(f"{link}/answer")
    (box,) = re.findall(r'name="(pass-on-[^"]+)"', words.text)
    again = town.send(words, **{box: "yes"})
    assert "Say yes or no to each" in again.text
    assert re.search(rf'name="{box}"[^>]* checked', again.text)
    assert mandates(town)[0]["state"] == "offered"


def test_whoever_asked_cannot_answer_for_the_firm_themselves(town: Town) -> None:
    town.firm()
    page = ask(town, how="link", given_name="Tom", family_name="Barker")
    (link,) = re.findall(ISSUER + r"(/invitation/[\w-]+)", page.text)
    assert town.site.get(f"{link}/answer").status_code == 403


def test_right_facts_reach_the_person_on_their_own_page(town: Town) -> None:
    town.firm()
    ask(town, **FACTS)
    assert notices(town) == []
    town.work()
    assert notices(town) == [("margaret@example.test", "helper-offered")]
    (asked,) = waiting_of(town, "margaret")
    page = town.site.get(asked)
    assert "Harbour Accounts" in page.text
    assert waiting_of(town, "sian") == []
    assert town.site.get(asked).status_code == 404
    town.as_("margaret")
    page = town.site.get(asked)
    assert "You said yes" in town.send(page, **town.open_ones(page)).text
    assert mandates(town)[0]["state"] == "active"


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "CE123457A"},  # nobody's
        {"birth_year": "1980"},
        {"family_name": "Hugh"},
        {"given_name": "Maggie"},
        {"birth_day": "", "birth_month": "", "birth_year": "", "postcode": "1AA"},
    ],
)
def test_a_wrong_fact_gets_the_same_bytes_and_reaches_nobody(
    town: Town, wrong: dict[str, str]
) -> None:
    """delegation.md I14; 2.1 (v) for the postcode that is a part of the right one."""
    town.firm()
    town.site.change(PersonRecord, {"address": {"postal_code": "SW1A 1AA"}})
    town.as_("tom")
    page = town.site.get(f"{OWN}/new")
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
    assert token
    answers = []
    for more in ({}, wrong):
        fields = TAX | FACTS | more | {"csrf_token": token[1]}
        answer = town.site.browser.post(f"{OWN}/new", data=fields, base_url=ISSUER)
        answers.append((answer.status, answer.data, sorted(answer.headers.items())))
    assert answers[0] == answers[1]
    shown = town.site.get(f"{OWN}/asked")
    assert "We do not say which" in shown.text
    listed = town.site.get(OWN).text
    assert listed.count("No answer yet") == 2
    assert {row["principal"] for row in mandates(town)} == {None}, "no request looks anybody up"
    town.work()
    right, other = sorted(mandates(town), key=lambda row: row["principal"] is None)
    assert right["principal"] == town.person("margaret")
    assert other["principal"] is None
    same = ("state", "delegate", "service", "powers", "term_days", "answerer")
    assert [right[name] for name in same] == [other[name] for name in same]
    assert town.site.get(OWN).text.count("No answer yet") == 2
    told = [notice for _to, notice in notices(town)]
    whose = wrong.get("number") is None
    assert told == ["helper-offered"] + ["helper-facts-tried"] * whose


@pytest.mark.parametrize("again", [False, True])
def test_a_worker_killed_after_it_told_tells_nobody_twice(town: Town, again: bool) -> None:
    town.firm()
    ask(town, **FACTS)
    if again:
        town.work()
        town.post(f"{OWN}/chase", town.site.get(OWN))
    (row,) = town.site.rows(OutboxRecord, kind=known.ASKED, done_at=None)
    before = len(notices(town))
    for _ in range(2):  # its message is not marked as done, so the next worker takes it up
        known.tell_asked(town.site.database, town.site.house.keyring, row["payload"])
    assert [what for _to, what in notices(town)[before:]] == [
        "offer-waits" if again else "helper-offered"
    ]
    told = town.site.rows(JournalEntry, kind="mandate-offered", person=town.person("margaret"))
    assert len(told) == 1


def test_wrong_details_are_told_once_a_day(town: Town) -> None:
    town.firm()
    for _ in range(3):
        ask(town, **(FACTS | {"birth_year": "1980"}))
    town.work()
    assert notices(town) == [("margaret@example.test", "helper-facts-tried")]


def test_a_postcode_will_do_instead_of_a_day_of_birth(town: Town) -> None:
    town.firm()
    town.site.change(PersonRecord, {"address": {"postal_code": "SW1A 1AA"}})
    ask(town, **(FACTS | {"birth_day": "", "birth_month": "", "birth_year": "",
                          "postcode": "sw1a1aa"}))  # fmt: skip
    town.work()
    assert mandates(town)[0]["principal"] == town.person("margaret")


def test_one_person_is_looked_up_a_few_times_whether_there_is_one_or_not(town: Town) -> None:
    town.firm()
    for number in ("CE123456A", "CE123457A"):
        said = [ask(town, **(FACTS | {"number": number})).status_code for _ in range(8)]
        assert said == [200] * 6 + [429] * 2


def test_asking_twice_by_facts_leaves_the_person_one_question(town: Town) -> None:
    town.firm()
    ask(town, **FACTS)
    ask(town, **FACTS)
    town.work()
    assert len(waiting_of(town, "margaret")) == 1
    assert [row["state"] for row in mandates(town)] == ["offered", "offered"]
    assert [to for to, _notice in notices(town)] == ["margaret@example.test"]


def test_what_is_asked_again_with_something_more_can_be_answered(town: Town) -> None:
    """The first offer for Tax is still open: the second is theirs for Vehicles alone, until now."""
    town.firm()
    town.second_service()
    ask(town, **FACTS)
    town.as_("tom")
    town.send(town.site.get(f"{OWN}/new"), **(TWO | FACTS))
    town.work()
    for _turn in range(2):
        page = town.site.get(waiting_of(town, "margaret")[0])
        assert "You said yes" in town.send(page, **town.open_ones(page)).text
    assert waiting_of(town, "margaret") == []
    held = [row["service"] for row in mandates(town) if row["state"] == "active"]
    assert sorted(held) == ["tax", "vehicles"]


def test_a_letter_has_a_code_that_is_typed_in(town: Town) -> None:
    town.firm()
    page = ask(town, how="paper", given_name="Margaret", family_name="Hughes")
    (letter,) = re.findall(r'href="(/helping[^"]+/letter)"', page.text)
    (code,) = re.findall(r">([A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4})<", town.site.get(letter).text)
    town.site.browser = reader = town.site.new_browser()
    form = town.site.get("/invitation")
    assert town.send(form, code="AAAA-BBBB-CCCC").status_code == 422
    assert town.send(form, code="'; --").status_code == 422
    found = town.send(form, code=f" {code.lower().replace('-', ' ')} ")
    assert "Harbour Accounts asks to help you" in found.text
    here = found.request.path
    with town.site.app.test_request_context(f"{here}/answer", base_url=ISSUER):
        assert asked_for() == "/invitation/[masked]/answer", "in the logs"
    assert "You said yes" in town.answered(here, "margaret").text
    town.site.browser = reader
    assert town.send(form, code=code).status_code == 410
    tries = [town.send(form, code="AAAA-BBBB-CCCC").status_code for _ in range(70)]
    assert tries[-1] == 429


LIST = """given_name,family_name,national_insurance_number,birth_date,postcode,email
Margaret,Hughes,CE123456B,1979-08-02,,
Mail,Only,,,,mail@only.test
Paper,Only,,,,
Nobody,There,CE123459A,1950-01-01,,
Wrong,Number,QQ1,1950-01-01,,
No,Date,CE123460A,,,
Bad,Date,CE123460A,31.12.1950,,
Bad,Mail,,,,nowhere
,Nameless,,,,a@b.test
Mail,Only,,,,mail@only.test
"""


def test_a_list_is_asked_by_the_worker_and_says_which_lines_it_could_not_use(town: Town) -> None:
    town.firm()
    town.as_("tom")
    form = town.site.get(f"{OWN}/many")
    town.send(form, list=LIST, **TAX)
    page = town.send(form, list=LIST, **TAX)  # a page that is loaded anew asks nobody twice
    assert "0 of 4 people are asked" in page.text
    # While whoever sent it may ask nobody, it stands still, however often the worker looks.
    him = {"organisation_ref": "firm-1"}
    for table, values, whose in (
        (OrganisationRecord, {"suspends_at": town.site.database.now()}, {"ref": "firm-1"}),
        (MemberRecord, {"suspended_at": town.site.database.now()}, him),
    ):
        town.site.change(table, values, **whose)
        town.work()
        town.later(hours=1)
        town.work()
        assert mandates(town) == []
        town.site.change(table, dict.fromkeys(values), **whose)
    town.later(hours=1)
    town.as_("tom")
    for line, why in ((6, "is not one"), (7, "date of birth or a postcode"), (8, "1980-03-31"),
                      (9, "email address"), (10, "A name is missing"), (11, "twice")):  # fmt: skip
        assert re.search(rf"Line {line}: [^<]*{why}", page.text), line
    (progress,) = re.findall(rf'href="({OWN}/lists/[\w-]+)"', page.text)
    town.work()
    assert "4 of 4 people are asked" in town.site.get(progress).text
    assert notices(town) == [("mail@only.test", "helper-offered"),
                             ("margaret@example.test", "helper-offered")]  # fmt: skip
    rows = town.site.rows(MandateInvitationRecord)
    assert sorted(row["channel"] for row in rows) == ["email", "facts", "facts", "paper"]
    assert not [row for row in rows if "only" in str(row["contact_sealed"]).lower()]
    assert len(mandates(town)) == 4
    town.work()
    assert len(mandates(town)) == 4
    assert town.site.get(f"{OWN}/lists/another").status_code == 404


HEADER = "given_name,family_name,national_insurance_number,birth_date,postcode,email\n"


def listed(town: Town, *lines: str) -> str:
    """Send a list and have it worked off; answers the page that says how far it is."""
    town.as_("tom")
    page = town.send(town.site.get(f"{OWN}/many"), list=HEADER + "\n".join(lines), **TAX)
    (progress,) = re.findall(rf'href="({OWN}/lists/[\w-]+)"', page.text)
    town.work()
    return str(progress)


def test_a_list_says_how_many_with_a_number_were_not_asked_and_neither_who_nor_if_they_exist(
    town: Town,
) -> None:
    """I14: the same bytes for right facts, a wrong fact, and a number of nobody."""
    town.firm()
    index = town.site.house.keyring.index
    for number in ("CE123456", "CE123457"):
        limit = person_limit(index("number_index", number))
        for _ in range(6):
            reserve(town.site.database, town.site.house.keyring, [limit])
    pages = []
    for line in ("Margaret,Hughes,CE123456B,1979-08-02,,", "Margaret,Hughes,CE123456B,1950-08-02,,",
                 "Margaret,Hughes,CE123457B,1979-08-02,,"):  # fmt: skip
        progress = listed(town, line, "Nobody,There,CE123459A,1950-01-01,,")
        page = town.site.get(progress)
        pages.append(re.sub(r'nonce="[^"]*"|nonce-[\w-]+', "", page.text))
        assert "1 of 2 people are asked" in page.text
        assert "1 person was not asked" in page.text
        for told in ("Hughes", "CE123", "CE 12"):
            assert told not in page.text
    assert pages[0] == pages[1] == pages[2]
    assert waiting_of(town, "margaret") == []
    town.as_("tom")
    assert town.site.get(OWN).text.count("No answer yet") == 6, "nobody is told apart by the list"
    town.later(days=1)
    listed(town, "Margaret,Hughes,CE123456B,1979-08-02,,")
    assert len(waiting_of(town, "margaret")) == 1, "tomorrow is soon enough"


def test_an_address_that_was_written_to_often_is_named_and_not_written_to(town: Town) -> None:
    town.firm()
    for _ in range(10):
        reserve(town.site.database, town.site.house.keyring, [address_limit("mail@only.test")])
    progress = listed(town, "Mail,Only,,,,mail@only.test", "Other,One,,,,other@only.test")
    text = town.site.get(progress).text
    assert "1 of 2 people are asked" in text
    assert "1 address was not written to" in text
    assert "Mail Only, mail@only.test" in text
    assert "other@only.test" not in text
    assert notices(town) == [("other@only.test", "helper-offered")]
    assert len(mandates(town)) == 1
    page = town.site.get(OWN)
    assert page.status_code == 200
    town.post(f"{OWN}/chase", page)
    town.work()
    assert [to for to, _notice in notices(town)] == ["other@only.test"] * 2, "one letter, one chase"
    town.as_("sian")
    assert town.site.get(progress).status_code == 404


def test_who_has_not_answered_is_reminded_once(town: Town) -> None:
    town.firm()
    ask(town, how="email", given_name="Margaret", family_name="Hughes", email="m@mail.test")
    ask(town, **FACTS)
    ask(town, **(FACTS | {"birth_year": "1980"}))
    town.work()
    before = len(town.mail())
    page = town.site.get(OWN)
    for _ in range(2):
        town.post(f"{OWN}/chase", page)
        town.work()
    told = sorted(notices(town)[before:])
    assert told == [("m@mail.test", "offer-waits"), ("margaret@example.test", "offer-waits")]
    assert town.site.get(OWN).text.count("Reminded on") == 3  # also where there was nobody
    town.later(days=16, minutes=1)
    keyring = town.site.house.keyring
    assert remind_all(town.site.database, keyring) == 3


def test_what_was_taken_back_is_gone_for_the_person_too(town: Town) -> None:
    town.firm()
    ask(town, **FACTS)
    town.work()
    assert len(waiting_of(town, "margaret")) == 1
    town.as_("tom")
    (ref,) = [row["ref"] for row in town.site.rows(MandateInvitationRecord)]
    page = town.site.get(f"{OWN}/offers/{ref}")
    for _press in range(2):
        assert "You took it back" in town.post(f"{OWN}/offers/{ref}/cancel", page).text
    assert waiting_of(town, "margaret") == []
    assert town.site.get(f"/account/helpers/asked/{ref}").status_code == 410
    town.work()
    mine = town.site.rows(JournalEntry, person=town.person("margaret"))
    assert [row["kind"] for row in mine if row["kind"].startswith("mandate-")] == [
        "mandate-offered", "mandate-cancelled",
    ]  # fmt: skip
    assert {row["actor"] for row in mine if row["mandate_ref"]} == {town.person("tom")}


def test_what_was_taken_back_before_the_worker_came_reaches_nobody(town: Town) -> None:
    town.firm()
    ask(town, **FACTS)
    (ref,) = [row["ref"] for row in town.site.rows(MandateInvitationRecord)]
    town.post(f"{OWN}/offers/{ref}/cancel", town.site.get(f"{OWN}/offers/{ref}"))
    town.work()
    assert notices(town) == []
    assert (mandates(town)[0]["state"], mandates(town)[0]["principal"]) == ("cancelled", None)
    assert not [row for row in town.site.rows(JournalEntry, person=town.person("margaret"))
                if row["kind"].startswith("mandate-")]  # fmt: skip


def _steps(town: Town, answered: TestResponse) -> Iterator[tuple[str, Any]]:
    """What a member does with an offer by facts once the worker has been there."""
    page, browser = answered, town.site.browser
    (ref,) = [row["ref"] for row in town.site.rows(MandateInvitationRecord, closed_at=None)]
    own = f"{OWN}/offers/{ref}"
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
    assert token
    data = {"csrf_token": token[1]}
    yield "look", lambda: browser.get(own, base_url=ISSUER)
    yield "look at all", lambda: browser.get(OWN, base_url=ISSUER)
    yield "chase", lambda: browser.post(f"{own}/chase", data=data, base_url=ISSUER)
    yield "chase all", lambda: browser.post(f"{OWN}/chase", data=data, base_url=ISSUER)
    yield "cancel", lambda: browser.post(f"{own}/cancel", data=data, base_url=ISSUER)


def test_nothing_done_with_an_offer_by_facts_tells_if_they_were_right(town: Town) -> None:
    """I14: of asking, looking, reminding and taking back each costs the same statements, and gets
    the same answer, for right facts, a wrong one, a number of nobody, and somebody who died."""
    town.firm()
    town.as_("tom")
    page = town.site.get(f"{OWN}/new")
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
    assert token
    seen: list[dict[str, tuple[Any, ...]]] = []
    dies = {"died_on": date(2026, 11, 1), "status": "dead"}
    cases: list[tuple[dict[str, str], bool]] = [
        ({}, False), ({}, False), ({"birth_year": "1980"}, False), ({"number": "CE123457A"}, False),
        ({}, True),
    ]  # fmt: skip
    for wrong, death in cases:
        costs: dict[str, tuple[Any, ...]] = {}
        fields = TAX | FACTS | wrong | {"csrf_token": token[1]}
        asks = partial(town.site.browser.post, f"{OWN}/new", data=fields, base_url=ISSUER)
        answered = _cost(town, "ask", asks, costs)
        town.work()
        if death:
            town.site.change(PersonRecord, dies, ref=town.person("margaret"))
            town.site.database.transaction(partial(person_died, person=town.person("margaret")))
        for name, step in _steps(town, page):
            _cost(town, name, step, costs)
        assert answered.status_code == 303
        town.work()
        seen.append(costs)
    # The first time a statement goes through SQLAlchemy, and the pools are empty.
    assert all(costs == seen[1] for costs in seen[2:])


def _cost(town: Town, name: str, step: Any, costs: dict[str, tuple[Any, ...]]) -> TestResponse:
    with counted(town.site.database) as cost:
        answer: TestResponse = step()
    # SQLite tells the values too; PostgreSQL the verb and the count of rows.
    kinds = tuple(re.sub(r"'[^']*'|[0-9.]+", "?", one) for one in cost.statements)
    text = re.sub(r'nonce="[^"]*"|offers/[\w-]+', "", answer.text)
    moved = re.sub(r"offers/[\w-]+", "", answer.headers.get("Location", ""))
    costs[name] = (answer.status, moved, len(text), cost.commits, kinds)
    return answer


@pytest.mark.parametrize(
    ("record", "values"),
    [
        (OrganisationRecord, {"verified_at": None}),
        (OrganisationRecord, {"closed_at": "now"}),
        (OrganisationRecord, {"suspends_at": "now"}),
        (MemberRecord, {"left_at": "now"}),
        (MemberRecord, {"suspended_at": "now"}),
    ],
)
def test_only_members_of_a_verified_firm_in_service_ask(
    town: Town, record: Any, values: dict[str, Any]
) -> None:
    town.firm()
    town.as_("sian")
    for path in ("", "/new", "/many", "/offers/x", "/lists/x", "/asked"):
        assert town.site.get(f"{OWN}{path}").status_code == 404
    now = town.site.database.now()
    town.site.change(record, {name: now if value == "now" else value
                              for name, value in values.items()})  # fmt: skip
    town.as_("tom")
    assert town.site.get(f"{OWN}/new").status_code == 404


@pytest.mark.parametrize("over", ["suspends_at", "closed_at"])
def test_who_may_act_no_more_is_not_said_yes_to_and_takes_nobodys_place(
    town: Town, over: str
) -> None:
    town.firm()
    page = ask(town, how="link", given_name="Margaret", family_name="Hughes")
    (link,) = re.findall(ISSUER + r"(/invitation/[\w-]+)", page.text)
    (asked,) = mandates(town)
    ask(town, **FACTS)
    town.work()
    (waiting,) = waiting_of(town, "margaret")
    town.as_("margaret")
    words = town.site.get(f"{link}/answer")
    held = town.site.give_mandate(delegate="sian", exclusive=frozenset({"tax"}))
    town.site.change(MandateRecord, {"exclusive": True}, ref=asked["ref"])
    keyring, names = town.site.house.keyring, town.site.world.policies.names
    seen = town.site.database.read(lambda tx: answering.by_ref(tx, keyring, asked["bundle"]))
    assert seen is not None
    town.site.change(OrganisationRecord, {over: town.site.database.now()}, ref="firm-1")
    who = Answerer(account="x", person=town.person("margaret"), given_name="Margaret",
                   family_name="Hughes", level=Level(identity=2, sign_in=2))  # fmt: skip
    late = town.site.database.transaction(
        lambda tx: answering.answer(
            tx, keyring, seen, who, {asked["ref"]: True}, said={asked["ref"]: ["x"]}, names=names
        )
    )
    assert isinstance(late, Refusal), "asked again where it is answered"
    said = town.send(words, **town.open_ones(words))
    assert (said.status_code, "Harbour Accounts cannot help you now" in said.text) == (409, True)
    for path in (link, f"{link}/answer", waiting):
        assert town.site.get(path).status_code == 409
    assert waiting_of(town, "margaret") == []
    states = {row["ref"]: row["state"] for row in mandates(town)}
    assert (states[held], states[asked["ref"]]) == ("active", "offered")
    town.later(days=17)
    town.work()
    told = len(town.mail())
    remind_all(town.site.database, town.site.house.keyring)
    town.work()
    assert len(town.mail()) == told, "and nobody is reminded of what it asked"


def test_a_worker_asks_one_by_one_but_sends_no_list(town: Town) -> None:
    town.firm(roles=("worker",))
    town.as_("tom")
    assert town.site.get(f"{OWN}/new").status_code == 200
    assert town.site.get(f"{OWN}/many").status_code == 404


def test_a_message_that_nobody_can_read_stops_nothing(town: Town) -> None:
    for payload in ({}, {"batch": "x", "until": "never", "days": 1}):
        with pytest.raises(Undeliverable):
            lists.work_list(town.site.database, town.site.house.keyring, payload)


def test_whom_others_asked_is_closed_to_a_worker_like_the_people_themselves(town: Town) -> None:
    """I11: the list of offers is no way round what is closed until it is assigned."""
    town.firm()
    page = ask(town, how="email", given_name="Margaret", family_name="Hughes",
               email="margaret@mail.test")  # fmt: skip
    (offer,) = re.findall(OWN + r"/offers/[\w-]+", page.text)[:1]
    town.site.give_member("firm-1", "sian", "worker")
    town.as_("sian")
    assert "Margaret" not in town.site.get(OWN).text
    assert "Margaret" not in town.site.get(f"{OWN}?show=all").text
    mine = town.site.get(f"{OWN}/new")
    assert town.site.get(offer).status_code == 404
    for path in (f"{offer}/cancel", f"{offer}/chase"):
        assert town.post(path, mine).status_code == 404
    town.post(f"{OWN}/chase", mine)
    (row,) = town.site.rows(MandateInvitationRecord)
    assert (row["closed_at"], row["chased_at"]) == (None, None)
    asked = town.send(mine, **TAX, how="link", given_name="Dee", family_name="Gill")
    assert "Dee Gill" in asked.text
    assert "Dee Gill" in town.site.get(OWN).text
    town.as_("tom")
    both = town.site.get(OWN).text
    assert "Dee Gill" in both
    assert "Margaret Hughes" in both
