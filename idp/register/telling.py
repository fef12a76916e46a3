"""Tell who has an account that a file changed how the register reaches them.

Whoever gets a department to change somebody's contact is after what is sent there. So the contact
of before hears of it, and the account's own address; the new one does not, for it may be theirs.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from idp.accounts.records import AccountRecord
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.notices.rules import masked_email, masked_phone
from idp.register import contacts
from idp.storage import Transaction

Moved = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]

_MASKS = {"email": masked_email, "phone": masked_phone}
_ACCOUNTS = select(AccountRecord.person_ref, AccountRecord.sign_in_name, AccountRecord.email).where(
    AccountRecord.person_ref.in_(bindparam("people", expanding=True)),
    AccountRecord.disabled_at.is_(None),
)


def tell_moved(tx: Transaction, keyring: Keyring, moved: Moved) -> None:
    """Send a notice for each person of `moved` who has an account; one statement finds them.

    `moved` holds the contacts before and now by person, as the table keeps them. A notice names a
    contact of before, masked; one that was added is named where there was none.
    """
    asked = [ref for ref, (before, now) in moved.items() if contacts.differing(before, now)]
    for account in tx.execute(_ACCOUNTS, {"people": asked}) if asked else ():
        before, now = moved[account.person_ref]
        told = {"account": account.sign_in_name, "contact": _shown(before, now)}
        for to in _whom(tx, before, account.email):
            send(tx, keyring, to, Notice.CONTACT_CHANGED, told)


def _shown(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    kinds = contacts.differing(before, now)
    return ", ".join(_MASKS[kind](before.get(kind) or now[kind]) for kind in kinds)


def _whom(tx: Transaction, before: Mapping[str, Any], own: str) -> list[Contact]:
    """The account's own address, and all whom the register warned until now."""
    known = contacts.to_warn(before, tx.now())
    emails = sorted({own, *(one.email for one in known if one.email)})
    phones = sorted({one.phone for one in known if one.phone})
    return [Contact("email", one) for one in emails] + [Contact("text", one) for one in phones]
