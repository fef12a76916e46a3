"""The sample department alone: what it asks, what it believes, and when it stops believing."""

import ast
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from joserfc.jwk import ECKey

from idp.assurance.policy import load_policies
from idp.demo import department, department_acting, world
from idp.demo.browser import Browser, BrowserError, Page
from idp.policy.files import packaged_directory
from tests.demo.fake_server import DAY, FakeServer
from tests.demo.serving import served

EVENTS: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
ACTING = {
    "act": {"sub": "a-1", "name": "Sian Hughes"},
    "mandate": {"id": "m-1", "scopes": ["tax:view", "tax:file"]},
}
MOTHER = {"sub": "s-1", "name": "Margaret Hughes"}
REFUSAL = {
    "error": "invalid_token",
    "error_description": "Margaret Hughes ended this permission.",
    "reference": "REF-77",
}


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer(ECKey.generate_key("P-256", {"kid": "d1"}))
    with served(fake.site()) as port:
        fake.issuer = f"http://localhost:{port}"
        yield fake


@pytest.fixture
def tax(server: FakeServer, free_ports: Callable[[int], list[int]]) -> Iterator[str]:
    """The address of a running Tax."""
    [port] = free_ports(1)
    home = f"http://tax.localhost:{port}"
    app = department.create(
        name="Tax",
        client_id="tax",
        issuer=server.issuer,
        home=home,
        key=server.department_key.as_dict(private=True),
        scope="openid profile national_insurance_number",
        delegation=True,
        does={"file": "Send a tax return", "repayment": "Ask for money back"},
    )
    with served(app, port):
        yield home


def sign_in(tax: str) -> Page:
    page = Browser().open(tax).click("Sign in")
    assert page.heading.startswith("Signed in: "), page.text
    return page


def log_out(server: FakeServer, tax: str, /, key: ECKey | None = None, **changes: Any) -> Page:
    claims = {"jti": "j-1", "sub": "s-1", "sid": "sid-1", "events": EVENTS, **changes}
    typ = claims.pop("typ", "logout+jwt")
    token = server.sign(claims, typ=typ, key=key)
    return Browser().post(f"{tax}/backchannel-logout", [("logout_token", token)])


def test_a_department_can_be_read_at_a_sitting() -> None:
    assert len(Path(department.__file__).read_text().splitlines()) < 150


def test_acting_takes_thirty_lines_beyond_sign_in() -> None:
    """Every line counts that is not empty and no docstring: imports, the page of a refusal too."""
    source = Path(department_acting.__file__).read_text()
    said: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node):
            said |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = source.splitlines()
    own = [line for at, line in enumerate(lines, 1) if line.strip() and at not in said]
    # And what the rest of the department writes to use it.
    for path in Path(department.__file__).parent.glob("department*.py"):
        own += [line for line in path.read_text().splitlines() if re.search(r"\bacting\.\w", line)]
    assert len(own) <= 30, len(own)


def test_what_the_departments_do_are_powers_of_the_catalogue() -> None:
    policies = load_policies(packaged_directory(), date(2026, 12, 1))
    for service in world.services(8000):
        if service.does:
            assert set(service.does) <= set(policies.powers[service.client_id].ids)


