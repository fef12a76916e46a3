"""The console over HTTP: who gets which page, and nothing changes for anybody else."""

import io
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from idp.application import UndeclaredRoutes
from idp.front import Front
from idp.officers.records import (
    OfficerChallengeRecord,
    OfficerRecord,
    OfficerSessionRecord,
)
from idp.operators import create_console, create_listener
from idp.proofing.records import VisitRecord
from idp.routes import CONSOLE, POLICY_LIMIT, PUBLIC_TABLE, Route, differences
from idp.settings import Settings
from tests.officers.people import (
    ADMINISTRATOR,
    CHECKED,
    COUNTER,
    MANDATE,
    ORGANISATIONS,
    ORIGIN,
    POLICY,
    RISK,
    Console,
    invite,
    journal,
    new_key,
    officer_with_key,
    options_of,
)

# What is asked in the front and in cookies is the same whatever the database.
ON_ONE_ENGINE = pytest.mark.parametrize("world_url", ["sqlite"], indirect=True)
OPEN = {"/", "/refused", "/static/<path:filename>", "/console/set-up/<token>", "/console/sign-in"}
ROLE_SETS: tuple[tuple[str, ...], ...] = (
    (), (COUNTER,), (ADMINISTRATOR,), (RISK,), (POLICY,), (MANDATE,)
)  # fmt: skip
# No file was chosen to be edited, no set of policies was proposed, nothing is held or given.
ELSEWHERE = {
    "/console/policies/edit": 303,
    "/console/policies/sets/<ref>": 404,
    "/console/held/<ref>": 404,
    "/console/organisations/<ref>": 404,
    "/console/organisations/<ref>/administrator": 404,
    "/console/mandates/<ref>": 404,
    "/console/calls/<ref>": 404,
    "/console/calls/<ref>/evidence/<kind>": 404,
    "/console/calls/<ref>/appoint": 404,
}
GUARDED = [
    (method, route) for route in CONSOLE if route.path not in OPEN for method in route.methods
]


def filled(route: Route, ref: str) -> str:
    path = route.path.replace("<ref>", ref).replace("<reference>", ref)
    path = path.replace("<kind>", "document-check").replace("<proposal>", ref)
    return path.replace("<method>", "password")


def is_for(route: Route, roles: tuple[str, ...]) -> bool:
    return route.who == "officer" or route.who in roles


def visit_form(spoken: str, **more: Any) -> dict[str, Any]:
    return {"spoken": spoken, "document": "passport", "check": sorted(CHECKED), **more}


def enter(console: Console, spoken: str) -> str:
    """Enter a visit; answer its reference."""
    answer = console.post("/console/counter/visit", **visit_form(spoken))
    assert answer.status_code == 303, answer.text
    return str(console.site.rows(VisitRecord)[-1]["ref"])


def lookups(console: Console) -> list[Any]:
    return journal(console.database, "officer-looked-up")


def test_every_route_of_the_console_says_whose_it_is_and_carries_our_token() -> None:
    assert {route.path for route in CONSOLE if route.who == "anybody"} == OPEN
    assert {route.who for route in CONSOLE} == {
        "anybody", "officer", COUNTER, ADMINISTRATOR, RISK, POLICY, ORGANISATIONS, MANDATE,
    }  # fmt: skip
    seen: set[tuple[str, str]] = set()
    for route in CONSOLE:
        assert route.form_token == ("POST" in route.methods)
        assert route.door is None
        assert not route.throttle or route.form_token
        assert route.body_limit <= (POLICY_LIMIT if "policies" in route.path else 65_536)
        for method in route.methods:
            assert (method, route.path) not in seen
            seen.add((method, route.path))


