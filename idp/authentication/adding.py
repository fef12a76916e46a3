"""Set a method up in a session: an app for codes, printed codes, a password. Passkeys: `passkeys`.

What was just set up counts as proved in the session, which gets a new secret with it. So every
verb first makes sure of the session and only then writes: None means that the session ended
or changed meanwhile, and that nothing was done.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp

from idp.authentication import actions, methods, recovery_codes, sessions
from idp.authentication.actions import HashedPassword, PasswordProved
from idp.authentication.ending import end_other_sessions
from idp.authentication.held import ONE_TIME_CODE, PASSWORD, RECOVERY_CODE
from idp.authentication.rules import begins_two_checks
from idp.authentication.sessions import SessionFacts
from idp.authentication.telling import tell
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable
from idp.notices.actions import Notice
from idp.storage import Transaction

OFFER_LASTS = timedelta(minutes=45)
ISSUER = "Gatehouse"  # what the app shows beside the code


class NotAdded(StrEnum):
    """Why an app was not set up; the value names a message."""

    WRONG_CODE = "wrong-code"
    TOO_LATE = "offer-too-old"


@dataclass(frozen=True, slots=True)
class Offer:
    """A seed that an app may take in. `sealed` brings it back with the form that confirms it."""

    seed: str = field(repr=False)
    sealed: str = field(repr=False)

    def address(self, sign_in_name: str) -> str:
        """Write the `otpauth:` address that an app on this device opens, or a camera reads."""
        return pyotp.TOTP(self.seed).provisioning_uri(name=sign_in_name, issuer_name=ISSUER)


def offer_app(keyring: Keyring, session: SessionFacts, now: datetime) -> Offer:
    """Make a seed for an app of the session's account; nothing is kept until a code confirms it.

    The seed goes into the page sealed, not into a row: whoever sees the page sees it in clear
    anyway, an offer that comes to nothing leaves nothing to clear away, and nobody but this session
    can bring one back, for three quarters of an hour. It cannot be swapped for a seed that somebody
    else knows, which a plain hidden field could.
    """
    seed = actions.new_seed()
    until = int((now + OFFER_LASTS).timestamp())
    sealed = keyring.sealer.seal(f"{until} {seed}", purpose=_offer_purpose(session))
    return Offer(seed, sealed)


def read_offer(keyring: Keyring, session: SessionFacts, sealed: str) -> Offer | None:
    """Read an offer that came back; None where it is too old, another session's or made up."""
    try:
        until, _, seed = keyring.sealer.open(sealed, purpose=_offer_purpose(session)).partition(" ")
        late = int(until) <= session.now.timestamp()
    except (Unreadable, ValueError):
        return None
    return None if late else Offer(seed, sealed)


def add_app(
    tx: Transaction, keyring: Keyring, *, session: SessionFacts, offer: Offer, code: str
) -> str | NotAdded | None:
    """Take an app in whose code was typed; answer the session's new secret. A notice is sent.

    It replaces the app there was, whose codes are void at once. Other sessions end then, and
    where it is the account's first second check.
    """
    now = tx.now()
    step = actions.step_of_code(offer.seed, code, now=now)
    if step is None:
        return NotAdded.WRONG_CODE
    secret = sessions.add_proof(tx, session, ONE_TIME_CODE, now)
    if secret is None:
        return None
    actions.enrol_totp(tx, keyring, session.account_ref, offer.seed, last_step=step)
    if ONE_TIME_CODE in session.held or begins_two_checks(session.held):
        end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
    _note_added(tx, keyring, session, ONE_TIME_CODE)
    return secret


@dataclass(frozen=True, slots=True)
class Printed:
    """New recovery codes, to be shown this once, and the session's new secret."""

    codes: list[str] = field(repr=False)
    secret: str = field(repr=False)


def print_codes(tx: Transaction, keyring: Keyring, session: SessionFacts) -> Printed | None:
    """Give the session's account ten new recovery codes; the old are void. A notice is sent."""
    secret = sessions.add_proof(tx, session, RECOVERY_CODE, tx.now())
    if secret is None:
        return None
    codes = recovery_codes.make_codes(tx, keyring, session.account_ref)
    if begins_two_checks(session.held):
        end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
    _note_added(tx, keyring, session, RECOVERY_CODE)
    return Printed(codes, secret)


def change_password(
    tx: Transaction,
    keyring: Keyring,
    session: SessionFacts,
    password: HashedPassword,
    current: PasswordProved | None,
) -> str | None:
    """Give the session's account a new password, or its first; answer the session's new secret.

    `current` is the one there is, typed again: None only where there is none (ASVS 5.0, 6.2.3:
    whoever finds a browser open, or took a cookie, changes nothing by it). The account's other
    sessions end: one of them may be why it is changed. A notice is sent.
    """
    if not _is_still(tx, keyring, session, current):
        return None
    secret = sessions.add_proof(tx, session, PASSWORD, tx.now())
    if secret is None:
        return None
    actions.set_password(tx, keyring, session.account_ref, password)
    if current is None:
        _note_added(tx, keyring, session, PASSWORD)
        return secret
    end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
    record(tx, Entry(kind="password-changed", person=session.account_ref))
    tell(tx, keyring, session.account_ref, Notice.PASSWORD_CHANGED)
    return secret


def _is_still(
    tx: Transaction, keyring: Keyring, session: SessionFacts, current: PasswordProved | None
) -> bool:
    """Say whether the one that was typed is still this account's; None: whether it has none."""
    if current is None:
        return PASSWORD not in methods.held_methods(tx, session.account_ref)
    mine = current.account_ref == session.account_ref
    return mine and actions.accept_password(tx, keyring, current)


def _note_added(tx: Transaction, keyring: Keyring, session: SessionFacts, method: str) -> None:
    detail = {"method": method}
    record(tx, Entry(kind="method-added", person=session.account_ref, detail=detail))
    tell(tx, keyring, session.account_ref, Notice.METHOD_ADDED, method=method)


def _offer_purpose(session: SessionFacts) -> str:
    return f"app-offer:{session.account_ref}:{session.ref}"
