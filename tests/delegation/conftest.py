"""A house with people, services and an organisation in it, on each engine."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from werkzeug.test import TestResponse

from idp.callers import registration
from idp.notices.actions import MESSAGES, unseal
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.actions import deliver
from idp.outbox.records import OutboxRecord
from idp.storage import Transaction
from idp.work import handlers
from tests.build import (
    BOTH,
    ISSUER,
    Site,
    pg_world,
    service,
    site,
    sqlite_world,
    world,
    world_url,
)

__all__ = ["pg_world", "site", "sqlite_world", "world", "world_url"]

TAX: dict[str, Any] = {"power": ["tax/view", "tax/file"], "term": "31"}
TWO: dict[str, Any] = {"power": ["tax/file", "vehicles/renew"], "term": "31"}


class Town:
    """The site, with what these tests do to it: people in browsers of their own, a firm, mail."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def as_(self, name: str) -> None:
        """Sit down at another browser as somebody who is signed in."""
        self.site.browser = self.site.new_browser()
        self.site.sign_in(name, BOTH)

    def person(self, name: str) -> str:
        """A person's reference."""
        return str(self.site.account(name)["person_ref"])

    def send(self, page: TestResponse, **data: Any) -> TestResponse:
        """Fill in the first form of a page, with fields that may be there more than once."""
        found = re.search(r'<form method="post" action="([^"]*)"', page.text)
        assert found, page.text
        return self.post(found[1], page, **data)

    def post(self, path: str, page: TestResponse, **data: Any) -> TestResponse:
        """Send a form to an address of ours, with the token of a page that was shown."""
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        fields: dict[str, Any] = dict(hidden)
        answer = self.site.browser.post(path, data=fields | data, base_url=ISSUER)
        while answer.status_code in {302, 303} and answer.location.startswith("/"):
            answer = self.site.browser.get(answer.location, base_url=ISSUER)
        return answer

    def open_ones(self, page: TestResponse, answer: str = "yes") -> dict[str, str]:
        """The same answer to each service of a page."""
        return dict.fromkeys(re.findall(r'name="(answer-[^"]+)"', page.text), answer)

    def mail(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """What waits to be sent: the address, the notice and its values."""
        found = []
        for row in sorted(self.site.rows(OutboxRecord, done_at=None), key=lambda row: row["id"]):
            if row["kind"] in MESSAGES.values():
                one = unseal(self.site.house.keyring, row["payload"])
                found.append((one.contact.address, str(one.notice), one.values))
        return found

    def link(self) -> str:
        """The link that was sent last."""
        return [values["link"] for _to, _notice, values in self.mail()
                if values.get("link", "").startswith("/invitation/")][-1]  # fmt: skip

    def work(self) -> None:
        """Do what the worker does after commits, but send nothing."""
        todo = {kind: act for kind, act in handlers(self.site.house).items()
                if kind not in MESSAGES.values()}  # fmt: skip
        while deliver(self.site.database, todo):
            pass

    def firm(self, member: str = "tom", roles: tuple[str, ...] = ("admin", "worker")) -> str:
        """Make a verified firm with one member; answer its reference."""
        account = self.site.account(member)["ref"]

        def work(tx: Transaction) -> str:
            now = tx.now()
            tx.execute(insert(OrganisationRecord).values(
                ref="firm-1", name="Harbour Accounts", kind="firm", assurance=2,
                access="everyone", shows_names=True, entered_by="tests", created_at=now,
                verified_by="tests", verified_at=now, version=1,
            ))  # fmt: skip
            tx.execute(insert(MemberRecord).values(
                ref="member-1", organisation_ref="firm-1", account_ref=account, name="Tom Barker",
                roles=list(roles), added_by="tests", joined_at=now,
            ))  # fmt: skip
            return "firm-1"

        return self.site.database.transaction(work)

    def second_service(self) -> None:
        """Register Vehicles, another service of powers.toml where somebody may act."""
        plain = service("vehicles", "client_secret_basic", delegation_aware=True)
        asked = registration.read(dict(plain.data), "tests")
        done = self.site.database.transaction(
            lambda tx: registration.register(tx, asked, by="tests")
        )
        assert not isinstance(done, str), done

    def offered(self, giver: str = "margaret", helper: str = "sian", **more: Any) -> str:
        """Let somebody offer a permission by its pages; answer the link that was sent."""
        self.as_(giver)
        person = self.site.world.people[helper]
        page = self.site.get("/account/helpers/new")
        data = {"given_name": person.given, "family_name": person.family,
                "email": f"{helper}@mail.test", **TAX} | more  # fmt: skip
        words = self.send(page, **data)
        assert words.status_code == 200, words.text
        done = self.send(words)
        assert "You asked" in done.text, done.text
        return self.link()

    def answered(self, link: str, who: str, answer: str = "yes") -> TestResponse:
        """Let somebody answer what a link leads to."""
        self.as_(who)
        page = self.site.get(f"{link}/answer")
        return self.send(page, **self.open_ones(page, answer))

    def later(self, **by: float) -> None:
        """Move the clock on."""
        self.site.database.move_clock(timedelta(**by))


@pytest.fixture
def town(site: Site) -> Town:
    """People, a firm and their mail."""
    return Town(site)
