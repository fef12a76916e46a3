"""The questionnaire as somebody meets it: from a sentence to a signed file, and nothing kept."""

import logging
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from idp.assurance.answers import AGAIN, FIELDS, FIRST, LONGEST, SIGNING, USUAL, parse_day, read
from idp.assurance.policy import load_policies
from idp.assurance.views.checking import LONGEST_FILE
from idp.demo.page import Page
from idp.front import MOST_FIELDS
from idp.policy.files import packaged_directory
from idp.routes import PAGES
from idp.schema import TABLES
from tests.build import ISSUER, Site, World, open_site, sqlite_world, world

__all__ = ["sqlite_world", "world"]
TODAY = datetime.now(UTC).date()  # the house's clock is the real one
SOON = TODAY + timedelta(days=200)
ABOUT = "Residents buy a permit to park in their street"
SIGNED = {
    "service_name": "Visitor permits", "body": "Example Town Council", "action": "Buy a permit",
    "signer": "Pat Lewis", "role": "Head of parking", "signed_on": "22 11 2026",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(world: World, sqlite_world: Path, tmp_path_factory) -> Iterator[Site]:
    """One house on one engine: these pages never ask the database for anything."""
    file = tmp_path_factory.mktemp("questionnaire") / "house.sqlite3"
    file.write_bytes(sqlite_world.read_bytes())
    opened = open_site(world, f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def visit(house: Site):
    """A browser without an account: opens an address and answers the page as it is read."""
    browser = house.new_browser()

    def go(method: str, url: str, pairs: list[tuple[str, str]] | None = None) -> Page:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        sent: dict[str, Any] = {}
        if pairs is not None:
            sent = {"data": urlencode(pairs), "content_type": "application/x-www-form-urlencoded"}
        answer = browser.open(path, method=method, base_url=ISSUER, **sent)
        headers = Message()
        for name, value in answer.headers.items():
            headers[name] = value
        if answer.status_code == 303:
            return go("GET", ISSUER + answer.headers["Location"])
        return Page(url=ISSUER + path, status=answer.status_code, headers=headers,
                    body=answer.data, history=[], go=go)  # fmt: skip

    return lambda path: go("GET", ISSUER + path)


def questions(visit, about: str = ABOUT, customers: str = "people") -> Page:
    page = visit("/questionnaire")
    return page.form("about").fill(about=about, customers=customers).submit()


def everything(severity: str = "0") -> dict[str, str]:
    return {
        **{name: severity for name in USUAL if name.startswith("wrong_person-")},
        "same": "yes", "threat": "normal", "shut_out": "1",
    }  # fmt: skip


def answered(visit, **answers: str) -> Page:
    form = questions(visit).form("same")
    return form.fill({**everything(), **{k.replace("__", "-"): v for k, v in answers.items()}}
                     ).submit("Show the level")  # fmt: skip


def test_a_usual_action_takes_twelve_questions_at_most(visit) -> None:
    """Counted on the pages: what has to be answered, not what may be."""
    start = visit("/questionnaire")
    second = questions(visit)
    shown = re.findall(r"(?m)^\s*(\d+)\. ", start.text + "\n" + second.text)
    assert [int(number) for number in shown] == list(range(1, 13))
    assert len(FIRST) + len(USUAL) == 12
    blank = second.form("blank").submit()
    nothing = blank.form("same").submit("Show the level")
    asked_for = re.findall(r'href="#([\w-]+)"', nothing.body.decode())
    assert nothing.status == 422
    assert {name for name in asked_for if name != "main-content"} == set(USUAL)


def test_it_starts_from_the_nearest_assessment_and_names_who_can_help(visit) -> None:
    page = questions(visit)
    assert "Parking permits (Example City Council, parking)" in page.text
    assert "Both speak of: permit, park" in page.text or "Both speak of:" in page.text
    assert "Daniel Okafor" in page.text
    form = page.form("same")
    assert form.values["wrong_person-money_public"] == ["1"]
    assert form.values["same"] == ["no"]
    assert form.values["taken_over-privacy"] == ["1"]
    blank = page.form("blank").submit()
    assert not any(name in blank.form("same").values for name in USUAL)


def test_what_the_nearest_answered_gives_what_the_nearest_got(visit) -> None:
    page = questions(visit, "Order medicine again from the doctor")
    assert "Repeat prescriptions (Example Health Service)" in page.text
    # Its mitigation stays behind: the pharmacist's check is theirs, not ours.
    result = page.form("same").fill(other_route="At the pharmacy").submit("Show the level")
    assert result.heading == "Your service is in tier 2"
    assert "The mitigation" not in result.text


def test_the_result_shows_both_levels_the_working_and_what_would_lower_it(visit) -> None:
    page = answered(visit, wrong_person__privacy="2", wrong_person__legal="2")
    assert page.status == 200
    assert page.heading == "Your service is in tier 2"
    assert "The level is P2.C2" in page.text
    assert "Identity P2: the worst harm if we let in the wrong person is privacy 2" in page.text
    assert ["They are seen with a document before it takes effect", "P1.C2", "2"] in page.rows
    assert ["Nothing more", "P2.C2", "2"] in page.rows
    drawn = re.search(r'<svg class="gatehouse-picture".*?</svg>', page.body.decode(), re.S)
    assert drawn
    assert "<desc" in drawn[0]
    assert "Seen with a document: P1.C2" in drawn[0]
    assert "Services most like yours" in page.text


def test_the_signed_file_is_checked_and_explained_by_the_command(visit, tmp_path) -> None:
    page = answered(visit, wrong_person__privacy="2", shut_out="3",
                    other_route='By "telephone", or\\by post')  # fmt: skip
    saved = page.form("signer").fill(SIGNED).submit()
    assert saved.status == 200
    assert saved.headers["Content-Disposition"] == 'attachment; filename="services.toml"'
    assert saved.headers["Cache-Control"] == "no-store"
    (tmp_path / "services.toml").write_bytes(saved.body)
    policies = load_policies(tmp_path, SOON, fallback=packaged_directory())
    got = policies.assessment("visitor-permits", "buy-a-permit")
    assert str(got.level) == "P2.C2"
    for reason in got.reasons:
        assert reason in page.text
    service = policies.service("visitor-permits")
    assert service is not None
    assert service.other_route == 'By "telephone", or\\by post'
    assert (service.about, service.customers) == (ABOUT, "people")
    assert service.signature is not None
    assert service.signature.name == "Pat Lewis"


def test_different_answers_for_an_account_taken_over_count_only_with_no(visit) -> None:
    other = dict.fromkeys(AGAIN, "0") | {"taken_over-privacy": "4"}
    form = questions(visit).form("same")
    same = form.fill({**everything("1"), **other}).submit("Show the level")
    assert "The level is P1.C1" in same.text
    form = questions(visit).form("same")
    apart = form.fill({**everything("1"), **other, "same": "no"}).submit("Show the level")
    assert "The level is P1.C3" in apart.text


def test_the_whole_model_can_be_reached(visit) -> None:
    """Mitigations with evidence, owner and review date; threat; return visits; override."""
    form = questions(visit).form("same")
    page = form.fill({
        **everything("0"), "wrong_person-money_person": "4", "threat": "high",
        "evidence-known_account": "Paid to the account on file", "owner-known_account": "Payments",
        "review-known_account": f"{SOON:%d/%m/%Y}", "evidence-masked": "Only four figures",
        "fix_sign_in": "3", "fix_reason": "A trial", "fix_owner": "Pat", "fix_until": str(SOON),
    }).submit("Show the level")  # fmt: skip
    assert 'The mitigation "known_account" lowers the person\'s money 4 to 3' in page.text
    assert 'The mitigation "masked" counts as nothing: it has no owner' in page.text
    assert f"An override makes P3.C3 into P3.C3 until {SOON}: A trial (Pat)." in page.text
    saved = page.form("signer").fill(SIGNED).submit()
    (service,) = tomllib.loads(saved.body.decode())["service"]
    (action,) = service["action"]
    assert [m["kind"] for m in action["mitigation"]] == ["known_account", "masked"]
    assert action["override"]["sign_in"] == 3
    once = questions(visit).form("same").fill({**everything(), "return_visits": "no"}).submit()
    assert "The level is P0.C0" in once.text


def test_the_answers_can_be_changed_and_come_back_as_they_were(visit) -> None:
    page = answered(visit, wrong_person__legal="3", **{"evidence-notice": "A letter"})
    again = page.click("Change my answers")
    values = again.form("same").values
    assert values["wrong_person-legal"] == ["3"]
    assert values["evidence-notice"] == ["A letter"]
    assert values["about"] == [ABOUT]
    assert "service most like yours" not in again.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wrong_person-privacy": "5"}, "Choose one answer"),
        ({"wrong_person-privacy": "-1"}, "Choose one answer"),
        ({"wrong_person-privacy": "²"}, "Choose one answer"),
        ({"threat": "none"}, "Choose one answer"),
        ({"same": "perhaps"}, "Choose one answer"),
        ({"same": "no"}, "Choose one answer"),
        ({"shut_out": "3"}, "Say how else people get in"),
        ({"shut_out": "4", "other_route": "   "}, "Say how else people get in"),
        ({"customers": "martians"}, "Choose one answer"),
        ({"about": ""}, "Fill this in"),
        ({"about": "x" * (LONGEST + 1)}, f"Use {LONGEST} letters at most"),
        ({"other_route": "ring\x07me"}, "Type it in by hand"),
        ({"evidence-notice": "x", "review-notice": "31 2 2027"}, "There is no such day"),
        ({"evidence-notice": "x", "review-notice": "next year"}, "There is no such day"),
        ({"fix_sign_in": "3"}, "Fill this in"),
        ({"fix_sign_in": "9", "fix_reason": "r", "fix_owner": "o", "fix_until": str(SOON)},
         "Choose one answer"),
        ({"fix_reason": "r", "fix_owner": "o", "fix_until": str(SOON)}, "Say which part"),
        ({"fix_sign_in": "1", "fix_reason": "r", "fix_owner": "o", "fix_until": "1 1 2199"},
         "12 months at most"),
        ({"fix_sign_in": "1", "fix_reason": "r", "fix_owner": "o", "fix_until": "1 1 2020"},
         "This day has gone by"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told_at_its_question_and_makes_nothing(visit, wrong, said) -> None:
    form = questions(visit).form("same")
    pairs = {**{k: v[0] for k, v in form.values.items()}, **everything(), **wrong}
    if wrong == {"same": "no"}:
        pairs = {k: v for k, v in pairs.items() if k not in AGAIN}
    page = form.go("POST", form.action, list(pairs.items()))
    assert page.status == 422
    assert said in page.text
    assert page.title.startswith("Error: ")
    assert "The level is" not in page.text


def test_an_answer_left_out_is_never_no_harm(visit) -> None:
    form = questions(visit).form("same")
    for name in USUAL:
        pairs = {**{k: v[0] for k, v in form.values.items()}, **everything()}
        del pairs[name]
        page = form.go("POST", form.action, list(pairs.items()))
        assert page.status == 422, name
        number = (*FIRST, *USUAL).index(name) + 1
        assert f'<a href="#{name}">Question {number}: Choose one answer</a>' in page.body.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"signer": ""}, "Fill this in"),
        ({"role": "  "}, "Fill this in"),
        ({"signed_on": ""}, "Fill this in"),
        ({"signed_on": "1 1 2199"}, "still to come"),
        ({"signed_on": "soon"}, "no such day"),
        ({"service_name": "x" * 201}, "letters at most"),
    ],
)
def test_nothing_is_saved_without_a_whole_signature(visit, wrong, said) -> None:
    page = answered(visit).form("signer").fill({**SIGNED, **wrong}).submit()
    assert page.status == 422
    assert said in page.text
    assert "Content-Disposition" not in page.headers
    assert page.form("signer").values["body"] == ["Example Town Council"]