def test_it_is_up_within_a_second_without_its_server(
    tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    [port] = free_ports(1)
    key = tmp_path / "key.json"
    key.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    line = [sys.executable, "-m", "idp.demo.department", "--name", "Library"]
    line += ["--client-id", "library", "--issuer", "http://localhost:1", "--port", str(port)]
    line += ["--host-name", "library.localhost", "--key", str(key)]
    process = subprocess.Popen(line)
    try:
        browser, home = Browser(), f"http://library.localhost:{port}"
        wait_until_up(browser, home, seconds=10.0)
        page = browser.open(home)
        assert [link.text for link in page.links if link.url.endswith("/sign-in")] == ["Sign in"]
        assert "act for someone else" not in page.text
        page = page.click("Sign in")
        assert (page.status, page.heading) == (502, "Gatehouse does not answer")
    finally:
        process.terminate()
        process.wait(10)


def wait_until_up(browser: Browser, home: str, *, seconds: float) -> None:
    """Generous beside the second it should take: test machines are busy."""
    ends = time.monotonic() + seconds
    while True:
        try:
            assert browser.open(f"{home}/healthz").json() == {"status": "ok"}
            return
        except BrowserError:
            assert time.monotonic() < ends, "the department did not start"
            time.sleep(0.05)


def test_signing_in_asks_for_a_code_with_pkce_state_and_nonce(tax: str) -> None:
    page = Browser(follow=False).open(f"{tax}/sign-in")
    asked = {k: v[0] for k, v in parse_qs(urlsplit(page.headers["Location"]).query).items()}
    made_up = [asked.pop(name) for name in ("state", "nonce", "code_challenge")]
    assert all(len(value) >= 20 for value in made_up)
    assert asked == {
        "response_type": "code",
        "client_id": "tax",
        "redirect_uri": f"{tax}/callback",
        "scope": "openid profile national_insurance_number",
        "code_challenge_method": "S256",
    }
    assert page.headers["Set-Cookie"].startswith("tax_session=")


def test_signing_in_for_someone_else_asks_to_choose(server: FakeServer, tax: str) -> None:
    page = Browser().open(tax).click("Sign in to act for someone else")
    assert server.asked[-1]["acting_for"] == "choose"
    assert ["acting_for", "choose"] in page.rows


def test_fewer_powers_are_asked_for_by_name(server: FakeServer, tax: str) -> None:
    Browser().open(tax).click("Sign in")
    Browser().open(f"{tax}/sign-in?act=1&only=file")
    asked = server.asked[-1]
    assert "acting_for" not in asked
    assert json.loads(asked["authorization_details"]) == [
        {"type": "urn:gatehouse:mandate", "actions": ["file"]}
    ]


def act(server: FakeServer, tax: str) -> Page:
    server.id_token, server.userinfo = ACTING, {**MOTHER, **ACTING}
    return sign_in(tax)


def test_before_it_acts_it_asks_and_writes_both_names_down(server: FakeServer, tax: str) -> None:
    done = act(server, tax).click("Send a tax return")
    assert done.heading == "Done: Send a tax return"
    assert "CHECK-1" in done.text
    assert server.checks == [
        {"delegate": "a-1", "principal": "s-1", "scope": "file", "access_token": "at-1"}
    ]
    line = "Send a tax return. Sian Hughes, on behalf of Margaret Hughes, "
    assert line in done.click("See my records").text


def test_a_power_that_the_token_lacks_is_refused_without_asking(
    server: FakeServer, tax: str
) -> None:
    refused = act(server, tax).click("Ask for money back")
    assert (refused.status, refused.heading) == (403, "This cannot be done")
    assert "You signed in for other things only." in refused.text
    assert server.checks == []


def test_a_refusal_is_shown_in_its_three_texts_with_the_reference(
    server: FakeServer, tax: str
) -> None:
    page = act(server, tax)
    texts = {"principal": "You did not.", "delegate": "You may not.", "developer": "x: y"}
    server.checked = {"allowed": False, "reason": "x", "reference": "REF-9", "texts": texts}
    refused = page.click("Send a tax return")
    assert refused.status == 403
    for said in (*texts.values(), "REF-9"):
        assert said in refused.text
    assert "What was done" not in page.click("See my records").text


def test_whoever_comes_for_themselves_is_not_asked_about(server: FakeServer, tax: str) -> None:
    done = sign_in(tax).click("Send a tax return")
    assert (done.heading, server.checks) == ("Done: Send a tax return", [])


def test_what_nobody_does_there_is_not_found_and_nothing_is_done_signed_out(
    server: FakeServer, tax: str
) -> None:
    assert Browser().post(f"{tax}/do/file", []).heading == "You are signed out"
    assert Browser().post(f"{tax}/do/fly", []).status == 404
    assert server.checks == []


def test_a_server_that_does_not_answer_a_check_lets_nothing_be_done(
    server: FakeServer, tax: str
) -> None:
    page = act(server, tax)
    server.checked = {"allowed": False}
    server.check_status = 500
    assert page.click("Send a tax return").heading == "Gatehouse does not answer"


def test_a_proxy_of_the_machine_does_not_stand_between(
    tax: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert sign_in(tax).click("See my records").heading == "Records: Sian Hughes"


def test_it_comes_back_to_the_host_that_has_its_cookie(tax: str) -> None:
    port = urlsplit(tax).port
    page = Browser().open(f"http://localhost:{port}/sign-in")
    assert page.heading == "Signed in: Sian Hughes"
    assert page.url == f"{tax}/"


def test_it_shows_each_claim_with_the_request_it_came_from(server: FakeServer, tax: str) -> None:
    page = sign_in(tax)
    assert page.heading == "Signed in: Sian Hughes"
    assert ["sub", "s-1", "ID token (POST /token)"] in page.rows
    assert ["name", "Sian Hughes", "userinfo (GET /userinfo)"] in page.rows
    assert ["client_id", "tax"] in page.rows
    assert ["nonce", "(made for this request)"] in page.rows
    assert "at-1" not in page.text
    assert server.token_requests[0]["code_verifier"] not in page.text


@pytest.mark.parametrize("width", [320, 1280])
def test_its_pages_fit_a_phone_and_axe_finds_nothing(
    server: FakeServer, tax: str, width: int, page_at: Callable[[int], Any]
) -> None:
    server.id_token, server.userinfo = ACTING, MOTHER
    page = page_at(width)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))

    def look(at: str) -> None:
        found = Axe().run(page).response["violations"]
        assert [(at, one["id"]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, at

    for path in ("/", "/sign-in", "/records", "/callback", "/signed-out"):
        page.goto(tax + path)
        look(path)
    for words, heading in (("Send a tax return", "Done: Send a tax return"),
                           ("Ask for money back", "This cannot be done")):  # fmt: skip
        page.goto(f"{tax}/sign-in")
        page.get_by_role("button", name=words).click()
        assert page.get_by_role("heading", level=1).inner_text() == heading
        look(words)
    assert [one for one in complaints if "status of 4" not in one] == []


def test_its_proof_names_the_issuer_alone_and_is_new_each_time(
    server: FakeServer, tax: str
) -> None:
    sign_in(tax)
    sign_in(tax)
    assert [claims["aud"] for claims in server.assertions] == [server.issuer] * 2
    assert len({claims["jti"] for claims in server.assertions}) == 2


def test_the_next_click_after_end_is_refused_with_reason_and_reference(
    server: FakeServer, tax: str
) -> None:
    server.id_token, server.userinfo = ACTING, MOTHER
    page = sign_in(tax)
    assert page.heading == "Signed in: Sian Hughes, on behalf of Margaret Hughes"
    page = page.click("See my records")
    assert page.heading == "Records: Sian Hughes, on behalf of Margaret Hughes"
    server.refusal = REFUSAL
    page = page.click("See my records again")
    assert (page.status, page.heading) == (403, "You can no longer act for Margaret Hughes")
    assert REFUSAL["error_description"] in page.text
    assert "REF-77" in page.text
    server.refusal = None
    assert page.click("Back to Tax").heading == "Welcome to Tax"


def test_an_old_access_token_is_renewed_once_and_kept(server: FakeServer, tax: str) -> None:
    server.expires_in = 61
    page = sign_in(tax)
    time.sleep(1.1)  # Authlib renews when less than 60 s are left
    server.expires_in = 300
    for _ in range(2):
        page = page.click("See my records")
        assert page.heading == "Records: Sian Hughes"
    grants = [form["grant_type"] for form in server.token_requests]
    assert grants == ["authorization_code", "refresh_token"]


def test_a_refusal_to_renew_is_shown_like_any_other(server: FakeServer, tax: str) -> None:
    server.id_token, server.userinfo, server.expires_in = ACTING, MOTHER, 61
    page = sign_in(tax)
    time.sleep(1.1)
    server.refusal = REFUSAL
    page = page.click("See my records")
    assert server.token_requests[-1]["grant_type"] == "refresh_token"
    assert (page.status, page.heading) == (403, "You can no longer act for Margaret Hughes")
    assert REFUSAL["error_description"] in page.text
    assert "REF-77" in page.text


def test_a_refused_sign_in_shows_error_and_description(server: FakeServer, tax: str) -> None:
    server.callback = {"error": "access_denied", "error_description": "Not+today"}
    page = Browser().open(f"{tax}/sign-in")
    assert page.status == 400
    assert "access_denied" in page.text
    assert "Not today" in page.text
    server.callback, server.refusal = {}, REFUSAL
    page = Browser().open(f"{tax}/sign-in")
    assert page.status == 400
    assert "REF-77" in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "http://evil.example"},
        {"aud": "library"},
        {"aud": "library", "azp": "tax"},
        {"nonce": "another"},
        {"at_hash": "another"},
        {"exp": int(time.time()) - DAY},
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    server: FakeServer, tax: str, wrong: dict[str, Any]
) -> None:
    server.id_token = wrong
    browser = Browser()
    page = browser.open(f"{tax}/sign-in")
    assert (page.status, page.heading) == (400, "We could not sign you in"), wrong
    assert browser.open(tax).heading == "Welcome to Tax"


