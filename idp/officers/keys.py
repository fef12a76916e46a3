"""Security keys of officers: registered at a one-time address, held out to sign in.

A challenge is ours, kept with the browser and the purpose it was made for, and spent by one
UPDATE whatever then comes of it. Only keys that cannot be copied, used with a PIN or a finger.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from idp.authentication import webauthn
from idp.authentication.webauthn import CounterWentBack, NewCredential, RelyingParty, Unverified
from idp.journal.actions import Entry, record
from idp.keyring.sealing import digest, random_token
from idp.officers import sessions
from idp.officers.records import (
    OfficerChallengeRecord,
    OfficerInvitationRecord,
    OfficerKeyRecord,
    OfficerRecord,
)
from idp.officers.rules import (
    CHALLENGE_LASTS,
    MOST_KEYS,
    Officer,
    Verdict,
    judge_removal,
    read_name,
)
from idp.storage import Transaction, db_now

SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key as its officer sees it."""

    credential_id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A key was believed and a session begun; `secret` is for the cookie."""

    officer_ref: str
    secret: str


_CHALLENGE = insert(OfficerChallengeRecord)
_SPEND_CHALLENGE = (
    update(OfficerChallengeRecord)
    .where(
        OfficerChallengeRecord.challenge_digest == bindparam("digest"),
        OfficerChallengeRecord.browser_digest == bindparam("browser"),
        OfficerChallengeRecord.bound_to == bindparam("purpose"),
        OfficerChallengeRecord.used_at.is_(None),
        OfficerChallengeRecord.expires_at > db_now(),
    )
    .values(used_at=db_now())
)
_OPEN_INVITATION = and_(
    OfficerInvitationRecord.token_digest == bindparam("digest"),
    OfficerInvitationRecord.used_at.is_(None),
    OfficerInvitationRecord.expires_at > db_now(),
)
_INVITED = (
    select(OfficerRecord.ref, OfficerRecord.name, OfficerRecord.roles)
    .join(OfficerInvitationRecord, OfficerInvitationRecord.officer_ref == OfficerRecord.ref)
    .where(_OPEN_INVITATION, OfficerRecord.disabled_at.is_(None))
)
_SPEND_INVITATION = (
    update(OfficerInvitationRecord)
    .where(
        _OPEN_INVITATION,
        select(OfficerRecord.ref)
        .where(
            OfficerRecord.ref == OfficerInvitationRecord.officer_ref,
            OfficerRecord.disabled_at.is_(None),
        )
        .exists(),
    )
    .values(used_at=db_now())
    .returning(OfficerInvitationRecord.officer_ref)
)
# Whoever adds or removes keys holds their officer's row first: the keys are counted one at a time,
# and none is added by a session or an address that an administrator has just ended.
_LOCK_OFFICER = (
    select(OfficerRecord.ref)
    .where(OfficerRecord.ref == bindparam("of_officer"), OfficerRecord.disabled_at.is_(None))
    .with_for_update()
)
_OF_OFFICER = and_(
    OfficerKeyRecord.officer_ref == bindparam("of_officer"), OfficerKeyRecord.removed_at.is_(None)
)
_KEYS = (
    select(
        OfficerKeyRecord.credential_id,
        OfficerKeyRecord.name,
        OfficerKeyRecord.created_at,
        OfficerKeyRecord.last_used_at,
    )
    .where(_OF_OFFICER)
    .order_by(OfficerKeyRecord.created_at, OfficerKeyRecord.credential_id)
)
_IS_KEY = OfficerKeyRecord.credential_id == bindparam("key_id")
_KNOWN = select(OfficerKeyRecord.credential_id).where(_IS_KEY)
_COUNT = select(func.count()).select_from(OfficerKeyRecord).where(_OF_OFFICER)
_ADD = insert(OfficerKeyRecord)
_REMOVE = update(OfficerKeyRecord).where(_OF_OFFICER, _IS_KEY).values(removed_at=db_now())
_OF_KEY = (
    select(OfficerKeyRecord.officer_ref, OfficerKeyRecord.public_key, OfficerKeyRecord.sign_count)
    .join(OfficerRecord, OfficerRecord.ref == OfficerKeyRecord.officer_ref)
    .where(_IS_KEY, OfficerKeyRecord.removed_at.is_(None), OfficerRecord.disabled_at.is_(None))
)
_USE = (
    update(OfficerKeyRecord)
    .where(
        _IS_KEY,
        OfficerKeyRecord.removed_at.is_(None),
        OfficerKeyRecord.sign_count == bindparam("old_count"),
    )
    .values(sign_count=bindparam("new_count"), last_used_at=db_now())
)


def begin_sign_in(tx: Transaction, party: RelyingParty, *, browser_secret: str) -> dict[str, Any]:
    """Make a challenge for signing in; answer the options for the browser."""
    challenge = _challenge(tx, SIGN_IN, browser_secret)
    return webauthn.request_options(party, challenge=challenge)


def begin_set_up(
    tx: Transaction, party: RelyingParty, *, token: str, browser_secret: str
) -> tuple[Officer, dict[str, Any]] | None:
    """Answer who is to set up a key at this one-time address, and the options; None: no longer."""
    row = tx.execute(_INVITED, {"digest": digest(token)}).first()
    if row is None:
        return None
    officer = Officer(ref=row.ref, name=row.name, roles=frozenset(row.roles))
    return officer, _creation(tx, party, officer, digest(token), browser_secret)


def begin_another(
    tx: Transaction, party: RelyingParty, officer: Officer, *, browser_secret: str
) -> dict[str, Any]:
    """Answer the options for one more key of an officer who is signed in."""
    return _creation(tx, party, officer, officer.ref, browser_secret)


def set_up(
    tx: Transaction,
    party: RelyingParty,
    *,
    token: str,
    response_json: str,
    name: str,
    browser_secret: str,
) -> Verdict:
    """Register the key that an invitation is for. The invitation is spent with the key alone."""
    purpose = digest(token)
    invited = tx.execute(_INVITED, {"digest": purpose}).first()
    if invited is None:
        return Verdict.STALE
    made = _made(tx, party, response_json, purpose, browser_secret)
    if isinstance(made, Verdict):
        return _refused(tx, made, invited.ref)
    tx.execute(_LOCK_OFFICER, {"of_officer": invited.ref})
    row = tx.execute(_SPEND_INVITATION, {"digest": purpose}).first()
    if row is None:
        return Verdict.STALE
    return _keep(tx, made, row.officer_ref, name)


def add_another(
    tx: Transaction,
    party: RelyingParty,
    officer: Officer,
    *,
    response_json: str,
    name: str,
    browser_secret: str,
    session_ref: str,
) -> Verdict:
    """Register one more key for an officer who is signed in."""
    made = _made(tx, party, response_json, officer.ref, browser_secret)
    if isinstance(made, Verdict):
        return _refused(tx, made, officer.ref)
    tx.execute(_LOCK_OFFICER, {"of_officer": officer.ref})
    if not sessions.is_live(tx, session_ref):
        return Verdict.GONE
    return _keep(tx, made, officer.ref, name)


def remove(tx: Transaction, officer: Officer, *, credential_id: str, session_ref: str) -> Verdict:
    """Remove one of one's own keys, never the last. Sessions elsewhere end: they may be its."""
    mine = {"of_officer": officer.ref}
    tx.execute(_LOCK_OFFICER, mine)
    if not sessions.is_live(tx, session_ref):
        return Verdict.GONE
    held = {row.credential_id for row in tx.execute(_KEYS, mine)}
    verdict = judge_removal(held=len(held), holds_it=credential_id in held)
    if verdict is Verdict.ALLOWED:
        tx.execute(_REMOVE, {**mine, "key_id": credential_id})
        sessions.end_all(tx, officer.ref, keep=session_ref)
        _journal(tx, "officer-key-removed", officer.ref)
    return verdict