@pytest.mark.parametrize("roles", [None, *ROLE_SETS], ids=str)
def test_no_route_shows_or_changes_anything_for_somebody_whose_it_is_not(
    console: Console, roles: tuple[str, ...] | None
) -> None:
    """All routes by all roles, and nobody signed in. The forms are good ones: an officer of the
    right role would be let through."""
    boss = console.officer("Asha Patel", ADMINISTRATOR, COUNTER)
    clerk = console.officer("Ben Owen", COUNTER)
    spoken = console.case().spoken
    console.sit(clerk)
    visit = enter(console, spoken)
    if roles is None:
        console.browser.delete_cookie("gatehouse_console_session", domain="localhost")
    else:
        me = console.officer("Cai Rees", *(roles or (COUNTER,)))
        console.sit(me)
        if not roles:  # an officer whose role was taken from the table since
            console.site.change(OfficerRecord, {"roles": []}, ref=me)
    before = console.everything()
    tried = 0
    for method, route in GUARDED:
        if roles is not None and is_for(route, roles):
            continue
        ref = visit if "visits" in route.path else clerk
        form = {"name": "Dee Gill", "role": [COUNTER], "decision": "confirm", "key": "k",
                **visit_form(spoken)}  # fmt: skip
        form["check"] = "photo" if "check" not in route.repeatable else form["check"]
        form["role"] = COUNTER if "role" not in route.repeatable else form["role"]
        path = filled(route, ref)
        answer = console.get(path) if method == "GET" else console.post(path, **form)
        if roles is None:
            assert answer.status_code == 303, (method, path, answer.text)
            assert answer.location == "/console/sign-in"
        else:
            assert answer.status_code == 403, (method, path)
            assert "Your role does not let you do this." in answer.text
        for told in ("Margaret", "1979", "Asha", "Ben Owen", boss):
            assert told not in answer.text, (path, told)
        tried += 1
    assert console.everything() == before
    assert tried == sum(not (roles is not None and is_for(r, roles)) for _, r in GUARDED)


@ON_ONE_ENGINE
def test_each_page_opens_for_whose_it_is(console: Console) -> None:
    every = (ADMINISTRATOR, COUNTER, RISK, POLICY, ORGANISATIONS, MANDATE)
    console.sit(console.officer("Asha Patel", *every))
    other = console.officer("Ben Owen", COUNTER)
    for method, route in GUARDED:
        if method == "GET":
            answer = console.get(filled(route, other))
            assert answer.status_code == ELSEWHERE.get(route.path, 200), route.path
            if answer.status_code == 303:
                continue
            assert answer.headers["Cache-Control"] == "no-store"
            if answer.mimetype == "application/json":
                continue
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "form-action 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy


@ON_ONE_ENGINE
def test_no_form_is_taken_from_elsewhere(console: Console) -> None:
    console.sit(console.officer("Asha Patel", ADMINISTRATOR, COUNTER))
    console.get("/console/sign-in")
    before = console.everything()
    for method, route in ((m, r) for r in CONSOLE for m in r.methods):
        if method == "POST":
            path = filled(route, "r").replace("<token>", "t")
            for token in ("", "0" * 64):
                sent = {"csrf_token": token, "name": "Dee"}
                answer = console.browser.post(path, data=sent, base_url=ORIGIN)
                assert answer.status_code == 400, path
    assert console.everything() == before


@ON_ONE_ENGINE
def test_a_token_of_the_public_pages_does_not_open_the_console(console: Console) -> None:
    """Cookies of both stand beside each other on one machine: none is taken for the other."""
    public = console.site.sign_in()
    assert public
    jar = console.site.browser.get_cookie("gatehouse_session", domain="localhost")
    assert jar is not None
    console.browser.set_cookie("gatehouse_session", jar.value, domain="localhost")
    console.browser.set_cookie("gatehouse_console_session", jar.value, domain="localhost")
    assert console.get("/console").location == "/console/sign-in"
    mine = console.sit(console.officer("Asha Patel", ADMINISTRATOR))
    assert console.get("/console").status_code == 200
    fresh = console.app.test_client()
    fresh.set_cookie("gatehouse_session", mine, domain="localhost")
    assert fresh.get("/console", base_url=ORIGIN).location == "/console/sign-in"
    given = fresh.get("/console/sign-in", base_url=ORIGIN).headers.getlist("Set-Cookie")
    assert [one.split("=")[0] for one in given] == ["gatehouse_console_browser"]
    console.site.browser.set_cookie("gatehouse_session", mine, domain="localhost")
    page = console.site.browser.get("/account", base_url="http://localhost:18000")
    assert "/sign-in/" in page.location


@ON_ONE_ENGINE
def test_cookies_belong_to_this_host_alone_and_are_sent_from_no_other_site(
    console: Console,
) -> None:
    house = console.site.house
    origin = "https://console.example.gov"
    settings = replace(house.settings, console_origin=origin)
    browser = create_console(replace(house, settings=settings)).test_client()
    answer = browser.get("/console/sign-in", base_url=origin)
    assert answer.status_code == 200
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert re.fullmatch(
        r"__Host-console_browser=[\w-]{43}; Secure; HttpOnly; Path=/; SameSite=Strict", cookie
    )
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    asked = options_of(answer)
    assert asked["rpId"] == "console.example.gov"
    assert asked["userVerification"] == "required"


