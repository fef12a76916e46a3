"""The questionnaire where there is script: nothing typed is sent, and the browser is asked."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit

import pytest
from playwright.sync_api import Request, Route

from idp.demo.assessing_stories import ANSWERS, PERMITS
from tests.journeys.conftest import PHONE, OpenWindow, Window

SECRET = "Zanzibar lemons"
ABOUT = f"{PERMITS} near {SECRET}"
SIGNED = {
    "Name of the service": f"{SECRET} permits", "Which body runs it?": "Example Town Council",
    "What people do, in two or three words": "Buy a permit",
    "Name of the one who owns the risk": "Pat Lewis", "Their job": "Head of parking",
    "Day they signed": "22 11 2026",
}  # fmt: skip


class Line:
    """Everything that a window asks of anybody."""

    def __init__(self, window: Window) -> None:
        self.asked: list[Request] = []
        window.page.context.on("request", lambda request: self.asked.append(request))

    def told(self) -> list[str]:
        """Each request that could carry an answer: all but a plain GET of a known address."""
        return [f"{one.method} {one.url}" for one in self.asked if not plain(one)]


def plain(request: Request) -> bool:
    """A GET of the page, its paper or a file of ours, with nothing behind but a file's hash."""
    parts = urlsplit(request.url)
    known = re.fullmatch(r"/questionnaire(/paper/en\.json)?|/static/[\w.-]+", parts.path)
    ours = re.fullmatch(r"|v=[0-9a-f]{16}", parts.query)
    return bool(request.method == "GET" and request.post_data is None and known and ours)


def begin(window: Window) -> None:
    """Answer the first page; the next is there when its heading has the focus."""
    window.page.get_by_label("1. What do people do at your service?").fill(ABOUT)
    window.page.get_by_label("Anybody", exact=True).check()
    window.page.keyboard.press("Tab")
    window.press("Go on")
    window.page.get_by_role("heading", name="What could go wrong?").wait_for()


def answer(window: Window, **answers: str) -> None:
    for name, value in {**ANSWERS, **answers}.items():
        window.page.locator(f'[data-form="questions"] [name="{name}"][value="{value}"]').check()


def focused(window: Window) -> str:
    return str(window.page.evaluate("document.activeElement.innerText"))


@pytest.mark.parametrize("width", [1000, PHONE])
def test_nothing_typed_leaves_the_page_until_the_file_is_saved(
    window: OpenWindow, width: int, tmp_path: Path
) -> None:
    one = window(width)
    line = Line(one)
    one.go("/questionnaire").look()
    assert "Nothing that you type is sent to us" in one.text()
    assert "what you typed is sent to us" not in one.text()
    begin(one)
    one.look()
    assert focused(one) == "What could go wrong?"
    assert "Parking permits (Example City Council, parking)" in one.text()
    answer(one, **{"wrong_person-privacy": "2", "wrong_person-legal": "2"})
    one.press("Show the level")
    one.look()
    assert focused(one) == one.heading() == "Your service is in tier 2"
    assert one.page.title() == "Your service is in tier 2 - Gatehouse"
    text = one.text()
    assert "The level is P2.C2" in text
    assert "Identity P2: the worst harm if we let in the wrong person is privacy 2" in text
    row = one.page.get_by_role("row", name="They are seen with a document before it takes effect")
    assert "P1.C2" in row.inner_text()
    drawn = one.page.get_by_role("img", name="What one change would do to the level")
    assert drawn.is_visible()
    one.press("Save the file")  # without a signature
    one.look()
    assert one.page.title().startswith("Error: ")
    assert focused(one).startswith("There is a problem")
    for label, words in SIGNED.items():
        one.page.get_by_label(label).fill(words)
    with one.page.expect_download() as coming:
        one.press("Save the file")
    coming.value.save_as(tmp_path / "services.toml")
    one.look()
    assert "The file is saved on your device" in one.page.get_by_role("status").last.inner_text()
    assert coming.value.suggested_filename == "services.toml"
    (service,) = tomllib.loads((tmp_path / "services.toml").read_text("utf-8"))["service"]
    assert service["about"] == ABOUT
    assert service["action"][0]["wrong_person"]["legal"] == 2
    assert line.told() == []
    sent = "\n".join(unquote_plus(f"{r.url} {r.headers}") for r in line.asked)
    assert SECRET.split()[0] not in sent
    assert "legal" not in sent
    assert one.scene.settings.issuer in line.asked[0].url  # it did look


def test_the_browser_itself_refuses_to_send_what_was_typed(window: OpenWindow) -> None:
    one = window()
    one.page = one.page.context.new_page()  # its console may complain: we try what is forbidden
    one.go("/questionnaire")
    line = Line(one)
    begin(one)
    tried = one.page.evaluate("""async () => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/questionnaire/questions";
      document.body.append(form);
      form.submit();
      navigator.sendBeacon("/questionnaire/result", "typed");
      try { await fetch("/questionnaire/paper/en.json?said=typed"); } catch { return "refused"; }
      return "sent";
    }""")
    assert tried == "refused"
    assert one.heading() != ""
    assert line.told() == []
    assert urlsplit(one.page.url).path == "/questionnaire"