def list_keys(tx: Transaction, officer_ref: str) -> list[HeldKey]:
    """List an officer's keys, the oldest first."""
    rows = tx.execute(_KEYS, {"of_officer": officer_ref}).mappings()
    return [HeldKey(**row) for row in rows]


def sign_in(
    tx: Transaction, party: RelyingParty, *, response_json: str, browser_secret: str
) -> SignedIn | Verdict:
    """Believe a key or not; believed, a session begins."""
    try:
        said = webauthn.read_response(response_json)
    except Unverified:
        return Verdict.UNVERIFIED
    if not _spend(tx, said.challenge, SIGN_IN, browser_secret):
        return Verdict.STALE
    key = tx.execute(_OF_KEY, {"key_id": said.credential_id}).first()
    if key is None:
        return Verdict.UNVERIFIED
    try:
        used = webauthn.verify_request(
            party,
            response_json,
            challenge=said.challenge,
            public_key=key.public_key,
            sign_count=key.sign_count,
            device_bound=True,
        )
    except Unverified as problem:
        copied = isinstance(problem, CounterWentBack)
        verdict = Verdict.COPIED if copied else Verdict.UNVERIFIED
        _journal(tx, "officer-sign-in-refused", key.officer_ref, reason=verdict)
        return verdict
    counts = {"old_count": key.sign_count, "new_count": used.sign_count}
    if tx.execute(_USE, {"key_id": said.credential_id, **counts}).rowcount != 1:
        return Verdict.STALE
    _journal(tx, "officer-signed-in", key.officer_ref)
    return SignedIn(officer_ref=key.officer_ref, secret=sessions.start(tx, key.officer_ref))


