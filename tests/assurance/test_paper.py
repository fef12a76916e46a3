"""The questionnaire's script and the Python are one model: the same answers, word for word.

Random answer sheets, most of them sound and many of them not, are worked out by both; the script
runs in a real browser, as served, on the very document that a page asks for.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from idp.assurance import answers
from idp.assurance.answers import AGAIN, CUSTOMERS, EXCEPTION, SIGNING, USUAL, Wrong
from idp.assurance.checks import in_twelve_months
from idp.assurance.experts_file import experts_for
from idp.assurance.harms import CATEGORIES, MITIGATIONS
from idp.assurance.nearest import Near, Published, nearest, worst_harms
from idp.assurance.paper import paper
from idp.assurance.policy import Policies
from idp.assurance.proposals import published
from idp.assurance.sentences import SENTENCES
from idp.assurance.views.common import picture, steps, what_if_of
from idp.assurance.writing import write_service
from idp.pages.assets import STATIC, content_hash
from tests.build import ISSUER, Site, World, open_site, sqlite_world, world

__all__ = ["sqlite_world", "world"]
SHEETS, AT_ONCE = 2400, 300
ADDRESS = "/questionnaire/paper/en.json"
Form = dict[str, str]

# Runs in the page: everything that comes of each sheet.
WORK_OUT = """async ([paper, sheets, hashes]) => {
  const get = (n) => import(`/static/questionnaire-${n}.js?v=${hashes[n]}`);
  const [rules, near, written] = await Promise.all(["rules", "nearest", "written"].map(get));
  const distance = ({ entry, distance, shared }) => [entry.service, distance, shared];
  return JSON.stringify(sheets.map((form) => {
    const typed = rules.read(paper, form);
    const asked = rules.questionnaire(paper, typed);
    const wrong = Object.entries(typed.wrong);
    const found = rules.whatIf(paper, asked);
    const { about = "", customers } = typed.fields;
    const effect = (e) => [e.kind, rules.levelText(e.level), e.tier, e.held_up];
    return {
      fields: typed.fields, wrong, reasons: found.now.reasons, tier: found.now.tier,
      level: rules.levelText(found.now.level), answers: rules.levelText(found.now.answers),
      added: found.added.map(effect), removed: found.removed.map(effect),
      steps: rules.stepsOf(found).map((e) => [e.kind, e.moves]),
      picture: written.picture(paper, found),
      first: near.nearest(paper, about, customers).map(distance),
      near: near.nearest(paper, about, customers, asked).map(distance),
      experts: near.expertsFor(paper, customers, near.worstHarms(paper, asked)).map((e) => e.name),
      file: written.signedFile(paper, typed, asked), unsigned: Object.entries(typed.wrong),
    };
  }));
}"""

ODD = [
    'said "so" \\ twice', "tab\tand\nline", "  spaced\u00a0out\u3000 ", "ring\x07me", "\x7f",
    "\x1c", "", "\ufeffmark", "ΣΑΣ ΟΔΟΣ", "x" * 200, "y" * 201, "z " * 450,
    "%(kind)s %s 100%", "$& $1 ${x}", "</script><b>&amp;'", "émile İstanbul STRASSE ﬁne ½ Ⅷ ²²²",
    "日本語 テスト", "👩‍👩‍👧 family", "e\u0301te\u0301",
    "\u2028line\u0085end", "-", "!!!", "a\u0000b", "\U0001d400\U0001d401\U0001d402ing parking",
]  # fmt: skip
WORDS = (
    "people", "residents", "permit", "permits", "parking", "park", "street", "pay", "payments",
    "tax", "taxes", "return", "medicine", "doctor", "prescriptions", "claim", "claims", "company",
    "school", "schooling", "land", "and", "their", "registered", "ments", "ies", "buses", "books",
)  # fmt: skip

NO_DAYS = (  # most of them
    "soon", "31 2 2027", "29/02/2028", "29-2-2027", "0 1 2027", "1 13 2027", "1 1 0000",
    "0001-1-1", "٣ 1 2027", "1  2  2027", "2027-06-31", "1.2-2027", "29 2 2100", "29 2 2000",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(world: World, sqlite_world: Path, tmp_path_factory) -> Iterator[Site]:
    file = tmp_path_factory.mktemp("paper") / "house.sqlite3"
    file.write_bytes(sqlite_world.read_bytes())
    opened = open_site(world, f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def document(house: Site) -> dict[str, Any]:
    """What the page asks for."""
    found: dict[str, Any] = house.new_browser().get(ADDRESS, base_url=ISSUER).get_json()
    return found


@pytest.fixture(scope="module")
def empty_page(chromium: Browser) -> Iterator[Page]:
    """A page of our own that can import our scripts as they are shipped."""
    context = chromium.new_context()
    page = context.new_page()

    def answer(route: Route) -> None:
        name = route.request.url.split("/static/")[-1].split("?")[0]
        if name.endswith(".js"):
            route.fulfill(body=(STATIC / name).read_bytes(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>Rules</title>", content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://localhost/")
    yield page
    context.close()


def a_text(rng: random.Random) -> str:
    words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 7)))
    kind = rng.random()
    if kind < 0.12:
        return rng.choice(ODD)
    return f"{rng.choice(ODD)[:60]} {words}" if kind < 0.24 else words


def a_day(rng: random.Random, today: date, days: int = 500) -> str:
    if rng.random() < 0.1:
        return rng.choice(NO_DAYS)
    at_the_edge = [today + timedelta(days=n) for n in (-1, 0, 1)]
    at_the_edge += [in_twelve_months(today) + timedelta(days=n) for n in (-1, 0, 1)]
    day = today + timedelta(days=rng.randint(-20 if days > 0 else days, max(days, 5)))
    day = rng.choice(at_the_edge) if rng.random() < 0.2 else day
    return rng.choice([f"{day.day} {day.month} {day.year}", f"{day:%d/%m/%Y}", str(day)])


def a_sheet(rng: random.Random, today: date) -> Form:
    """Somebody's answers: sound in most parts, and anything at all in some."""
    most = rng.choice([0, 1, 2, 2, 3, 4, 4])
    form = {name: str(rng.randint(0, most)) for name in (*USUAL, *AGAIN)}
    form |= {"about": a_text(rng), "customers": rng.choice(CUSTOMERS)}
    form |= {"same": rng.choice(["yes", "no"]), "threat": rng.choice(["low", "normal", "high"])}
    form |= {"return_visits": rng.choice(["yes", "yes", "no"]), "other_route": a_text(rng)}
    for kind in rng.sample(list(MITIGATIONS), rng.choice([0, 0, 1, 2, 4, 11])):
        form |= {f"evidence-{kind}": a_text(rng), f"owner-{kind}": a_text(rng)}
        form[f"review-{kind}"] = a_day(rng, today)
    if rng.random() < 0.3:
        form |= {name: rng.choice("0123") for name in EXCEPTION[:2] if rng.random() < 0.7}
        form |= {name: a_text(rng) for name in ("fix_reason", "fix_owner")}
        form["fix_until"] = a_day(rng, today)
    form |= {name: a_text(rng) for name in SIGNING}
    form["signed_on"] = a_day(rng, today, -300)
    for _ in range(rng.choice([0, 0, 0, 1, 2])):  # spoilt
        name = rng.choice(list(form))
        form[name] = rng.choice([*ODD, "5", "-1", "٣", "²", "yes ", "maybe"])
        if rng.random() < 0.3:
            del form[name]
    return form