def test_the_hidden_answers_are_checked_again_when_the_file_is_made(visit) -> None:
    page = answered(visit)
    form = page.form("signer").fill(SIGNED)
    form.fill({"wrong_person-privacy": "-3"})
    assert form.submit().status == 422


def test_nothing_typed_is_kept_anywhere(house, visit, caplog) -> None:
    """No row in any table, no line in the log, no address with an answer in it."""

    def rows() -> dict[str, int]:
        return house.database.read(lambda tx: {
            table.name: tx.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        })  # fmt: skip

    before = rows()
    secret = "Zanzibar Lemon Soufflé"
    with caplog.at_level(logging.DEBUG):
        page = questions(visit, secret)
        assert secret not in page.url
        page = page.form("same").fill(everything()).submit("Show the level")
        assert secret in page.body.decode()
        assert "?" not in page.url
        assert page.headers["Cache-Control"] == "no-store"
        saved = page.form("signer").fill({**SIGNED, "signer": secret}).submit()
        checked = visit("/questionnaire/check").form("file").fill(file=saved.text).submit()
        assert secret in checked.text
    assert rows() == before
    assert "Zanzibar" not in caplog.text
    assert not [r for r in PAGES if r.path.startswith("/questionnaire") and (r.audit or r.throttle)]


def test_an_address_of_a_later_page_leads_to_the_beginning(visit) -> None:
    for path in ("questions", "result", "file"):
        assert visit(f"/questionnaire/{path}").heading == "How sure must your service be?"