def test_errors_are_told_at_their_questions_and_going_back_keeps_the_answers(
    window: OpenWindow,
) -> None:
    one = window()
    line = Line(one)
    one.go("/questionnaire").press("Go on")
    one.page.get_by_role("alert").get_by_text("Question 1: Fill this in").wait_for()
    one.look()
    one.page.get_by_role("link", name="Question 1: Fill this in").click()
    assert one.page.evaluate("document.activeElement.id") == "about"
    begin(one)
    assert one.page.title() == "What could go wrong? - Gatehouse"
    one.press("Start with no answers").press("Show the level")
    assert one.page.locator(".govuk-error-summary li").count() == 10
    one.look()
    answer(one, threat="high", shut_out="3")
    one.page.get_by_text("Something else keeps the harm down").click()
    one.page.locator("summary", has_text="They get a message and can undo it").click()
    one.page.get_by_label("How do you know that it works?").locator("visible=true").fill("A trial")
    one.page.get_by_label("When will you look at it again?").locator("visible=true").fill("soon")
    one.press("Show the level")
    said = one.page.locator(".govuk-error-summary li").all_inner_texts()
    assert said == [
        "Say how else people get in: without a way in, this does serious harm",
        "They get a message and can undo it: There is no such day. Write it like 30 6 2027",
    ]
    one.page.get_by_role("link", name="There is no such day").click()
    assert one.page.evaluate("document.activeElement.id") == "review-notice"
    one.page.keyboard.press("Control+A")
    one.page.keyboard.type("30 6 2099")
    one.page.get_by_label("how else can they get it done?").fill("By telephone")
    one.page.keyboard.press("Enter")
    one.page.get_by_role("heading", name="Your service is in tier").wait_for()
    assert 'The mitigation "notice" counts as nothing: it has no owner.' in one.text()
    assert "open: By telephone." in one.text()
    one.press("Change my answers")
    assert one.page.locator("#review-notice").input_value() == "30 6 2099"
    assert one.page.locator('[name="threat"][value="high"]').is_checked()
    one.page.go_back()
    one.page.get_by_role("heading", name="Your service is in tier").wait_for()
    one.follow("Start again")
    assert one.page.locator("#about").input_value() == ""
    assert line.told() == []


def test_where_the_paper_does_not_come_nothing_is_sent_unless_told_and_pressed_again(
    window: OpenWindow,
) -> None:
    one = window()
    line = Line(one)

    def fail(route: Route) -> None:
        route.abort()

    one.page.route("**/paper/en.json", fail)
    one.go("/questionnaire")
    one.page.get_by_label("1. What do people do at your service?").fill(ABOUT)
    one.page.get_by_label("Anybody", exact=True).check()
    one.press("Go on")
    one.page.get_by_text("Press the button once more to send what you typed to us").wait_for()
    assert line.told() == []
    one.look()
    one.press("Go on")
    one.page.wait_for_url("**/questionnaire/questions")
    assert one.heading() == "What could go wrong?"
    assert "what you typed is sent to us" in one.text()


@pytest.mark.parametrize("answers", [
    {"wrong_person-privacy": "2", "wrong_person-legal": "2"},
    {"wrong_person-safety": "4", "shut_out": "4", "threat": "high"},
])  # fmt: skip
def test_with_and_without_script_the_pages_say_the_same(
    window: OpenWindow, answers: dict[str, str]
) -> None:
    """Word for word, but for what becomes of the answers; the picture's description too."""
    ways = {True: "Your answers stay in this page. Nothing that you type is sent to us.",
            False: "When you press this, what you typed is sent to us. We work it out, send it back"
                   " to you and forget it. We keep nothing."}  # fmt: skip
    read: dict[bool, list[list[str]]] = {}
    for script, sent in ways.items():
        one = window(script=script).go("/questionnaire")
        one.page.get_by_label("1. What do people do at your service?").fill(PERMITS)
        one.page.get_by_label("Anybody", exact=True).check()
        one.press("Go on")
        one.page.get_by_role("heading", name="What could go wrong?").wait_for()
        pages = [one.page.title(), one.text()]
        for name, value in {**ANSWERS, **answers}.items():
            one.page.locator(f'[name="{name}"][value="{value}"]').check()
        one.page.get_by_label("how else can they get it done?").fill("By telephone")
        one.page.locator("summary", has_text="Something else keeps the harm down").click()
        for kind, words in (("own_card", "with their own card"), ("masked", "only a part")):
            one.page.locator("summary", has_text=words).click()
            one.page.locator(f"#evidence-{kind}").fill("A trial")
            one.page.locator(f"#owner-{kind}").fill("A team")
            one.page.locator(f"#review-{kind}").fill("30 6 2099")
        one.press("Show the level")
        one.page.get_by_role("heading", name="Your service is in tier").wait_for()
        pages += [one.page.title(), one.text(), *one.page.locator("svg desc").all_text_contents()]
        one.press("Save the file")
        one.page.get_by_text("There is a problem").wait_for()
        pages += [one.page.title(), one.text()]
        assert any(sent in page for page in pages)
        read[script] = [lines(page.replace(sent, "")) for page in pages]
    assert read[True] == read[False]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_without_script_each_button_says_that_the_answers_are_sent(window: OpenWindow) -> None:
    one = window(script=False)
    one.go("/questionnaire")
    assert "what you typed is sent to us" in one.text()
    assert "Nothing that you type is sent" not in one.text()
    one.page.get_by_label("1. What do people do at your service?").fill(ABOUT)
    one.page.get_by_label("Anybody", exact=True).check()
    one.press("Go on")
    assert "what you typed is sent to us" in one.text()
    one.page.get_by_label("If that does serious harm").fill("By telephone")
    one.press("Show the level")
    assert one.heading().startswith("Your service is in tier")
    assert "what you typed is sent to us" in one.text()
