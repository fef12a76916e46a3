"""Every page, shown with plain and with hostile facts."""

import re

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from idp.pages.frame import TEMPLATES
from tests.pages.samples import CASES, HOSTILE, texts

PARTS = {"base.html", "parts.html", "delegation/parts.html", "demo/steps.html", "demo/joining.html",
         "demo/others.html",
         "assurance/in_page.html", "assurance/parts.html", "enrolment/parts.html",
         "figures/parts.html", "organisations/parts.html",
         "officers/parts.html", "officers/policy_form.html", "officers/policy_parts.html",
         "proofing/parts.html", "signin/passkey_button.html"}  # fmt: skip
FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.S)
ENDED_REF = "M-8"  # an ended permission has no button that would name it on its own page


def shown(client: FlaskClient, case: str, way: str = "page") -> str:
    answer = client.get(f"/{way}/{case}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_every_template_has_a_sample() -> None:
    files = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    assert files - PARTS == {template for template, _context in CASES.values()}


def test_every_link_of_an_error_leads_to_what_can_have_the_focus(client: FlaskClient) -> None:
    """Whoever has a keyboard alone is put where the mistake is, and not left at the top."""
    led = 0
    for case in CASES:
        page = shown(client, case)
        summary = re.search(r"govuk-error-summary.*?</ul>", page, re.DOTALL)
        for name in re.findall(r'href="#([^"]+)"', summary[0] if summary else ""):
            there = re.search(rf'<(\w+)[^>]*\bid="{re.escape(name)}"[^>]*>', page)
            assert there, (case, name)
            field = there[1] in {"input", "select", "textarea", "button", "a"}
            assert field or "tabindex" in there[0], (case, there[0])
            led += 1
    assert led > 50, led


@pytest.mark.parametrize("case", CASES)
def test_a_page_shows_every_fact_it_was_given(client: FlaskClient, case: str) -> None:
    page = shown(client, case)
    for text in texts(CASES[case][1]):
        if (case, text) == ("mandate-ended", ENDED_REF):
            continue
        assert str(escape(text.replace("M-7/ü?", "M-7/%C3%BC%3F"))) in page, text


@pytest.mark.parametrize("case", CASES)
def test_a_name_is_never_taken_for_markup(client: FlaskClient, case: str) -> None:
    page = shown(client, case, "hostile")
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert "<img" not in page
    if any(True for _text in texts(CASES[case][1])):
        assert "alert(1)" in page, "the attack never reached the page: it proves nothing"


@pytest.mark.parametrize("case", CASES)
def test_a_page_says_its_language_and_its_heading_in_its_title(
    client: FlaskClient, case: str
) -> None:
    page = shown(client, case)
    assert '<html lang="en"' in page
    title = re.search(r"<title>\s*(.*?) - Gatehouse</title>", page, re.S)
    heading = re.findall(r"<h1[^>]*>\s*(.*?)\s*</h1>", page, re.S)
    assert title is not None
    assert [title[1].removeprefix("Error: ")] == heading
    wrong = any(CASES[case][1].get(name) for name in ("error", "errors", "purpose_error"))
    assert title[1].startswith("Error: ") == wrong


@pytest.mark.parametrize("case", CASES)
def test_every_form_posts_and_carries_the_form_token_unless_it_leaves_the_house_or_only_looks(
    client: FlaskClient, case: str
) -> None:
    for form in FORM.findall(shown(client, case)):
        start = form[: form.index(">")]
        token = '<input type="hidden" name="csrf_token" value="form-token">'
        assert "novalidate" in start
        if 'role="search"' in start:
            assert 'method="get"' in start
            assert token not in form, "it would stand in an address"
            continue
        assert 'method="post"' in start
        assert (token in form) == (case != "form-post")


def test_password_managers_and_telephones_know_the_fields(client: FlaskClient) -> None:
    password = shown(client, "password-wrong")
    assert re.search(r'<input[^>]*name="email"[^>]*autocomplete="username webauthn"', password)
    assert re.search(r'<input[^>]*name="password"[^>]*autocomplete="current-password"', password)
    assert 'href="#email"' in password
    assert 'value="sian@example.test"' in password
    code = re.search(r'<input[^>]*name="code"[^>]*>', shown(client, "code"))
    assert code is not None
    assert 'autocomplete="one-time-code"' in code[0]
    assert 'inputmode="numeric"' in code[0]


def test_only_a_permission_that_holds_can_be_ended(client: FlaskClient) -> None:
    helpers = shown(client, "helpers")
    assert "Sian Hughes can act for you: Tax." in helpers
    assert "Tom Barker could act for you: Library, Tax." in helpers
    assert re.findall(r'action="(/account/helpers/[^"]*)"', helpers) == [
        "/account/helpers/M-7/%C3%BC%3F/end"
    ]
    assert "End now" in shown(client, "mandate")
    assert "End now" not in shown(client, "mandate-ended")


def test_one_chooses_oneself_or_somebody_who_gave_permission(client: FlaskClient) -> None:
    values = re.findall(r'<input[^>]*name="who"[^>]*value="([^"]*)"', shown(client, "who"))
    assert values == ["self", "P-1", "P-2"]
    nobody = shown(client, "who-nobody")
    assert "Nobody has given you permission to act for them at Tax yet." in nobody
    assert re.findall(r'<button[^>]*value="([^"]*)"[^>]*name="who"', nobody) == ["self", "back"]


def test_the_five_minutes_name_the_people_and_services_of_this_sandbox(client: FlaskClient) -> None:
    page = shown(client, "start")
    library = '<a class="govuk-link" href="http://library.localhost:8001" '
    assert page.count(library) == 5  # once in the list, four times in the steps
    assert "Sign in as Sian Hughes with her email address" in page
    assert "“Sian Hughes can act for you: Tax.”" in page
    assert "“Sian Hughes, on behalf of Margaret Hughes”" in page
    assert "Works for 17 more seconds." in page
    assert "Works for 1 more second." in page
    assert re.findall(r'<ol[^>]*start="(\d+)"', page) == [
        "1", "4", "8", "12", "18", "20", "23", "26", "28"
    ]  # fmt: skip