def test_a_form_of_another_site_is_not_taken(house) -> None:
    browser = house.new_browser()
    for path in ("questions", "result", "file", "check"):
        answer = browser.post(f"/questionnaire/{path}", data=everything(), base_url=ISSUER)
        assert answer.status_code == 400


def test_the_form_fits_what_the_front_lets_through(visit) -> None:
    form = questions(visit).form("same")
    assert len({one.name for one in form.fields}) < MOST_FIELDS
    assert len(FIELDS) + 1 < MOST_FIELDS
    longest = dict.fromkeys(FIELDS, "é" * LONGEST)
    assert len(urlencode(longest)) < 131_072
    twice = [*form.values.items(), ("same", ["yes"])]
    page = form.go("POST", form.action, [(k, v[0]) for k, v in twice])
    assert page.status == 400


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=300), max_size=8))
def test_any_text_is_read_without_a_crash_and_within_its_limit(sent) -> None:
    typed = read(sent)
    assert all(len(value) <= LONGEST for value in typed.fields.values())
    assert all(value == " ".join(value.split()) for value in typed.fields.values())


def test_the_published_assessments_are_explained(visit) -> None:
    page = visit("/questionnaire/published")
    assert "Services of other bodies" in page.text
    tax = next(link for link in page.links if link.text.startswith("File return"))
    explained = visit(tax.url.removeprefix(ISSUER))
    assert explained.heading == "File return: P2.C2"
    assert "Signed by" in explained.text or "Nobody has signed this yet." in explained.text
    assert visit("/questionnaire/published/explained?service=x&action=y").status == 404
    assert visit("/questionnaire/published/explained").status == 404