def test_facts_about_somebody_else_are_refused(server: FakeServer, tax: str) -> None:
    server.userinfo = {"sub": "s-2", "name": "Tom Barker"}
    page = Browser().open(f"{tax}/sign-in")
    assert page.status == 400
    assert "somebody else" in page.text


@pytest.mark.parametrize("wrong", [{"iss": "http://evil.example"}, {"state": "another"}])
def test_an_answer_of_another_server_or_browser_is_refused_before_its_code_is_used(
    server: FakeServer, tax: str, wrong: dict[str, str]
) -> None:
    server.callback = wrong
    page = Browser().open(f"{tax}/sign-in")
    assert (page.status, page.heading) == (400, "Please sign in again")
    assert server.token_requests == []


def test_signing_out_ends_the_session_here_and_asks_the_server_to(
    server: FakeServer, tax: str
) -> None:
    page = sign_in(tax)
    left = page.click("Sign out")
    asked = parse_qs(urlsplit(left.url).query)
    assert left.url.startswith(f"{server.issuer}/end-session?")
    assert asked["post_logout_redirect_uri"] == [f"{tax}/signed-out"]
    assert asked.keys() == {"id_token_hint", "post_logout_redirect_uri", "state"}
    assert page.click("See my records").heading == "You are signed out"