def sign_out(tx: Transaction, session_ref: str, officer_ref: str) -> None:
    """End a session at its officer's own wish."""
    if sessions.end(tx, session_ref):
        _journal(tx, "officer-signed-out", officer_ref)


def _challenge(tx: Transaction, purpose: str, browser_secret: str) -> str:
    challenge = random_token()
    values = {
        "challenge_digest": digest(challenge),
        "browser_digest": digest(browser_secret),
        "bound_to": purpose,
        "expires_at": tx.now() + CHALLENGE_LASTS,
    }
    tx.execute(_CHALLENGE, values)
    return challenge


def _spend(tx: Transaction, challenge: str, purpose: str, browser_secret: str) -> bool:
    values = {"digest": digest(challenge), "browser": digest(browser_secret), "purpose": purpose}
    return tx.execute(_SPEND_CHALLENGE, values).rowcount == 1


def _creation(
    tx: Transaction, party: RelyingParty, officer: Officer, purpose: str, browser_secret: str
) -> dict[str, Any]:
    held = [key.credential_id for key in list_keys(tx, officer.ref)]
    return webauthn.creation_options(
        party,
        user_handle=officer.ref,
        user_name=officer.name,
        display_name=officer.name,
        challenge=_challenge(tx, purpose, browser_secret),
        exclude=held,
        device_bound=True,
    )


def _made(
    tx: Transaction, party: RelyingParty, response_json: str, purpose: str, browser_secret: str
) -> NewCredential | Verdict:
    try:
        said = webauthn.read_response(response_json)
    except Unverified:
        return Verdict.UNVERIFIED
    if not _spend(tx, said.challenge, purpose, browser_secret):
        return Verdict.STALE
    try:
        made = webauthn.verify_creation(party, response_json, challenge=said.challenge)
    except Unverified:
        return Verdict.UNVERIFIED
    if not made.device_bound:  # asked here, not of the wrapper, to say so to the officer
        return Verdict.NOT_BOUND
    known = tx.execute(_KNOWN, {"key_id": made.credential_id}).first()
    return Verdict.KEY_KNOWN if known else made


def _keep(tx: Transaction, made: NewCredential, officer_ref: str, name: str) -> Verdict:
    held = tx.execute(_COUNT, {"of_officer": officer_ref}).scalar_one()
    if held >= MOST_KEYS:
        return Verdict.KEYS_FULL
    values = {
        "credential_id": made.credential_id,
        "officer_ref": officer_ref,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "name": read_name(name) or f"{held + 1}",
        "created_at": tx.now(),
    }
    tx.execute(_ADD, values)
    _journal(tx, "officer-key-added", officer_ref)
    return Verdict.ALLOWED


def _refused(tx: Transaction, verdict: Verdict, officer_ref: str) -> Verdict:
    if verdict is not Verdict.STALE:
        _journal(tx, "officer-key-refused", officer_ref, reason=verdict)
    return verdict


def _journal(tx: Transaction, kind: str, officer_ref: str, **detail: object) -> None:
    record(tx, Entry(kind=kind, actor=officer_ref, detail={"officer": officer_ref, **detail}))
