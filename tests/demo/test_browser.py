"""The scriptless browser does what a real one does, so that what it proves is worth something."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response, redirect, request
from werkzeug import Response as BaseResponse

from idp.demo.browser import Browser, BrowserError, NotOnPageError
from tests.demo.serving import served

FORM = """<!doctype html><title>Your &amp; details</title><h1>What is
  your name?</h1><style>p { color: red }</style><p>Please <b>tell</b> us.</p>
<form method="post" action="/said"><input type="hidden" name="csrf" value="x1">
<input name="email"><textarea name="note">
a line</textarea>
<input type="radio" name="who" value="me" checked><input type="radio" name="who" value="mother">
<input type="checkbox" name="services" value="tax">
<input type="checkbox" name="services" value="lib">
<input type="checkbox" name="agree"><input name="gone" value="1" disabled>
<select name="term"><option value="1">One day<option>Seven days</select>
<button name="action" value="go">Continue</button>
<button name="action" value="stop" formaction="/stopped">Stop</button></form>
<form action="/find?old=1"><input name="q" value="a b"><button>Search</button></form>
<a href="next?x=1">Go <span>on</span></a>
<table><tr><th>sub<td>abc</tr><tr><th>name</th><td>Sian</td></tr></table>"""


def make_site() -> Flask:
    site = Flask("site", static_folder=None)
    site.add_url_rule("/form", "form", lambda: FORM)
    site.add_url_rule("/deep/form", "deep", lambda: FORM)
    site.add_url_rule("/loop", "loop", lambda: redirect("/loop"))

    @site.route("/said", methods=["GET", "POST"], endpoint="said")
    @site.route("/stopped", methods=["GET", "POST"], endpoint="stopped")
    @site.route("/find", methods=["GET", "POST"], endpoint="find")
    def said(**_: str) -> dict[str, object]:
        return {
            "path": request.path,
            "method": request.method,
            "args": request.args.to_dict(flat=False),
            "form": request.form.to_dict(flat=False),
            "cookies": dict(request.cookies),
            "headers": dict(request.headers),
        }

    @site.route("/go/<int:status>", methods=["GET", "POST"])
    def go(status: int) -> BaseResponse:
        return redirect("/said", code=status)

    @site.route("/cookies")
    def cookies() -> Response:
        answer = Response("set")
        for header in request.args.getlist("set"):
            answer.headers.add("Set-Cookie", header)
        return answer

    return site


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(make_site()) as number:
        yield number


def set_cookies(browser: Browser, port: int, *headers: str, host: str = "localhost") -> None:
    query = "&".join("set=" + header.replace(";", "%3B").replace(" ", "%20") for header in headers)
    browser.open(f"http://{host}:{port}/cookies?{query}")


def sent(browser: Browser, port: int, path: str = "/said", host: str = "localhost") -> object:
    return browser.open(f"http://{host}:{port}{path}").json()["cookies"]


def test_a_page_shows_its_title_heading_words_links_and_rows(port: int) -> None:
    page = Browser().open(f"http://library.localhost:{port}/deep/form")
    assert (page.title, page.heading, page.status) == ("Your & details", "What is your name?", 200)
    assert "Please tell us." in page.text
    assert "color" not in page.text
    assert page.rows == [["sub", "abc"], ["name", "Sian"]]
    assert [(link.text, link.url) for link in page.links] == [
        ("Go on", f"http://library.localhost:{port}/deep/next?x=1")
    ]


def test_an_untouched_form_sends_what_a_browser_sends(port: int) -> None:
    page = Browser().open(f"http://localhost:{port}/form")
    told = page.form(with_field="email").submit().json()
    assert told["form"] == {
        "csrf": ["x1"],
        "email": [""],
        "note": ["a line"],
        "who": ["me"],
        "term": ["1"],
        "action": ["go"],
    }
    assert told["headers"]["Origin"] == f"http://localhost:{port}"
    assert told["headers"]["Sec-Fetch-Site"] == "same-origin"


def test_a_filled_form_sends_the_choices_and_the_pressed_button(port: int) -> None:
    form = Browser().open(f"http://localhost:{port}/form").form(with_field="email")
    form.fill(email="a@b", who="mother", services=["tax", "lib"], agree=True, term="Seven days")
    told = form.submit("Stop").json()
    assert told["path"] == "/stopped"
    assert told["form"] == {
        "csrf": ["x1"],
        "email": ["a@b"],
        "note": ["a line"],
        "who": ["mother"],
        "services": ["tax", "lib"],
        "agree": ["on"],
        "term": ["Seven days"],
        "action": ["stop"],
    }


def test_a_get_form_replaces_the_query_and_click_presses_buttons_too(port: int) -> None:
    told = Browser().open(f"http://localhost:{port}/form").click("Search").json()
    assert (told["method"], told["args"]) == ("GET", {"q": ["a b"]})


def test_what_is_not_on_the_page_is_an_error_that_says_what_is(port: int) -> None:
    page = Browser().open(f"http://localhost:{port}/form")
    form = page.form(with_field="email")
    for attempt, has in (
        (lambda: page.click("Sign in"), "Go on"),
        (lambda: page.form(with_field="password"), "email"),
        (lambda: form.fill(password="x"), "email"),
        (lambda: form.fill(who="father"), "mother"),
        (lambda: form.submit("Delete"), "Continue"),
    ):
        with pytest.raises(NotOnPageError, match=has):
            attempt()


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_a_redirect_keeps_or_drops_the_post_as_its_status_says(
    port: int, status: int, method: str
) -> None:
    browser, start = Browser(), f"http://localhost:{port}"
    page = browser.post(f"{start}/go/{status}", [("a", "1")])
    assert page.json()["method"] == method
    assert page.json()["form"] == ({"a": ["1"]} if method == "POST" else {})
    assert page.history == [
        ("POST", f"{start}/go/{status}", status),
        (method, f"{start}/said", 200),
    ]
    assert browser.history == page.history


def test_endless_redirects_no_answer_and_other_schemes_are_clear_errors(port: int) -> None:
    with pytest.raises(BrowserError, match="20 redirects"):
        Browser().open(f"http://localhost:{port}/loop")
    with pytest.raises(BrowserError, match="no answer"):
        Browser().open("http://tax.localhost:1/")
    with pytest.raises(BrowserError, match="only http"):
        Browser().open("file:///etc/passwd")


def test_cookies_are_kept_by_host_and_not_by_port(port: int) -> None:
    browser = Browser()
    set_cookies(browser, port, "a=1")
    with served(make_site()) as other:
        assert sent(browser, other) == {"a": "1"}
        assert sent(browser, other, host="library.localhost") == {}


def test_path_max_age_and_expires_are_honoured(port: int) -> None:
    browser = Browser()
    set_cookies(browser, port, "a=1; Path=/deep", "b=2; Path=/sai", "c=3", "d=4; Max-Age=60")
    assert sent(browser, port) == {"c": "3", "d": "4"}
    set_cookies(browser, port, "c=; Max-Age=0", "d=; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert sent(browser, port) == {}
    assert browser.cookie("a") == "1"


def test_cookies_that_a_browser_refuses_are_refused(port: int) -> None:
    browser = Browser()
    set_cookies(
        browser, port, "a=1; Secure", "b=1; Domain=example.org", "__Host-c=1", "__Host-d=1; Secure"
    )
    assert sent(browser, port) == {"a": "1"}
    set_cookies(browser, port, "a=1; Secure", "e=1", host="127.0.0.1")
    assert sent(browser, port, host="127.0.0.1") == {"e": "1"}


def test_a_browser_that_refuses_cookies_sends_none(port: int) -> None:
    browser = Browser(cookies=False)
    set_cookies(browser, port, "a=1")
    assert sent(browser, port) == {}


def test_same_site_cookies_stay_home_when_another_site_posts(port: int) -> None:
    browser = Browser()
    set_cookies(browser, port, "l=1; SameSite=Lax", "s=1; SameSite=Strict", "n=1")
    came_from, target = f"http://library.localhost:{port}/", f"http://localhost:{port}/said"
    told = browser.post(target, [], came_from=came_from).json()
    assert told["cookies"] == {"n": "1"}
    assert told["headers"]["Origin"] == f"http://library.localhost:{port}"
    assert told["headers"]["Sec-Fetch-Site"] == "cross-site"
    assert sent(browser, port) == {"l": "1", "s": "1", "n": "1"}