def test_a_logout_token_ends_the_sessions_it_names(server: FakeServer, tax: str) -> None:
    for names in ({"sid": "sid-1", "sub": None}, {"sid": None}, {}):
        page = sign_in(tax)
        answer = log_out(server, tax, **names)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert page.click("See my records").heading == "You are signed out"


def test_the_session_of_another_sid_goes_on(server: FakeServer, tax: str) -> None:
    page = sign_in(tax)
    assert log_out(server, tax, sid="sid-2").status == 200
    assert page.click("See my records").heading == "Records: Sian Hughes"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "http://evil.example"},
        {"aud": "library"},
        {"iat": None},
        {"iat": int(time.time()) + DAY},
        {"exp": None},
        {"exp": int(time.time()) - DAY},
        {"jti": None},
        {"events": None},
        {"events": {"another": {}}},
        {"events": "http://schemas.openid.net/event/backchannel-logout"},
        {"nonce": "n"},
        {"sid": None, "sub": None},
        {"typ": "JWT"},
        {"key": ECKey.generate_key("P-256", {"kid": "s1"})},
        {"key": ECKey.generate_key("P-256", {"kid": "unknown"})},
    ],
)
def test_a_logout_token_that_is_not_good_changes_nothing(
    server: FakeServer, tax: str, wrong: dict[str, Any]
) -> None:
    page = sign_in(tax)
    answer = log_out(server, tax, **wrong)
    assert (answer.status, answer.headers["Cache-Control"]) == (400, "no-store"), wrong
    assert answer.json()["error"] == "invalid_request"
    assert page.click("See my records").heading == "Records: Sian Hughes"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30."])
def test_what_is_no_token_is_refused(tax: str, token: str) -> None:
    answer = Browser().post(f"{tax}/backchannel-logout", [("logout_token", token)])
    assert answer.status == 400