def check(visit, text: str) -> Page:
    return visit("/questionnaire/check").form("file").fill(file=text).submit()


def test_a_pasted_file_is_checked_explained_and_compared(visit) -> None:
    text = (packaged_directory() / "services.toml").read_text()
    page = check(visit, text.replace("privacy = 1 ", "privacy = 3 "))
    assert page.status == 200
    assert ["library, borrow-books", "P1.C1", "P1.C2", "asks for more"] in page.rows
    wrong = check(visit, text.replace("shut_out = 1 ", "shut_uot = 1 ").replace(
        "legal = 2", "legal = 7"))  # fmt: skip
    assert wrong.status == 422
    assert 'Did you mean "shut_out"?' in wrong.text
    assert "at most 4, not 7" in wrong.text
    assert wrong.form("file").values["file"][0].count("shut_uot") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste a file"),
        ("   \n", "Paste a file"),
        ("x" * (LONGEST_FILE + 1), "The file is too long"),
        ("not toml", "This is not TOML"),
        ("x = " + "[" * 6000, "nested too deep"),
        ("x = " + "9" * 6000, "not TOML that can be read"),
        ("[[service]]", '"client_id" is missing'),
        ("service = []", "It holds no [[service]]"),
        ("a." * 5000 + "b = 1", "nested too deep"),
        ("\n".join(f"k{n} = 1" for n in range(1000)), "more."),
    ],
)
def test_whatever_is_pasted_is_answered(visit, text, said) -> None:
    page = check(visit, text)
    assert page.status == 422
    assert said in page.text
    assert page.form("file")


def test_a_day_is_read_in_the_ways_people_write_one() -> None:
    day = date(2027, 6, 30)
    for text in ("30 6 2027", "30/6/2027", "30.06.2027", "30-6-2027", "2027-06-30", "2027-6-30"):
        assert parse_day(text) == day, text
    for text in (
        "31 6 2027",
        "30 6 27",
        "6/30/2027",
        "2027 06 30",
        "30 June 2027",
        "٣٠ 6 2027",
        "",
    ):
        assert parse_day(text) is None, text


def test_every_field_of_the_signature_is_asked_for_on_the_result(visit) -> None:
    values = answered(visit).form("signer")
    assert {one.name for one in values.fields} >= set(SIGNING)