def python_says(policies: Policies, entries: list[Published], form: Form) -> dict[str, Any]:
    typed = answers.read(form)
    asked = answers.questionnaire(typed, policies.today)
    wrong = [[name, problem.value] for name, problem in typed.wrong.items()]
    found = what_if_of(policies, asked)
    about, customers = typed.fields.get("about", ""), typed.fields.get("customers")

    def distance(near: Near) -> list[Any]:
        return [near.published.service, near.distance, list(near.shared)]

    service = answers.signed_service(typed, asked, policies.today)
    experts = experts_for(policies.experts, customers=customers, harms=worst_harms(asked))
    lower = {effect.kind for effect in found.lowers}
    order = sorted(found.added, key=lambda effect: effect.kind not in lower)
    drawn = str(picture(found))
    assert [step.lower for step in steps(found)] == [effect.kind in lower for effect in order]
    return {
        "fields": typed.fields, "wrong": wrong, "reasons": list(found.now.reasons),
        "tier": found.now.tier, "level": str(found.now.level), "answers": str(found.now.answers),
        "added": [[e.kind, str(e.level), e.tier, e.held_up] for e in found.added],
        "removed": [[e.kind, str(e.level), e.tier, e.held_up] for e in found.removed],
        "steps": [[e.kind, e.kind in lower] for e in order],
        "picture": re.sub(r"([td])-[0-9a-f]{12}", r"\1-picture", drawn),
        "first": [distance(n) for n in nearest(entries, about=about, customers=customers)],
        "near": [distance(n) for n in
                 nearest(entries, about=about, customers=customers, asked=asked)],
        "experts": [expert.name for expert in experts],
        "file": write_service(service, dict(policies.tables.words)) if service else None,
        "unsigned": [[name, problem.value] for name, problem in typed.wrong.items()],
    }  # fmt: skip


def otherwise(policies: Policies) -> Policies:
    """Another policy: other tables, no coupling below P3, and a leap day for today."""
    tables = policies.tables
    levels = replace(policies.levels, coupling={3: 3})
    changed = {c: tables.sign_in[d] for c, d in zip(CATEGORIES, CATEGORIES[::-1], strict=True)}
    return replace(policies, today=date(2028, 2, 29), levels=levels,
                   tables=replace(tables, sign_in=changed))  # fmt: skip


