"""What every request passes before any room sees it: host, size, repetition, declared routes."""

import io
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from idp.app import create_app
from idp.application import UndeclaredRoutes
from idp.front import MOST_FIELDS, Front, Refused, caller_address, read_fields
from idp.oidc.records import AuthorizationCodeRecord
from idp.routes import DOORS, PAGES, ROUTES, SANDBOX, match, undeclared
from tests.build import ISSUER, Site

HOST = "localhost:18000"


def call(site: Site, path: str, method: str = "GET", **environ: Any) -> tuple[int, dict[str, str]]:
    """Send a request that no client library would, straight into the WSGI application."""
    given = EnvironBuilder(path, ISSUER, method=method).get_environ()
    given.update(environ)
    seen: list[Any] = []
    answer: Any = site.app.wsgi_app  # a `start_response` of two arguments is enough for us
    body = answer(given, lambda status, headers: seen.append((status, headers)))
    b"".join(body)
    status, headers = seen[0]
    return int(status.split()[0]), dict(headers)


@pytest.mark.parametrize("path", ["/", "/jwks", "/.well-known/openid-configuration", "/authorize"])
def test_only_the_configured_host_is_answered(site: Site, path: str) -> None:
    """Decision 17; the same bug four times at one vendor (security.md section 3)."""
    for host in ("evil.example", "localhost", "localhost:18000.evil.example", f"{HOST}, evil",
                 f"evil,{HOST}", "", f"user@{HOST}", f"{HOST}/x"):  # fmt: skip
        status, headers = call(site, path, HTTP_HOST=host)
        assert status == 400, host
        assert "evil" not in str(headers)
    assert call(site, path, HTTP_X_FORWARDED_HOST="evil.example")[0] != 500


def test_no_link_or_document_takes_its_host_from_the_request(site: Site) -> None:
    said = site.browser.get(
        "/.well-known/openid-configuration",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
                 "Forwarded": "host=evil.example"},
        base_url=ISSUER,
    )  # fmt: skip
    assert "evil.example" not in said.text


def test_addresses_and_bodies_have_a_size(site: Site) -> None:
    assert call(site, "/" + "x" * 3000)[0] == 414
    assert call(site, "/authorize", QUERY_STRING="x=" + "y" * 17_000)[0] == 414
    for path in ("/token", "/authorize"):
        long = site.browser.post(path, data={"x": "y" * 70_000}, base_url=ISSUER)
        assert long.status_code == 413
        kind = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
        for length in ("-1", "x", "1e3", "٣", "99999999999999"):
            status, _ = call(site, path, "POST", CONTENT_LENGTH=length, **kind)
            assert status in {400, 413}, length
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
        assert call(site, path, "POST", **kind, **chunked)[0] == 411


def test_joined_headers_are_refused(site: Site) -> None:
    """Decision 20: a server joins with a comma what was sent twice."""
    for name in ("HTTP_AUTHORIZATION", "HTTP_DPOP", "HTTP_CLIENT_CERT"):
        assert call(site, "/userinfo", **{name: "Bearer a, Bearer b"})[0] == 400


def test_every_route_in_the_table_is_served_and_every_served_one_is_in_it(site: Site) -> None:
    """Decision 19; security.md 2.15: 100 %, in both directions."""
    rules = [(rule.rule, frozenset(rule.methods or ())) for rule in site.app.url_map.iter_rules()]
    assert undeclared(rules, sandbox=False) == []
    assert undeclared([*rules, ("/new", frozenset({"GET"}))], sandbox=False)
    assert undeclared([(path, m) for path, m in rules if path != "/account"], sandbox=False)
    front = site.app.wsgi_app
    assert isinstance(front, Front)
    declared = {(method, route.path) for route in DOORS for method in route.methods}
    assert set(front.doors) == declared


def test_an_undeclared_route_stops_the_start(site: Site, monkeypatch: Any) -> None:
    monkeypatch.setattr("idp.routes.PAGES", PAGES[1:])
    with pytest.raises(UndeclaredRoutes):
        create_app(site.house)


