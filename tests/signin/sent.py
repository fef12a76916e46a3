"""Somebody who signs in by codes that are sent: their mail and their phone at hand."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from idp.authentication import phones, sent_codes, sessions
from idp.authentication.phones import Offered
from idp.authentication.records import EmailCodeRecord, PhoneRecord, SignInCodeRecord
from idp.notices.actions import Sealed, unseal
from idp.outbox.records import OutboxRecord
from idp.storage import Transaction
from tests.build import Site

NUMBER = "+447700900123"
THREE_DAYS = timedelta(hours=72)


def choose_email(site: Site, name: str = "nobody") -> None:
    """Let somebody sign in by codes to their address, as the page does."""
    _in_a_session(
        site, name, lambda tx, session: phones.choose_email(tx, site.house.keyring, session)
    )


def give_phone(site: Site, name: str = "sian", *, number: str = NUMBER, old: bool = True) -> None:
    """Give somebody a number for text codes, through the code that confirms it."""
    keyring = site.house.keyring

    def offer(tx: Transaction, session: Any) -> None:
        phones.offer(tx, keyring, session, number)

    def confirm(tx: Transaction, session: Any) -> None:
        waits = phones.offered(tx, keyring, session)
        assert isinstance(waits, Offered)
        added = phones.confirm(tx, keyring, session, waits, texts(site)[-1].values["code"])
        assert isinstance(added, str), added

    _in_a_session(site, name, offer, confirm)
    if old:
        account = site.account(name)["ref"]
        (row,) = site.rows(PhoneRecord, account_ref=account)
        site.change(PhoneRecord, {"added_at": row["added_at"] - THREE_DAYS}, account_ref=account)


def deliver(site: Site) -> None:
    """Do what the worker does with the e-mail codes that were asked for."""
    for row in sorted(site.rows(OutboxRecord, kind=sent_codes.ASKED), key=lambda row: row["id"]):
        sent_codes.send_email_code(site.database, site.house.keyring, row["payload"])


def mails(site: Site) -> list[Sealed]:
    """Open the mails that hold a code to sign in, oldest first."""
    return [one for one in _sealed(site, "notice-email") if "code" in one.values]


def texts(site: Site) -> list[Sealed]:
    """Open the text messages that wait in the outbox, oldest first."""
    return _sealed(site, "notice-text")


def codes(site: Site, **where: Any) -> list[Mapping[str, Any]]:
    """The codes there are, oldest first."""
    return sorted(site.rows(SignInCodeRecord, **where), key=lambda row: row["created_at"])


def forget(site: Site, table: type[EmailCodeRecord] | type[PhoneRecord], name: str) -> None:
    """Take a way away behind the house's back."""
    account = site.account(name)["ref"]
    site.database.transaction(
        lambda tx: tx.execute(delete(table).where(table.account_ref == account))
    )


def _sealed(site: Site, kind: str) -> list[Sealed]:
    rows = sorted(site.rows(OutboxRecord, kind=kind), key=lambda row: int(row["id"]))
    return [unseal(site.house.keyring, row["payload"]) for row in rows if row["payload"]]


def _in_a_session(site: Site, name: str, *works: Any) -> None:
    account = site.account(name)["ref"]

    def start(tx: Transaction) -> str:
        now = tx.now()
        return sessions.start(tx, account, {"password": int(now.timestamp() * 1000)}, now)[1]

    secret = site.database.transaction(start)
    for work in works:

        def act(tx: Transaction, work: Any = work) -> None:
            session = sessions.find(tx, secret)
            assert session is not None
            work(tx, session)

        site.database.transaction(act)