def test_script_and_python_say_the_same_of_every_sheet(
    house: Site, document: dict[str, Any], empty_page: Page
) -> None:
    in_force = house.house.policies
    seen: list[dict[str, Any]] = []
    hashes = {n: content_hash(f"questionnaire-{n}.js") for n in ("rules", "nearest", "written")}
    for batch in range(SHEETS // AT_ONCE):
        policies = otherwise(in_force) if batch % 4 == 3 else in_force
        told = {**document, **json.loads(json.dumps(paper(policies)))}
        rng = random.Random(batch)  # the same sheets every time
        sheets = [a_sheet(rng, policies.today) for _ in range(AT_ONCE)]
        got = json.loads(empty_page.evaluate(WORK_OUT, [told, sheets, hashes]))
        entries = published(policies)
        with house.app.test_request_context():
            for sheet, theirs in zip(sheets, got, strict=True):
                ours = python_says(policies, entries, sheet)
                assert theirs == ours, sheet
                seen.append(ours)
    assert_worth_comparing(seen)


def assert_worth_comparing(seen: list[dict[str, Any]]) -> None:
    """The sheets must have met everything that can be said."""
    assert len(seen) >= 2000
    assert sum(one["file"] is not None for one in seen) > 500
    assert {one["tier"] for one in seen} == {0, 1, 2, 3}
    assert len({one["level"] for one in seen}) >= 12
    problems = {problem for one in seen for _name, problem in one["unsigned"]}
    assert problems == {problem.value for problem in Wrong}
    said = "\n".join(reason for one in seen for reason in one["reasons"])
    shapes = {name: re.sub(r"%\\\(\w+\\\)s", ".+", re.escape(s)) for name, s in SENTENCES.items()}
    never = {name for name, shape in shapes.items() if not re.search(shape, said)}
    assert never == {"twice"}  # a form names each mitigation once
    assert any(effect[3] for one in seen for effect in one["added"])
    assert any(one["picture"] for one in seen)
    assert any(not one["picture"] for one in seen)


def test_the_paper_may_be_kept_by_anybody_and_holds_nobody_s_answers(house: Site) -> None:
    browser = house.new_browser()
    first = browser.get(ADDRESS, base_url=ISSUER)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["Content-Type"] == "application/json"
    assert "Set-Cookie" not in first.headers
    assert "csrf_token" not in first.text
    again = browser.get(ADDRESS, base_url=ISSUER, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert house.new_browser().get(ADDRESS, base_url=ISSUER).data == first.data
    assert first.get_json()["today"] == datetime.now(UTC).date().isoformat()


def test_other_policies_are_told_at_once(
    house: Site, world: World, sqlite_world: Path, tmp_path: Path
) -> None:
    levels = replace(world.policies.levels, tier_names={0: "Nothing"})
    changed = replace(world, policies=replace(world.policies, levels=levels))
    file = tmp_path / "house.sqlite3"
    file.write_bytes(sqlite_world.read_bytes())
    before = house.new_browser().get(ADDRESS, base_url=ISSUER)
    other = open_site(changed, f"sqlite:///{file}")
    asked_again = {"If-None-Match": before.headers["ETag"]}
    after = other.new_browser().get(ADDRESS, base_url=ISSUER, headers=asked_again)
    other.close()
    assert after.status_code == 200
    assert after.get_json()["tier_names"] == {"0": "Nothing"}
    assert house.new_browser().get(ADDRESS, base_url=ISSUER).data == before.data


@pytest.mark.parametrize("language", ["xx", "EN", "en.json", "..%2f..", "en%00"])
def test_a_language_that_no_page_speaks_has_no_paper(house: Site, language: str) -> None:
    answer = house.new_browser().get(f"/questionnaire/paper/{language}.json", base_url=ISSUER)
    assert answer.status_code in (400, 404)


def test_the_page_may_ask_for_its_paper_and_for_nothing_else(house: Site) -> None:
    browser = house.new_browser()
    policy = browser.get("/questionnaire", base_url=ISSUER).headers["Content-Security-Policy"]
    assert re.search(rf"connect-src {ISSUER}{ADDRESS}(;|$)", policy)
    assert "unsafe" not in policy
    other = browser.get("/questionnaire/check", base_url=ISSUER).headers["Content-Security-Policy"]
    assert "connect-src" not in other


def test_our_scripts_import_one_another_under_their_hashes() -> None:
    for script in STATIC.glob("questionnaire*.js"):
        for name, given in re.findall(r'"\./([\w.-]+)\?v=(\w+)"', script.read_text("utf-8")):
            assert given == content_hash(name), f"{script.name} imports {name}"
