"""Let a proof into this browser: spent, kept in the session and journalled in one transaction."""

from idp.authentication import actions as authentication
from idp.authentication import passkeys, recovery_codes, sent_codes, sessions
from idp.authentication.actions import PasswordProved
from idp.authentication.ending import end_session
from idp.authentication.sent_codes import Waiting
from idp.authentication.sessions import SessionFacts
from idp.authentication.webauthn import RelyingParty
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.signin.actions import Journey, milliseconds
from idp.signin.rules import CODE, EMAIL_CODE, PASSWORD, RECOVERY_CODE, SMS_CODE
from idp.storage import Transaction


def accept_password(
    tx: Transaction,
    keyring: Keyring,
    proved: PasswordProved,
    *,
    session: SessionFacts | None,
    journey: Journey,
    device: str = "",
) -> str | None:
    """Let a proved password into this browser, and answer the session's new secret.

    None when the password changed meanwhile: the journey then asks again. `device` is what the
    owner may know this browser by.
    """
    failed = authentication.wrong_tries(tx, keyring, proved)
    if not authentication.accept_password(tx, keyring, proved):
        return None
    return _enter(tx, proved.account_ref, PASSWORD, session, journey, device, failed=failed)


def accept_passkey(
    tx: Transaction,
    party: RelyingParty,
    response_json: str,
    *,
    browser_secret: str,
    session: SessionFacts | None,
    journey: Journey,
    device: str = "",
) -> str | None:
    """Let the key that answered our challenge into this browser: the session's new secret.

    None for an answer that is not to be believed. The key says whose it is: of another account
    than the session's it is another person, whose own session begins.
    """
    proved = passkeys.prove_passkey(
        tx, party, response_json=response_json, browser_secret=browser_secret
    )
    if proved is None:
        return None
    return _enter(tx, proved.account_ref, proved.method, session, journey, device)


def accept_code(
    tx: Transaction, keyring: Keyring, typed: str, *, session: SessionFacts, journey: Journey
) -> str | None:
    """Spend a one-time code for this session, and answer the session's new secret, or None."""
    spent = authentication.spend_code(
        tx, keyring, account_ref=session.account_ref, code=typed.replace(" ", ""), now=tx.now()
    )
    return _add(tx, CODE, spent, session, journey)


def accept_recovery_code(
    tx: Transaction, keyring: Keyring, typed: str, *, session: SessionFacts, journey: Journey
) -> str | None:
    """Spend a printed code for this session, and answer the session's new secret, or None."""
    spent = recovery_codes.spend_recovery_code(
        tx, keyring, account_ref=session.account_ref, typed=typed
    )
    return _add(tx, RECOVERY_CODE, spent, session, journey)


def accept_text_code(
    tx: Transaction,
    keyring: Keyring,
    code: Waiting,
    typed: str,
    *,
    session: SessionFacts,
    journey: Journey,
) -> str | None:
    """Spend a code from a text message for this session: its new secret, or None."""
    whose = sent_codes.spend(
        tx, keyring, code, method=SMS_CODE, journey_ref=journey.ref, typed=typed
    )
    return _add(tx, SMS_CODE, whose == session.account_ref, session, journey)


def accept_email_code(
    tx: Transaction,
    keyring: Keyring,
    code: Waiting,
    typed: str,
    *,
    most_identity: int,
    session: SessionFacts | None,
    journey: Journey,
    device: str = "",
) -> str | None:
    """Let whoever reads the account's mail into this browser: the session's new secret, or None.

    The code says whose it is: of another account than the session's it is another person.
    """
    whose = sent_codes.spend(
        tx, keyring, code, method=EMAIL_CODE, journey_ref=journey.ref, typed=typed,
        most_identity=most_identity,
    )  # fmt: skip
    if whose is None:
        # Of nobody in particular: a name that is nobody's leaves the same entry.
        detail = {"method": EMAIL_CODE, "journey": journey.ref}
        record(tx, Entry(kind="proof-refused", client_id=journey.client_id, detail=detail))
        return None
    return _enter(tx, whose, EMAIL_CODE, session, journey, device)


def _enter(
    tx: Transaction,
    account_ref: str,
    method: str,
    session: SessionFacts | None,
    journey: Journey,
    device: str,
    *,
    failed: int = 0,
) -> str:
    """The same account's session goes on with a new id; another account's ends."""
    now, secret = tx.now(), None
    if session is not None and session.account_ref == account_ref:
        secret = sessions.add_proof(tx, session, method, now)
    elif session is not None:
        end_session(tx, session.ref, session.party)
    if secret is None:
        proofs = {method: milliseconds(now)}
        _, secret = sessions.start(tx, account_ref, proofs, now, device, failed=failed)
    _record(tx, "proof-given", account_ref, method, journey)
    return secret


def _add(
    tx: Transaction, method: str, spent: bool, session: SessionFacts, journey: Journey
) -> str | None:
    if not spent:
        _record(tx, "proof-refused", session.account_ref, method, journey)
        return None
    secret = sessions.add_proof(tx, session, method, tx.now())
    if secret is not None:
        _record(tx, "proof-given", session.account_ref, method, journey)
    return secret


def _record(tx: Transaction, kind: str, account_ref: str, method: str, journey: Journey) -> None:
    detail = {"method": method, "journey": journey.ref}
    record(tx, Entry(kind=kind, person=account_ref, client_id=journey.client_id, detail=detail))
