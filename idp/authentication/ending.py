"""End a session, and tell every service that took part in it.

Here and nowhere else: signing out, another person signing in over a session, and later an
operator's or a thief's end all have to reach the services the same way.
Source: OpenID Connect Back-Channel Logout 1.0.
"""

from datetime import timedelta

from sqlalchemy import String, bindparam, column, select, table, update

from idp.authentication import remembered, sessions
from idp.authentication.records import ClientSessionRecord, SessionRecord
from idp.callers.records import ClientRecord
from idp.journal.actions import Entry, record
from idp.outbox import actions as outbox
from idp.storage import Transaction, UtcDateTime, db_now

LOGOUT_MESSAGE = "backchannel-logout"
LOGOUT_TRIED_FOR = timedelta(hours=24)

_OPEN = (
    select(
        ClientSessionRecord.ref,
        ClientSessionRecord.client_id,
        ClientSessionRecord.sub,
        ClientRecord.backchannel_logout_uri,
        ClientRecord.id_token_signed_response_alg.label("alg"),
    )
    .join(ClientRecord, ClientRecord.client_id == ClientSessionRecord.client_id)
    .where(
        ClientSessionRecord.session_ref == bindparam("session"),
        ClientSessionRecord.ended_at.is_(None),
        ClientRecord.backchannel_logout_uri.is_not(None),
    )
)
_END_CLIENT_SESSIONS = (
    update(ClientSessionRecord)
    .where(
        ClientSessionRecord.session_ref == bindparam("session"),
        ClientSessionRecord.ended_at.is_(None),
    )
    .values(ended_at=db_now())
)
# Those too that nobody used for half an hour: their services may still hold tokens.
_OTHERS = (
    select(SessionRecord.ref)
    .where(
        SessionRecord.account_ref == bindparam("of_account"),
        SessionRecord.ref != bindparam("keep_ref"),
        SessionRecord.ended_at.is_(None),
        SessionRecord.expires_at > db_now(),
    )
    .order_by(SessionRecord.ref)
)
# Grants are the oidc room's, above this one: its table is named here, and a test checks the names.
GRANTS = table("oauth_grant", column("account_ref", String()), column("ended_at", UtcDateTime()))
_END_GRANTS = (
    update(GRANTS)
    .where(GRANTS.c.account_ref == bindparam("of_account"), GRANTS.c.ended_at.is_(None))
    .values(ended_at=db_now())
)


def end_session(tx: Transaction, session_ref: str, party: str) -> bool:
    """End a session: its tokens die by liveness, and messages to the services go out after.

    False if it had ended before. `party` is whose it was, for the journal. An acting session
    is named to its service by `sid` alone: its `sub` would be the principal's, who did not
    sign out (`design.md` decision 26), so `client_session.sub` is empty there.
    """
    if not sessions.end(tx, session_ref):
        return False
    for row in tx.execute(_OPEN, {"session": session_ref}).all():
        payload = {
            "uri": row.backchannel_logout_uri,
            "client_id": row.client_id,
            "sid": row.ref,
            "sub": row.sub,
            "alg": row.alg,
        }
        outbox.put(tx, LOGOUT_MESSAGE, payload, expires_in=LOGOUT_TRIED_FOR)
    tx.write(_END_CLIENT_SESSIONS, {"session": session_ref})
    record(tx, Entry(kind="signed-out", person=party, detail={"session": session_ref}))
    return True


def end_other_sessions(
    tx: Transaction, account_ref: str, party: str, *, keep: str | None = None
) -> int:
    """End all of an account's sessions but `keep`, services told; answer how many.

    Browsers that were remembered are so no more: whoever ends sessions may not trust one of them.
    """
    remembered.forget_all(tx, account_ref)
    others = tx.execute(_OTHERS, {"of_account": account_ref, "keep_ref": keep or ""}).scalars()
    return sum(end_session(tx, ref, party) for ref in others.all())


def end_grants(tx: Transaction, account_ref: str) -> None:
    """End all that services were given for an account, also what outlives its sessions.

    For a way back and a lost password: somebody else may have been in the account, and what
    they let a service keep (`offline_access`) would go on. A person who only changes a method
    keeps theirs.
    """
    tx.write(_END_GRANTS, {"of_account": account_ref})
