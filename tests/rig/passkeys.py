"""Give an account of a house a passkey, as its owner does: asked for in one request, added in the
next."""

from typing import Any

from idp.authentication import passkeys, sessions
from idp.authentication.sessions import SessionFacts
from idp.authentication.webauthn import relying_party
from idp.house import House
from idp.keyring.sealing import random_token
from idp.signin.rules import CODE, PASSWORD
from idp.storage import Transaction
from tests.rig.authenticator import Authenticator


def give_passkey(house: House, account_ref: str, *, device_bound: bool = False) -> Authenticator:
    """Make a key in software, add it to the account, and answer it."""
    issuer = house.settings.issuer
    key, party, binding = Authenticator(issuer, device_bound), relying_party(issuer), random_token()

    def offer(tx: Transaction) -> tuple[str, dict[str, Any]]:
        now = tx.now()
        proved = dict.fromkeys((PASSWORD, CODE), int(now.timestamp() * 1000))
        _, secret = sessions.start(tx, account_ref, proved, now)
        return secret, passkeys.creation_options(
            tx, house.keyring, party, session=_found(tx, secret), browser_secret=binding
        )

    def add(tx: Transaction) -> None:
        session = _found(tx, secret)
        made = passkeys.add_passkey(
            tx, house.keyring, party, session=session, browser_secret=binding,
            response_json=key.create(options),
        )  # fmt: skip
        assert made is not None
        sessions.end(tx, session.ref)

    secret, options = house.database.transaction(offer)
    house.database.transaction(add)
    return key


def _found(tx: Transaction, secret: str) -> SessionFacts:
    session = sessions.find(tx, secret)
    assert session is not None
    return session