def test_every_route_says_who_may_call_it_and_how() -> None:
    """Decision 19. Pages that change something carry our form token, or say why not."""
    who = {"anybody", "client", "token", "journey", "account", "sandbox"}
    seen: set[tuple[str, str]] = set()
    for route in ROUTES:
        assert route.who in who, route.path
        assert route.body_limit <= 1_000_000
        assert set(route.methods) <= {"GET", "POST"}
        for method in route.methods:
            assert (method, route.path) not in seen, "declared twice"
            seen.add((method, route.path))
        if route.door is None and "POST" in route.methods and not route.form_token:
            assert route.path in {"/authorize", "/end-session"}, "cross-site by design (21)"
        if route.throttle:
            # The one begins journeys, at the others somebody may try what opens an invitation.
            looked_at = route.path == "/authorize" or route.path.startswith("/invitation/")
            assert route.form_token or looked_at


def pages() -> Iterator[tuple[str, str]]:
    for route in (*PAGES, *SANDBOX):
        for method in route.methods:
            yield method, re.sub(r"<\w+>", "r", route.path.replace("<path:filename>", "a/b.css"))


def test_the_table_finds_each_address_also_with_a_slash_at_its_end() -> None:
    for method, path in pages():
        found = match(method, path)
        assert found is not None, path
        assert match(method, path + "/") in {found, None} or path == "/"
        assert match("HEAD" if method == "GET" else method, path) == found
    assert match("DELETE", "/account") is None
    assert match("POST", "/account") is None


def test_no_form_of_ours_is_taken_from_elsewhere_however_its_address_is_written(
    site: Site,
) -> None:
    """CSRF: a slash more, a doubled one or an encoded one must not slip past the table."""
    site.sign_in()
    for method, path in pages():
        if method != "POST" or path in {"/authorize", "/end-session"} or "demo" in path:
            continue
        for written in (path, f"{path}/", f"{path}//", f"/{path}", path.replace("t", "%74", 1)):
            answer = site.browser.post(written, data={"x": "y"}, base_url=ISSUER)
            assert answer.status_code in {308, 400, 404}, (written, answer.status_code)
    assert site.get("/account").status_code == 200
    assert site.userinfo(site.tokens("library")["access_token"]).status_code == 200


def test_what_is_not_declared_is_404_or_405_and_never_500(site: Site) -> None:
    for path in ("/nothing", "/token/", "/jwks/x", "/..", "/%00", "/static/../../etc/passwd",
                 "/authorize%0a", "/console", "/metrics", "/refused/x"):  # fmt: skip
        for method in ("get", "post", "put", "delete", "patch", "options"):
            status = getattr(site.browser, method)(path, base_url=ISSUER).status_code
            assert status in {200, 301, 308, 400, 404, 405}, (method, path, status)
            assert status != 200 or method == "options", (method, path)


def test_a_door_that_fails_answers_json_under_a_reference(site: Site) -> None:
    def broken(house: Any, request: Any) -> Any:
        raise RuntimeError("secret detail")

    front = Front(site.house, site.app.wsgi_app, (replace(DOORS[0], door=broken),))
    seen: list[Any] = []
    environ = EnvironBuilder(DOORS[0].path, ISSUER).get_environ()
    body = b"".join(front(environ, lambda status, headers: seen.append(status)))
    assert seen == ["500 Internal Server Error"]
    assert b"reference" in body
    assert b"secret detail" not in body


def test_repetition_is_refused_unless_the_route_lets_it() -> None:
    route = replace(ROUTES[0], repeatable=frozenset({"resource"}))
    single, repeated = read_fields("a=1&resource=x&resource=y&b=", route)
    assert single == {"a": "1", "resource": "y", "b": ""}
    assert repeated == {"resource": ("x", "y")}
    for text in ("a=1&a=1", "a&a", "a=1&%61=2", "&".join("x" * (MOST_FIELDS + 1))):
        with pytest.raises(Refused):
            read_fields(text, route)
    for text in ("a=%00", "%00=a", "a=%ff", "a=%c3%28", "a=%ed%a0%80"):
        with pytest.raises(Refused):
            read_fields(text, route)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    single: dict[str, str] = {}
    with suppress(Refused):
        single, _ = read_fields(text, ROUTES[0])
    assert all("\0" not in name + value for name, value in single.items())


