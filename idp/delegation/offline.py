"""Tell a principal who may not be online what was done about who may act for them, and never
through the helper.

A safe contact that they chose is the only way; "none" means a receipt that is printed there and
then. Else it is a letter to the address of the register, and a message to their account's address,
or to the register's contacts where there is no account: but for what is the helper's own too.
Source: `delegation.md`, "Added after review".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from idp.accounts.actions import account_of_person
from idp.delegation.telling import addresses_of, safe_contact
from idp.keyring.ring import Keyring
from idp.notices import letters
from idp.notices.actions import Contact, Notice, send
from idp.register.actions import contacts_shown
from idp.register.rules import Contacts
from idp.storage import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeContact:
    """What a principal chose: email, text, letter or none, and where for the first two."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Ways:
    """How a principal is told: by letter or not, and at these contacts."""

    letter: bool
    contacts: tuple[Contact, ...] = ()


def ways_to_tell(
    safe: SafeContact | None, account: str | None, known: Contacts, helpers: Collection[str]
) -> Ways:
    """Choose how to tell somebody. `helpers` are all addresses and numbers of who helps; pure."""
    if safe is not None:
        if safe.channel in {"email", "text"}:
            return Ways(False, (Contact("email" if safe.channel == "email" else "text",
                                        safe.address),))  # fmt: skip
        return Ways(safe.channel == "letter")
    emails = [account] if account else [known.email] if known.email else []
    found = [Contact("email", one) for one in emails]
    if not account and known.phone:
        found.append(Contact("text", known.phone))
    theirs = {one.casefold() for one in helpers}
    return Ways(True, tuple(one for one in found if one.address.casefold() not in theirs))


def tell_principal(
    tx: Transaction,
    keyring: Keyring,
    *,
    principal: str,
    principal_kind: str,
    helpers: Collection[str],
    notice: Notice,
    values: Mapping[str, str],
) -> Ways:
    """Tell a principal; answers how. `helpers` are the persons who act: told apart from them."""
    if principal_kind != "person":
        letters.write(tx, keyring, principal, notice, values)
        return Ways(True)
    account = account_of_person(tx, principal)
    ways = ways_to_tell(
        _safe(tx, keyring, principal),
        account.email if account else None,
        contacts_shown(tx, principal),
        addresses_of(tx, helpers),
    )
    if ways.letter:
        letters.write(tx, keyring, principal, notice, values)
    for contact in ways.contacts:
        send(tx, keyring, contact, notice, values)
    return ways


def is_offline(tx: Transaction, keyring: Keyring, principal: str) -> bool:
    """Say whether a link is of no use to a person: they have no account and no safe contact that
    takes messages, or chose letters."""
    safe = safe_contact(tx, keyring, principal)
    if safe is not None:
        return safe[0] == "letter"
    return account_of_person(tx, principal) is None


def _safe(tx: Transaction, keyring: Keyring, person: str) -> SafeContact | None:
    kept = safe_contact(tx, keyring, person)
    return None if kept is None else SafeContact(channel=kept[0], address=kept[1] or "")
