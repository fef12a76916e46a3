"""Somebody who walks through the pages of enrolment, with their mail at hand."""

import re
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.enrolment import recovering
from idp.enrolment.records import EnrolmentRecord, ResetRecord
from idp.notices.actions import Sealed, unseal
from idp.outbox.records import OutboxRecord
from tests.build import ISSUER, Site
from tests.rig.counting import Cost

PASSWORD = "violet kettle harbour 19"
ANOTHER = "copper meadow ladder 77"


def mail(site: Site, address: str | None = None) -> list[Sealed]:
    """Open the mails that wait in the outbox, oldest first; of one address, if it is named."""
    rows = sorted(site.rows(OutboxRecord, kind="notice-email"), key=lambda row: int(row["id"]))
    opened = [unseal(site.house.keyring, row["payload"]) for row in rows if row["payload"]]
    return [one for one in opened if address in {None, one.contact.address}]


def heading(page: TestResponse) -> str:
    """Read a page's main heading."""
    found = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", page.text, re.S)
    assert found, page.text
    return found[1]


def error(page: TestResponse) -> str:
    """Read what a page says is wrong, or nothing."""
    found = re.search(r'govuk-error-summary__list">\s*<li>\s*<a[^>]*>(.*?)</a>', page.text, re.S)
    return found[1].strip() if found else ""


@dataclass
class Visitor:
    """One browser, and the page it is on."""

    site: Site
    address: str = "rhian@example.test"
    browser: FlaskClient = field(init=False)
    page: TestResponse = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.site.new_browser()

    def go(self, path: str) -> "Visitor":
        """Open an address of ours, and follow redirects as long as they stay here."""
        self.page = self.site.get(path, browser=self.browser)
        return self

    def send(self, **fields: str) -> "Visitor":
        """Send the first form of the page."""
        self.page = self.posted(**fields)
        while self.page.status_code == 303 and self.page.location.startswith("/"):
            self.page = self.browser.get(self.page.location, base_url=ISSUER)
        return self

    def posted(self, **fields: str) -> TestResponse:
        """The same, without following where it leads and without going there."""
        action, token = self.form()
        return self.browser.post(action, data={"csrf_token": token, **fields}, base_url=ISSUER)

    def form(self) -> tuple[str, str]:
        """The address of the page's form, and its token."""
        form = re.search(r'method="post" action="([^"]*)"', self.page.text)
        token = re.search(r'name="csrf_token" value="([^"]*)"', self.page.text)
        assert form, self.page.text
        return form[1].replace("&amp;", "&"), token[1] if token else ""

    @property
    def path(self) -> str:
        """Where it is."""
        return self.page.request.path

    def asked_for_code(self, journey: str = "") -> "Visitor":
        """Begin, and give the address."""
        self.go(f"/enrol?journey={journey}" if journey else "/enrol").send()
        return self.send(email=self.address)

    def code(self) -> str:
        """The code of the newest mail at the address."""
        return [one.values["code"] for one in mail(self.site, self.address)
                if "code" in one.values][-1]  # fmt: skip

    def confirmed(self, journey: str = "") -> "Visitor":
        """Begin, give the address and the code."""
        self.asked_for_code(journey)
        return self.send(code=self.code())

    def enrolled(self, journey: str = "") -> "Visitor":
        """Walk up to an account with a password."""
        return self.confirmed(journey).send(password=PASSWORD)

    def reset(self, name: str) -> "Visitor":
        """Begin a reset, and let the worker do its part."""
        self.go("/recover").send(name=name)
        work(self.site)
        return self

    def row(self) -> Any:
        """This visitor's enrolment as it stands in the database."""
        (ref,) = re.findall(r"/enrol/([\w-]{22})/", self.path)
        (row,) = self.site.rows(EnrolmentRecord, ref=ref)
        return row

    def reset_row(self) -> Any:
        """This visitor's reset as it stands in the database."""
        (ref,) = re.findall(r"/recover/([\w-]{22})/", self.path)
        (row,) = self.site.rows(ResetRecord, ref=ref)
        return row


def work(site: Site) -> None:
    """Do what the worker does for resets that were asked for."""
    for row in site.rows(OutboxRecord, kind=recovering.ASKED):
        recovering.send_reset_code(site.database, site.house.keyring, row["payload"])


def shapes(cost: Cost) -> list[str]:
    """What statements were asked, without the values in them."""
    return [re.sub(r"'[^']*'|x'[^']*'|\b\d+\b|NULL", "?", text) for text in cost.statements]


def wrong(code: str) -> str:
    """Another code than this one."""
    return "000000" if code != "000000" else "111111"
