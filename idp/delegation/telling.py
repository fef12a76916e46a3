"""Tell the two parties of a permission what happened to it, each where they want to be told."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import bindparam, delete, select

from idp.accounts.actions import account_of_person
from idp.delegation.lifecycle import HELD, State
from idp.delegation.records import MandateRecord, SafeContactRecord
from idp.keyring.ring import Keyring
from idp.notices import letters
from idp.notices.actions import Contact, Notice, send
from idp.outbox.actions import NOW
from idp.register.actions import contacts_of, contacts_shown
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert

QUIET_FOR = timedelta(hours=24)
HELPERS, HELPING = "/account/helpers", "/account/helping"

_SAFE = select(SafeContactRecord.channel, SafeContactRecord.address_sealed).where(
    SafeContactRecord.person == bindparam("party")
)
_SET = upsert(
    lambda insert: (
        insert(SafeContactRecord)
        .values(person=bindparam("party"), channel=bindparam("channel"),
                address_sealed=bindparam("sealed"), since=db_now())
        .on_conflict_do_update(
            index_elements=["person"],
            set_={"channel": bindparam("channel"), "address_sealed": bindparam("sealed"),
                  "since": db_now()},
        )
        .returning(SafeContactRecord.person)
    )
)  # fmt: skip
_HOLDERS = (
    select(MandateRecord.delegate)
    .where(
        MandateRecord.principal == bindparam("party"),
        MandateRecord.delegate_kind == "person",
        MandateRecord.state.in_([*HELD, State.ENDED]),  # who could act reads it, too
    )
    .distinct()
)
_UNSET = delete(SafeContactRecord).where(SafeContactRecord.person == bindparam("party"))


def safe_contact(tx: Transaction, keyring: Keyring, person: str) -> tuple[str, str | None] | None:
    """Answer the channel and address that somebody chose for notices about helpers, if they did.

    The channel is email, text, letter or none.
    """
    row = tx.execute(_SAFE, {"party": person}).first()
    if row is None:
        return None
    if row.address_sealed is None:
        return row.channel, None
    return row.channel, keyring.sealer.open(
        row.address_sealed, purpose=safe_contact_purpose(person)
    )


def set_safe_contact(
    tx: Transaction, keyring: Keyring, person: str, channel: str | None, address: str | None
) -> None:
    """Keep where somebody wants to be told about helpers; None: where they are told anyway.

    Nobody is told of the change: the usual contact may be in the hands of whoever it is about.
    The address was checked for its shape by the caller.
    """
    if channel is None:
        tx.execute(_UNSET, {"party": person})
        return
    sealed = keyring.sealer.seal(address, purpose=safe_contact_purpose(person)) if address else None
    tx.execute(_SET.on(tx), {"party": person, "channel": channel, "sealed": sealed})


def contacts_for(
    tx: Transaction, keyring: Keyring, person: str, helpers: Collection[str] = ()
) -> list[Contact]:
    """Where notices about helpers go: the safe contact, else the account's e-mail, else what the
    register holds, but for what is one of the `helpers`' too, or of anybody who may act for them,
    or could. Empty for letters and for those who want nothing sent."""
    safe = safe_contact(tx, keyring, person)
    if safe is not None:
        channel, address = safe
        if address is None:
            return []
        return [Contact("text" if channel == "text" else "email", address)]
    holders = tx.execute(_HOLDERS, {"party": person}).scalars()
    theirs = addresses_of(tx, {*helpers, *holders})
    return [one for one in _usual(tx, person) if one.address.casefold() not in theirs][:1]


def _usual(tx: Transaction, person: str) -> list[Contact]:
    """Where somebody is told who chose nothing, the best way first."""
    held = account_of_person(tx, person)
    if held is not None:
        return [Contact("email", held.email)]
    known = contacts_of(tx, person)
    found = [Contact("email", known.email)] if known.email else []
    return [*found, Contact("text", known.phone)] if known.phone else found


def addresses_of(tx: Transaction, people: Collection[str]) -> frozenset[str]:
    """All addresses and numbers that are known of people who help, in small letters: what goes
    there does not reach a principal, and what is read out there was not read out by them."""
    found: set[str] = set()
    for person in people:
        account, known = account_of_person(tx, person), contacts_shown(tx, person)
        found |= {one for one in (known.email, known.phone) if one}
        found |= {account.email, account.sign_in_name} if account else set()
    return frozenset(one.casefold() for one in found)


def tell_principal(
    tx: Transaction,
    keyring: Keyring,
    person: str | None,
    notice: Notice,
    helpers: Collection[str] = (),
    **values: str,
) -> None:
    """Tell a principal, where they want to be told about helpers, and never through `helpers`, or
    whoever else may act for them: by letter where they chose that, or every other way is theirs."""
    if person is None:
        return
    told, ways = {"link": HELPERS, **values}, contacts_for(tx, keyring, person, helpers)
    for contact in ways:
        send(tx, keyring, contact, notice, told)
    safe = safe_contact(tx, keyring, person)
    if not ways and (safe[0] == "letter" if safe else _usual(tx, person)):
        letters.write(tx, keyring, person, notice, told)


def tell_delegate(
    tx: Transaction,
    keyring: Keyring,
    person: str | None,
    notice: Notice,
    *,
    after: timedelta = NOW,
    values: Mapping[str, str] | None = None,
) -> None:
    """Tell a helper who is a person, at their account's own address."""
    held = account_of_person(tx, person) if person else None
    if held is not None:
        told = {"link": HELPING, **(values or {})}
        send(tx, keyring, Contact("email", held.email), notice, told, after=after)


def safe_contact_purpose(person: str) -> str:
    """Bind a safe contact to the person whose it is."""
    return f"safe-contact {person}"