@ON_ONE_ENGINE
def test_only_the_consoles_own_host_is_answered(console: Console) -> None:
    for host in ("evil.example", "localhost", "localhost:18000", "localhost:8900.evil.example"):
        answer = console.get("/console/sign-in", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "Set-Cookie" not in answer.headers
    assert not console.site.rows(OfficerChallengeRecord)


@ON_ONE_ENGINE
def test_an_undeclared_route_stops_the_start_and_none_is_public(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [(r.rule, frozenset(r.methods or ())) for r in console.app.url_map.iter_rules()]
    assert differences(rules, CONSOLE) == []
    assert isinstance(console.app.wsgi_app, Front)
    assert console.app.wsgi_app.doors == {}
    for route in CONSOLE:
        if route.path.startswith("/console"):
            path = filled(route, "r").replace("<token>", "t")
            assert not any(PUBLIC_TABLE.match(method, path) for method in ("GET", "POST"))
    public = console.site.browser.get("/console/sign-in", base_url="http://localhost:18000")
    assert public.status_code == 404
    monkeypatch.setattr("idp.operators.CONSOLE", CONSOLE[1:])
    with pytest.raises(UndeclaredRoutes):
        create_console(console.site.house)


@ON_ONE_ENGINE
def test_what_is_sent_is_limited_as_at_the_public_front(console: Console) -> None:
    console.sit(console.officer("Asha Patel", COUNTER))
    sent = {"base_url": ORIGIN, "content_type": "application/x-www-form-urlencoded"}
    for body in ("spoken=a&spoken=b", "spoken=%00", "spoken=%ff"):
        assert console.browser.post("/console/counter", data=body, **sent).status_code == 400
    long = "spoken=" + "x" * 70_000
    assert console.browser.post("/console/counter", data=long, **sent).status_code == 413
    for path in ("/console/nothing", "/metrics", "/account", "/token", "/jwks", "//console"):
        assert console.get(path).status_code == 404, path
    assert console.browser.put("/console", base_url=ORIGIN).status_code == 405


def test_a_key_is_set_up_on_the_page_and_signs_in_and_out_there(console: Console) -> None:
    invited, key = invite(console.database, "Asha Patel", COUNTER), new_key()
    address = f"/console/set-up/{invited.token}"
    page = console.get(address)
    assert page.status_code == 200
    assert "Asha Patel" in page.text
    asked = options_of(page)
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    done = console.post(address, response=key.create(asked), name="ring")
    assert done.location == "/console/sign-in"
    assert console.get("/console").location == "/console/sign-in", "a key made is none used"
    assert console.get(address).status_code == 404
    assert "does not work any more" in console.post(address, response="{}").text
    before = console.get("/console/sign-in")
    signed = console.post("/console/sign-in", response=key.get(options_of(before)))
    assert signed.location == "/console"
    assert "Asha Patel" in console.get("/console").text
    console.post("/console/sign-out")
    assert console.get("/console").location == "/console/sign-in"
    (session,) = console.site.rows(OfficerSessionRecord)
    assert session["ended_at"] is not None
    kinds = ("officer-key-added", "officer-signed-in", "officer-signed-out")
    assert [entry["kind"] for entry in journal(console.database, *kinds)] == list(kinds)


@ON_ONE_ENGINE
def test_keys_are_held_out_a_limited_number_of_times(console: Console) -> None:
    said = [console.post("/console/sign-in", response="{}").status_code for _ in range(31)]
    assert said == [422] * 30 + [429]
    assert console.post("/console/set-up/t", response="{}").status_code == 429


def test_a_second_key_is_added_and_removed_on_ones_own_page(console: Console) -> None:
    asha, first = officer_with_key(console.database, "Asha Patel", COUNTER)
    console.sit(asha.ref)
    refused = console.post("/console/keys/remove", key=first.id)
    assert "This is your only key." in refused.text
    page, second = console.get("/console/keys/add"), new_key()
    assert [one["id"] for one in options_of(page)["excludeCredentials"]] == [first.id]
    added = console.post("/console/keys/add", response=second.create(options_of(page)), name="safe")
    assert added.location == "/console/keys"
    assert "safe" in console.get("/console/keys").text
    assert console.post("/console/keys/remove", key=first.id).location == "/console/keys"
    assert "ring" not in console.get("/console/keys").text
    assert console.get("/console").status_code == 200, "this session goes on"


def test_an_officer_sees_name_and_date_of_birth_and_the_person_sees_the_officer(
    console: Console,
) -> None:
    clerk = console.officer("Ben Owen", COUNTER)
    console.sit(clerk)
    case = console.case()
    for typed in (case.spoken, case.spoken.lower(), f" {case.spoken[:4]} {case.spoken[4:]} "):
        page = console.post("/console/counter", spoken=typed)
        assert page.status_code == 200
        assert "Margaret Hughes" in page.text
        assert "2 August 1979" in page.text
    for secret in ("CE123456B", "CE 12 34 56 B", "12 Chapel Row", "margaret@", "nobody@"):
        assert secret not in page.text
    assert [(one["person"], one["actor"]) for one in lookups(console)] == [
        (case.person_ref, clerk)
    ] * 3
    console.site.sign_in("margaret")
    seen = console.site.get("/account/activity")
    references = {one["reference"] for one in lookups(console)}
    assert all(reference in seen.text for reference in references)


def test_an_unknown_reference_says_nothing_and_a_curious_officer_waits(console: Console) -> None:
    clerk = console.officer("Ben Owen", COUNTER)
    console.sit(clerk)
    spoken = console.case().spoken
    wrong = console.post("/console/counter", spoken="22222222")
    assert wrong.status_code == 422
    assert "Nobody is waiting under this reference." in wrong.text
    assert not lookups(console)
    for _ in range(19):
        console.post("/console/counter", spoken="33333333")
    for path, form in (("/console/counter", {"spoken": spoken}),
                       ("/console/counter/visit", visit_form(spoken))):  # fmt: skip
        slow = console.post(path, **form)
        assert slow.status_code == 429, path
        assert int(slow.headers["Retry-After"]) > 0
        assert "Margaret" not in slow.text
    console.sit(console.officer("Cai Rees", COUNTER))
    assert console.post("/console/counter", spoken=spoken).status_code == 200, "another's count"
    console.sit(clerk)
    console.site.later(seconds=31)
    assert console.post("/console/counter", spoken=spoken).status_code == 200


def test_a_visit_is_entered_when_all_was_looked_at_and_counts_when_another_confirms(
    console: Console,
) -> None:
    asha, ben = (console.officer(name, COUNTER) for name in ("Asha Patel", "Ben Owen"))
    case = console.case()
    console.sit(asha)
    for missing in sorted(CHECKED):
        form = visit_form(case.spoken, check=sorted(CHECKED - {missing}))
        assert console.post("/console/counter/visit", **form).status_code == 422
    for document in ("", "library-card"):
        form = visit_form(case.spoken, document=document)
        assert "Choose the document" in console.post("/console/counter/visit", **form).text
    assert not console.site.rows(VisitRecord)
    visit = enter(console, case.spoken)
    again = console.post("/console/counter/visit", **visit_form(case.spoken))
    assert again.status_code == 422
    assert len(console.site.rows(VisitRecord)) == 1
    # Nobody is both who enters and who confirms.
    assert "Nothing is waiting for you now." in console.get("/console/visits").text
    own = console.post(f"/console/visits/{visit}/decide", decision="confirm")
    assert own.status_code == 422
    assert "Margaret" not in console.post(f"/console/visits/{visit}").text
    assert console.site.account("nobody")["identity_level"] == 0
    console.sit(ben)
    listed = console.get("/console/visits").text
    assert "Asha Patel" in listed
    assert "Margaret" not in listed
    seen = len(lookups(console))
    decide = {"decision": "confirm"}
    unseen = console.post(f"/console/visits/{visit}/decide", **decide)
    assert unseen.status_code == 422
    assert "Look at the visit first" in unseen.text
    page = console.post(f"/console/visits/{visit}")
    assert "Margaret Hughes" in page.text
    assert len(lookups(console)) == seen + 1
    shown = re.search(r'name="look" value="([^"]+)"', page.text)
    assert shown is not None
    decide["look"] = shown[1]
    assert console.post(f"/console/visits/{visit}/decide", decision="").status_code == 422
    done = console.post(f"/console/visits/{visit}/decide", **decide)
    assert "You confirmed the visit" in done.text
    assert console.post(f"/console/visits/{visit}/decide", decision="refuse").status_code == 422
    (row,) = console.site.rows(VisitRecord)
    assert (row["entered_by"], row["decided_by"], row["confirmed"]) == (asha, ben, True)


def test_an_administrator_adds_changes_and_ends_officers_on_the_pages(console: Console) -> None:
    boss = console.officer("Asha Patel", ADMINISTRATOR)
    console.sit(boss)
    assert "Choose at least one role" in console.post("/console/officers", name="Ben Owen").text
    shown = console.post("/console/officers", name="Ben Owen", role=[COUNTER])
    address = re.search(r"http://localhost:8900(/console/set-up/[\w-]{43})", shown.text)
    assert address is not None
    assert "Ben Owen" in console.get("/console/officers").text
    assert console.get(address[1]).status_code == 200
    (ben,) = (one["ref"] for one in console.site.rows(OfficerRecord) if one["name"] == "Ben Owen")
    page = f"/console/officers/{ben}"
    changed = console.post(f"{page}/roles", role=[COUNTER, ADMINISTRATOR])
    assert changed.location == page
    assert console.post(f"{page}/roles").status_code == 422
    assert "/console/set-up/" in console.post(f"{page}/new-key").text
    assert console.get(address[1]).status_code == 404, "the address of before is void"
    mine = f"/console/officers/{boss}"
    for path in ("roles", "new-key", "disable"):
        own = console.post(f"{mine}/{path}", role=[COUNTER]) if path == "roles" else console.post(
            f"{mine}/{path}"
        )  # fmt: skip
        assert own.status_code == 422
        assert "You cannot do this to yourself." in own.text
    assert console.post(f"{page}/disable").location == page
    assert "Ended on" in console.get(page).text
    assert console.get("/console/officers/nobody").status_code == 404
    acts = ("officer-added", "officer-roles-changed", "officer-invited", "officer-disabled")
    by_boss = [one["kind"] for one in journal(console.database, *acts) if one["actor"] == boss]
    assert by_boss == list(acts)


def test_a_changed_role_and_an_ended_officer_are_felt_at_the_next_click(console: Console) -> None:
    boss, clerk = console.officer("Asha", ADMINISTRATOR), console.officer("Ben", COUNTER)
    console.sit(clerk)
    assert console.get("/console/counter").status_code == 200
    other = Console(console.site)
    other.sit(boss)
    other.post(f"/console/officers/{clerk}/roles", role=[ADMINISTRATOR])
    assert console.get("/console/counter").status_code == 403
    other.post(f"/console/officers/{clerk}/disable")
    assert console.get("/console").location == "/console/sign-in"


@ON_ONE_ENGINE
def test_health_is_answered_while_the_console_waits_for_bodies(console: Console) -> None:
    """As many slow senders as there are threads: two of those never wait for a body."""
    threads = console.site.house.settings.threads
    listener = create_listener(console.site.house)
    go_on, inside = threading.Event(), threading.Semaphore(0)

    class Slow(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            inside.release()
            go_on.wait(20)
            return b"a=b"

    def call(path: str, method: str = "GET", **environ: Any) -> tuple[str, bytes]:
        given = EnvironBuilder(path, ORIGIN, method=method).get_environ()
        given.update(environ)
        seen: list[str] = []
        body = b"".join(listener(given, lambda status, headers, *_: seen.append(status)))
        return seen[0], body

    kind = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "3"}
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(threads):
            pool.submit(call, "/console/sign-in", "POST", **{"wsgi.input": Slow(), **kind})
        for _ in range(threads - 2):
            assert inside.acquire(timeout=10)
        answered = [pool.submit(call, path, HTTP_HOST="10.0.0.1:8900")
                    for path in ("/healthz", "/readyz")]  # fmt: skip
        for one in answered:
            status, body = one.result(timeout=10)
            assert status == "200 OK", body
            assert json.loads(body)
        go_on.set()


@pytest.mark.parametrize(
    ("origin", "problem"),
    [
        ("http://console.example.gov", "https"),
        ("https://console.example.gov/", "everything after"),
        ("https://console.example.gov/console", "everything after"),
        ("ftp://console.example.gov", "an address like"),
        ("console.example.gov", "an address like"),
        ("https://me@console.example.gov", "an address like"),
        ("https://console.example.gov:8443", None),
        ("http://localhost:9000", None),
        (None, None),
    ],
)
def test_the_consoles_address_is_https_or_this_machine(
    tmp_path: Any, origin: str | None, problem: str | None
) -> None:
    settings = Settings(
        issuer="https://id.example.gov", database_url="sqlite://", keys=tmp_path,
        policies=tmp_path, data=tmp_path, operators_port=8901, console_origin=origin,
    )  # fmt: skip
    said = [one for one in settings.problems() if "CONSOLE" in one]
    assert bool(said) == (problem is not None), said
    assert problem is None or problem in said[0]
    assert settings.console_address == (origin or "http://localhost:8901")
