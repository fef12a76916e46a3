"""Passkeys of accounts: a challenge for one browser, spent once; keys added and proved.

Whoever has a key needs no password, so passkeys are not held up by wrong passwords: the only
limit is the address's, and it is wide (`security.md` section 1.11).
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    BindParameter,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from webauthn.helpers import bytes_to_base64url

from idp.accounts.records import AccountRecord
from idp.authentication import sessions, webauthn
from idp.authentication.ending import end_other_sessions
from idp.authentication.held import PASSKEY, SECURITY_KEY
from idp.authentication.records import PasskeyChallengeRecord, PasskeyRecord
from idp.authentication.rules import begins_two_checks
from idp.authentication.sessions import SessionFacts
from idp.authentication.telling import tell
from idp.authentication.tries import Refusal, refused, wide_address_limit
from idp.authentication.webauthn import CounterWentBack, NewCredential, RelyingParty, Unverified
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.notices.actions import Notice
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle import actions as throttle

# Long enough to read the page it waits on; once somebody presses the button it is much shorter.
CHALLENGE_LASTS = timedelta(minutes=15)
Purpose = Literal["register", "sign-in"]
# Checked in place of a key that is not there, so that the answer takes as long. The point is
# the generator of P-256 (SEC 2, section 2.4.2): its private half is 1, and nothing is bought by it.
_NOBODYS_KEY = bytes_to_base64url(
    bytes.fromhex(
        "a5010203262001215820"
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "225820"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyProved:
    """A key that was used: whose it is, as which method it counts, and its row's reference."""

    account_ref: str
    method: str
    passkey_ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A key that was added, as which method it counts, and the session's new secret."""

    method: str
    secret: str


_COUNTED: BindParameter[int] = bindparam("counted", type_=BigInteger())
_BEGIN = insert(PasskeyChallengeRecord)
_SPEND = (
    update(PasskeyChallengeRecord)
    .where(
        PasskeyChallengeRecord.challenge_digest == bindparam("challenge"),
        PasskeyChallengeRecord.purpose == bindparam("of_purpose"),
        PasskeyChallengeRecord.browser_digest == bindparam("browser"),
        PasskeyChallengeRecord.used_at.is_(None),
        PasskeyChallengeRecord.expires_at > db_now(),
    )
    .values(used_at=db_now())
    .returning(PasskeyChallengeRecord.account_ref)
)
_FIND = (
    select(
        PasskeyRecord.ref,
        PasskeyRecord.account_ref,
        PasskeyRecord.user_handle,
        PasskeyRecord.public_key,
        PasskeyRecord.sign_count,
        PasskeyRecord.device_bound,
    )
    .join(AccountRecord, AccountRecord.ref == PasskeyRecord.account_ref)
    .where(
        PasskeyRecord.credential_id == bindparam("credential"), AccountRecord.disabled_at.is_(None)
    )
)
# Of two uses at once that both showed the same counter one is a copy's: one statement decides.
_COUNT = (
    update(PasskeyRecord)
    .where(
        PasskeyRecord.ref == bindparam("passkey"),
        or_(
            PasskeyRecord.sign_count < _COUNTED,
            and_(PasskeyRecord.sign_count == 0, _COUNTED == 0),
        ),
        select(AccountRecord.ref)
        .where(AccountRecord.ref == PasskeyRecord.account_ref, AccountRecord.disabled_at.is_(None))
        .exists(),
    )
    .values(sign_count=_COUNTED, backed_up=bindparam("copied"), last_used_at=db_now())
)
_OF_ACCOUNT = (
    select(PasskeyRecord.credential_id)
    .where(PasskeyRecord.account_ref == bindparam("of_account"))
    .order_by(PasskeyRecord.ref)
)
_DROP = delete(PasskeyRecord).where(PasskeyRecord.ref == bindparam("passkey"))


def _add(insert: Any) -> Any:
    columns = {
        name: bindparam(name, type_=PasskeyRecord.__table__.c[name].type)
        for name in (
            "ref", "account_ref", "credential_id", "user_handle", "public_key", "sign_count",
            "device_bound", "backed_up", "aaguid", "transports", "name",
        )
    }  # fmt: skip
    return (
        insert(PasskeyRecord)
        .values(created_at=db_now(), **columns)
        .on_conflict_do_nothing(index_elements=["credential_id"])
        .returning(PasskeyRecord.ref)
    )


_ADD = upsert(_add)


def reserve_passkey(database: Database, keyring: Keyring, address: str) -> Refusal | None:
    """Count a passkey's try against its address alone, before `prove_passkey` looks at it."""
    wait = throttle.reserve(database, keyring, [wide_address_limit("passkey", address)])
    return None if wait is None else refused(wait)


def begin(
    tx: Transaction, *, purpose: Purpose, browser_secret: str, account_ref: str | None = None
) -> str:
    """Make a challenge that this browser may answer once within a quarter of an hour.

    With an account only its own keys may answer; registering needs one. Base64url, 256 bits.
    """
    challenge = random_token()
    values = {
        "challenge_digest": digest(challenge),
        "purpose": purpose,
        "browser_digest": digest(browser_secret),
        "account_ref": account_ref,
        "expires_at": tx.now() + CHALLENGE_LASTS,
        "used_at": None,
    }
    tx.write(_BEGIN, values)
    return challenge


def creation_options(
    tx: Transaction,
    keyring: Keyring,
    party: RelyingParty,
    *,
    session: SessionFacts,
    browser_secret: str,
) -> dict[str, Any]:
    """Begin to add a key to the session's account; answer the JSON for the browser."""
    held = tx.execute(_OF_ACCOUNT, {"of_account": session.account_ref}).scalars().all()
    challenge = begin(
        tx, purpose="register", browser_secret=browser_secret, account_ref=session.account_ref
    )
    names = [part for part in (session.given_name, session.family_name) if part]
    return webauthn.creation_options(
        party,
        user_handle=_user_handle(keyring, session.account_ref),
        user_name=session.sign_in_name,
        display_name=" ".join(names) or session.sign_in_name,
        challenge=challenge,
        exclude=held,
    )


