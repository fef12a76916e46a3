"""Headers, static files, languages and error pages of an application with the page frame."""

import json
import logging
import re
from datetime import UTC, date, datetime

import pytest
from flask import Flask, Response, abort, g, redirect, render_template
from flask.testing import FlaskClient
from werkzeug.exceptions import MethodNotAllowed, NotFound, TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from idp.journal.actions import SPOKEN
from idp.pages import language
from idp.pages.assets import STATIC, content_hash
from idp.pages.errors import error_page, new_reference
from idp.pages.frame import install_pages
from idp.pages.headers import ALWAYS, PAGE
from tests.pages.conftest import page_app

POLICY = "Content-Security-Policy"
PAGE_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def nonces(page: str) -> set[str]:
    return set(re.findall(r'nonce="([^"]+)"', page))


def test_a_page_carries_a_strict_policy_with_its_own_nonce(client: FlaskClient) -> None:
    first, second = client.get("/page/password"), client.get("/page/password")
    (nonce,) = nonces(first.text)
    assert first.headers[POLICY] == PAGE_POLICY.format(nonce=nonce)
    assert "unsafe" not in first.headers[POLICY]
    assert nonces(second.text) != {nonce}
    assert len(re.findall(r"<script\b", first.text)) == len(
        re.findall(r"<script[^>]*nonce", first.text)
    )


def test_a_page_carries_every_other_header(client: FlaskClient) -> None:
    headers = client.get("/page/password").headers
    for name, value in (ALWAYS | PAGE).items():
        assert headers[name] == value
    assert "Strict-Transport-Security" not in headers


def test_strict_transport_only_where_the_house_is_served_over_tls() -> None:
    headers = page_app(HSTS=True).test_client().get("/page/password").headers
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


def test_form_action_only_when_a_view_asks_for_it() -> None:
    app = page_app()

    @app.get("/careful")
    def careful() -> str:
        g.csp_form_action = "'self'"
        return render_template("account/signed_out.html")

    client = app.test_client()
    assert client.get("/careful").headers[POLICY].endswith("; form-action 'self'")
    assert "form-action" not in client.get("/page/form-post").headers[POLICY]


def test_an_answer_to_a_machine_keeps_its_own_caching_and_gets_no_page_headers() -> None:
    app = page_app()

    @app.get("/jwks")
    def keys() -> Response:
        answer = Response('{"keys": []}', mimetype="application/json")
        answer.cache_control.max_age = 300
        return answer

    headers = app.test_client().get("/jwks").headers
    assert headers["Cache-Control"] == "max-age=300"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert POLICY not in headers


def test_a_static_file_is_kept_for_ever_under_its_own_hash_only(client: FlaskClient) -> None:
    kept = client.get(f"/static/gatehouse.css?v={content_hash('gatehouse.css')}")
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for address in ("/static/gatehouse.css", "/static/gatehouse.css?v=0"):
        asked = client.get(address)
        assert asked.headers["Cache-Control"] == "no-cache"
        again = client.get(address, headers={"If-None-Match": asked.headers["ETag"]})
        assert again.status_code == 304