def test_the_callers_address_is_what_our_own_proxy_saw() -> None:
    """security.md 1.8; CVE-2024-47070's class: what stands before may be made up."""

    def address(forwarded: str | None, proxies: int) -> str:
        environ = {"REMOTE_ADDR": "10.0.0.1"}
        if forwarded is not None:
            environ["HTTP_X_FORWARDED_FOR"] = forwarded
        return caller_address(environ, proxies)

    assert address("1.2.3.4", 0) == "10.0.0.1"
    assert address(None, 1) == "10.0.0.1"
    assert address("1.2.3.4", 1) == "1.2.3.4"
    assert address("6.6.6.6, 1.2.3.4", 1) == "1.2.3.4"
    assert address("6.6.6.6, 1.2.3.4, 10.9.9.9", 2) == "1.2.3.4"
    assert address("1.2.3.4", 2) == "10.0.0.1", "fewer than our proxies: somebody went round them"
    assert address("6.6.6.6,, garbage", 1) == "10.0.0.1", "not an address: not believed"
    assert address("", 1) == "10.0.0.1"
    assert address("[2001:db8::1]:443", 1) == "10.0.0.1"
    assert address("2001:db8::1", 1) == "2001:db8::1"


def test_an_address_that_is_not_declared_as_written_is_not_served(site: Site) -> None:
    """What Flask would read more kindly than the table: slashes in front, an encoded one, a NUL."""
    site.sign_in()
    query = "client_id=library&client_id=other"
    for path in ("//account", "///authorize", "/account//", "/sign-in/a/b/code", "/sign-in/\0",
                 "/account/helpers/\0", "/account/helpers/a\r\nb", "/sign-in/é"):  # fmt: skip
        for method in ("GET", "HEAD", "POST"):
            assert call(site, "/", method, PATH_INFO=path, QUERY_STRING=query)[0] == 404, path
    status, headers = call(site, "/", "POST", PATH_INFO="/account")
    assert (status, headers["Allow"]) == (405, "GET")


def test_head_of_what_has_an_effect_is_refused(site: Site) -> None:
    """RFC 9110 9.2.1: a code issued to a HEAD is lost; one that is parked would be taken."""
    site.sign_in()
    query = "&".join(f"{name}={value}" for name, value in site.asked("library").items())
    for path in ("/authorize", "/end-session", "/sign-in/r"):
        assert call(site, path, "HEAD", QUERY_STRING=query)[0] == 405
    assert not site.rows(AuthorizationCodeRecord)
    assert site.browser.head("/", base_url=ISSUER).status_code == 200
    assert site.browser.options("/account", base_url=ISSUER).status_code == 200


def test_bodies_that_do_not_come_leave_threads_for_everybody_else(site: Site) -> None:
    """A sender who never finishes holds a thread: so not every thread may wait for one."""
    started, go_on = threading.Semaphore(0), threading.Event()

    class Slow(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            started.release()
            go_on.wait(20)
            return b"a=b"

    def send() -> int:
        body = {"wsgi.input": Slow(), "CONTENT_LENGTH": "3",
                "CONTENT_TYPE": "application/x-www-form-urlencoded"}  # fmt: skip
        return call(site, "/token", "POST", **body)[0]

    most = site.house.settings.threads - 2
    with ThreadPoolExecutor(most) as pool:
        waiting = [pool.submit(send) for _ in range(most)]
        for _ in range(most):
            assert started.acquire(timeout=20)
        busy = site.browser.post("/token", data={"a": "b"}, base_url=ISSUER)
        page = site.browser.post("/sign-in/r/password", data={"a": "b"}, base_url=ISSUER)
        assert (busy.status_code, page.status_code) == (503, 503)
        assert busy.headers["Retry-After"] == page.headers["Retry-After"] == "1"
        assert site.browser.get("/jwks", base_url=ISSUER).status_code == 200
        assert site.browser.get("/", base_url=ISSUER).status_code == 200
        go_on.set()
        assert [one.result() for one in waiting] == [400] * most
    assert site.browser.post("/token", data={"a": "b"}, base_url=ISSUER).status_code == 400