def add_passkey(
    tx: Transaction,
    keyring: Keyring,
    party: RelyingParty,
    *,
    session: SessionFacts,
    browser_secret: str,
    response_json: str,
    name: str = "",
) -> Added | None:
    """Add the key that was just made to the session's account, and count it as proved there.

    None, with the challenge spent and nothing else done: the answer is not to be believed, its
    challenge is not this browser's, the key is somebody's already, or the session ended.
    `name` is what the owner may know it by: the browser it was made in. A notice is sent.
    """
    made = _made(tx, party, session.account_ref, response_json, browser_secret)
    if made is None:
        return None
    ref, method = random_ref(), _method(made.device_bound)
    values = {
        "ref": ref,
        "account_ref": session.account_ref,
        "credential_id": made.credential_id,
        "user_handle": _user_handle(keyring, session.account_ref),
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "device_bound": made.device_bound,
        "backed_up": made.backed_up,
        "aaguid": made.aaguid,
        "transports": list(made.transports),
        "name": name,
    }
    if tx.execute(_ADD.on(tx), values).first() is None:
        return None
    secret = sessions.add_proof(tx, session, method, tx.now())
    if secret is None:
        tx.execute(_DROP, {"passkey": ref})
        return None
    if begins_two_checks(session.held):
        end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
    detail = {"method": method, "passkey": ref}
    record(tx, Entry(kind="method-added", person=session.account_ref, detail=detail))
    tell(tx, keyring, session.account_ref, Notice.METHOD_ADDED, method=method)
    return Added(method=method, secret=secret)


def prove_passkey(
    tx: Transaction, party: RelyingParty, *, response_json: str, browser_secret: str
) -> PasskeyProved | None:
    """Spend a challenge and believe the key that answered it, in the transaction of what it buys.

    None for every refusal, after the same work: an unknown key, one of a disabled account, a
    wrong signature, another browser's challenge, a counter that went back. `reserve_passkey` must
    have let the try in. What was refused is in the journal, of whom where that is known.
    """
    try:
        claimed = webauthn.read_response(response_json)
    except Unverified:
        return None
    spent = _spend(tx, "sign-in", claimed.challenge, browser_secret)
    if spent is None:
        return None
    row = tx.execute(_FIND, {"credential": claimed.credential_id}).first()
    try:
        used = webauthn.verify_request(
            party,
            response_json,
            challenge=claimed.challenge,
            public_key=row.public_key if row else _NOBODYS_KEY,
            sign_count=row.sign_count if row else 0,
            device_bound=bool(row and row.device_bound),
        )
    except CounterWentBack:
        _record_refused(tx, row, "counter-went-back")
        return None
    except Unverified:
        _record_refused(tx, row, "unverified")
        return None
    if row is None or not _is_the_one_meant(row, claimed.user_handle, spent.account_ref):
        _record_refused(tx, row, "unverified")
        return None
    counted = {"passkey": row.ref, "counted": used.sign_count, "copied": used.backed_up}
    if tx.execute(_COUNT, counted).rowcount != 1:
        _record_refused(tx, row, "counter-went-back")
        return None
    return PasskeyProved(
        account_ref=row.account_ref, method=_method(row.device_bound), passkey_ref=row.ref
    )


def _made(
    tx: Transaction, party: RelyingParty, account_ref: str, response_json: str, secret: str
) -> NewCredential | None:
    try:
        challenge = webauthn.read_response(response_json).challenge
        spent = _spend(tx, "register", challenge, secret)
        if spent is None or spent.account_ref != account_ref:
            return None
        return webauthn.verify_creation(party, response_json, challenge=challenge)
    except Unverified:
        return None


def _spend(tx: Transaction, purpose: Purpose, challenge: str, browser_secret: str) -> Any:
    values = {
        "challenge": digest(challenge),
        "of_purpose": purpose,
        "browser": digest(browser_secret),
    }
    return tx.execute(_SPEND, values).first()


def _is_the_one_meant(row: Any, user_handle: str | None, account_ref: str | None) -> bool:
    """Say whether the key may answer: the handle it carries is its owner's, and the challenge
    was for anybody or for that account. Where nobody was named before, the handle must be there
    (Web Authentication section 7.2, step 6)."""
    if account_ref is not None and account_ref != row.account_ref:
        return False
    if user_handle is None:
        return account_ref is not None
    return hmac.compare_digest(user_handle.encode(), str(row.user_handle).encode())


def _record_refused(tx: Transaction, row: Any, why: str) -> None:
    detail = {"method": _method(row.device_bound) if row else PASSKEY, "why": why}
    if row:
        detail["passkey"] = row.ref
    record(tx, Entry(kind="proof-refused", person=row.account_ref if row else None, detail=detail))


def _method(device_bound: bool) -> str:
    return SECURITY_KEY if device_bound else PASSKEY


def _user_handle(keyring: Keyring, account_ref: str) -> str:
    """Name an account to its keys: nothing that anybody could read or join up.

    Made from the reference rather than drawn, so that an offer which comes to nothing leaves
    no row; what a key was told is kept with it from then on.
    """
    name = f"user-handle:{account_ref}".encode()
    return bytes_to_base64url(hmac.new(keyring.secret("code"), name, sha256).digest())


__all__ = [
    "Added",
    "PasskeyProved",
    "add_passkey",
    "begin",
    "creation_options",
    "prove_passkey",
    "reserve_passkey",
]