def test_every_static_file_a_page_names_is_there_under_its_hash(client: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/page/start").text)
    assert len(named) == 4
    for address in named:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/static/../frame.py").status_code == 404
    assert client.get("/static/none.css").status_code == 404


def test_the_vendored_files_are_those_of_the_record_with_nothing_of_gov_uk() -> None:
    record = json.loads((STATIC / "govuk-frontend.json").read_text("utf-8"))
    for name, digests in record["files"].items():
        assert digests["sha256"].startswith(content_hash(name)), name
        text = (STATIC / name).read_text("utf-8")
        assert not re.search(r"GDS Transport|crest|crown|/assets/|@font-face", text, re.I)
    notice = (STATIC / "govuk-frontend.NOTICE.txt").read_text("utf-8")
    assert "Crown Copyright (Government Digital Service)" in notice
    assert record["version"] in notice


def test_our_script_imports_the_vendored_one_under_its_hash() -> None:
    script = (STATIC / "gatehouse.js").read_text("utf-8")
    assert f'"./govuk-frontend.min.js?v={content_hash("govuk-frontend.min.js")}"' in script


def test_no_page_looks_like_gov_uk(client: FlaskClient) -> None:
    page = client.get("/page/start").text
    assert not re.search(r"gov\.uk|crown|crest|logotype|open government", page, re.I)


def test_the_sandbox_says_so_and_a_real_house_does_not(client: FlaskClient) -> None:
    assert "The people here are made up" in client.get("/page/password").text
    real = page_app().test_client().get("/page/password").text
    assert "The people here are made up" not in real


def test_a_form_is_empty_of_tokens_until_the_app_makes_them() -> None:
    bare = Flask("idp", static_folder=None)
    install_pages(bare)
    with bare.test_request_context():
        page = bare.jinja_env.from_string("{{ csrf_input() }}")
        assert page.render() == '<input type="hidden" name="csrf_token" value="">'
        bare.jinja_env.globals["csrf_token"] = lambda: '"><b>'
        assert page.render() == (
            '<input type="hidden" name="csrf_token" value="&#34;&gt;&lt;b&gt;">'
        )


@pytest.fixture
def two_languages(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The pages as they will be with Welsh; the texts themselves are still English."""
    monkeypatch.setitem(language.LANGUAGES, "cy", "Cymraeg")
    return page_app().test_client()


def page_language(client: FlaskClient, address: str) -> str:
    found = re.search(r'<html lang="([^"]*)"', client.get(address).text)
    assert found is not None
    return found[1]


def test_one_language_needs_no_switch(client: FlaskClient) -> None:
    assert "?lng=" not in client.get("/page/password").text


def test_a_language_chosen_by_the_switch_is_kept(two_languages: FlaskClient) -> None:
    page = two_languages.get("/page/password").text
    assert '<a class="govuk-link" href="?lng=cy" hreflang="cy" lang="cy">Cymraeg</a>' in page
    assert page_language(two_languages, "/page/password?lng=cy") == "cy"
    assert page_language(two_languages, "/page/code") == "cy"
    assert page_language(two_languages, "/page/code?lng=en") == "en"
    assert page_language(two_languages, "/page/code") == "en"


@pytest.mark.parametrize("asked", ["fr", "../../etc", "", "cy%0d%0aSet-Cookie:x=1"])
def test_an_unknown_language_changes_nothing(two_languages: FlaskClient, asked: str) -> None:
    answer = two_languages.get(f"/page/password?lng={asked}")
    assert '<html lang="en"' in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_service_s_wish_counts_until_the_person_chooses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(language.LANGUAGES, "cy", "Cymraeg")
    app = page_app()
    app.before_request(lambda: setattr(g, "ui_locales", ["fr-CA", "cy-GB", "en"]))
    client = app.test_client()
    assert page_language(client, "/page/password") == "cy"
    assert page_language(client, "/page/password?lng=en") == "en"


def test_a_date_is_said_as_people_in_this_country_say_it(app: Flask) -> None:
    with app.test_request_context():
        assert language.plain_date(date(2026, 4, 6)) == "6 April 2026"
        # British Summer Time: an hour before midnight UTC is the next day here.
        late = datetime(2026, 4, 5, 23, 30, tzinfo=UTC)
        assert language.plain_date(late) == "6 April 2026"
        assert language.plain_time(late) == "6 April 2026, 00:30"


STATUSES = [400, 403, 404, 405, 413, 418, 429, 500, 503]


@pytest.fixture
def failing() -> FlaskClient:
    """An application whose views fail in every way."""
    app = page_app()
    limited = TooManyRequests(retry_after=60)

    @app.get("/status/<int:status>")
    def status(status: int) -> str:
        if status == 429:
            raise limited
        if status == 405:
            raise MethodNotAllowed(["POST"])
        abort(status)

    @app.get("/fault")
    def fault() -> str:
        raise ValueError("secret detail")

    @app.get("/own")
    def own() -> str:
        raise NotFound(response=AnyResponse("own answer", 404))

    @app.get("/given")
    def given() -> str:
        abort(AnyResponse("given answer", 409))

    @app.get("/folder/")
    def folder() -> AnyResponse:
        return redirect("/own")

    return app.test_client()


@pytest.mark.parametrize("status", STATUSES)
def test_every_refusal_is_a_page_with_advice_and_a_reference(
    failing: FlaskClient, status: int
) -> None:
    answer = failing.get(f"/status/{status}")
    assert answer.status_code == status
    assert re.search(r'<h1 class="govuk-heading-l">[A-Z]', answer.text)
    assert re.search(r"Reference: <strong[^>]*>[0-9A-Z]{4}-[0-9A-Z]{4}<", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert POLICY in answer.headers
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_each_status_has_words_of_its_own(failing: FlaskClient) -> None:
    titles = [failing.get(f"/status/{status}").text.split("<title>")[1].split("</title>")[0]
              for status in STATUSES]  # fmt: skip
    assert len(set(titles)) == len(STATUSES) - 1  # 418 speaks as 400 does


def test_a_refusal_keeps_the_headers_that_say_what_to_do(failing: FlaskClient) -> None:
    assert failing.get("/status/429").headers["Retry-After"] == "60"
    assert failing.get("/status/405").headers["Allow"] == "POST"


def test_an_answer_a_view_made_itself_and_a_redirect_stay_as_they_are(
    failing: FlaskClient,
) -> None:
    assert failing.get("/own").text == "own answer"
    assert failing.get("/given").text == "given answer"
    assert failing.get("/folder").status_code == 308


def test_a_fault_shows_a_reference_and_logs_the_rest_under_it(
    failing: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="idp.pages.errors"):
        answer = failing.get("/fault?code=secret-code")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    reference = re.search(r"<strong[^>]*>([0-9A-Z-]{9})<", answer.text)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "ValueError: secret detail" in caplog.text
    assert "secret-code" not in caplog.text


def test_a_reference_can_be_read_out_and_comes_once() -> None:
    made = {new_reference() for _time in range(1000)}
    assert len(made) == 1000
    assert set("".join(made)) <= set(SPOKEN + "-")


def test_the_error_page_shows_what_it_is_given(app: Flask) -> None:
    with app.test_request_context():
        answer = error_page(409, "<b>", "Do this.", "")
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "&lt;b&gt;" in page
    assert "Do this." in page
    assert "Reference" not in page
