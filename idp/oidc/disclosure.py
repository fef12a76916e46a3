"""Record that personal claims were read: one journal row an access token (decision 23)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from idp.callers import liveness
from idp.callers.liveness import LiveGrant
from idp.journal.actions import Entry, record
from idp.oidc.records import DisclosureRecord
from idp.storage import Database, Transaction
from idp.storage.dialects import upsert

_KNOWN = select(DisclosureRecord.jti).where(DisclosureRecord.jti == bindparam("jti"))
_FIRST_TIME = upsert(
    lambda insert: (
        insert(DisclosureRecord)
        .values(jti=bindparam("jti"), expires_at=bindparam("expires_at"))
        .on_conflict_do_nothing()
        .returning(DisclosureRecord.jti)
    )
)
KEPT_AFTER = timedelta(minutes=5)


def disclose(
    database: Database, grant: LiveGrant, claims: dict[str, Any], names: list[str]
) -> bool:
    """Record the first reading of a token's claims; later ones cost one read.

    False when the grant ended since it was asked for: what is recorded is what was told.
    """
    jti = str(claims["jti"])
    if database.read(lambda tx: tx.execute(_KNOWN, {"jti": jti}).first()):
        return True

    def work(tx: Transaction) -> bool:
        now_live = liveness.ask(tx, grant.ref)
        if now_live is None or now_live.dead is not None:
            return False
        expires = datetime.fromtimestamp(int(claims["exp"]), UTC) + KEPT_AFTER
        inserted = tx.execute(_FIRST_TIME.on(tx), {"jti": jti, "expires_at": expires})
        if inserted.first() is not None:
            record(tx, _entry(grant, jti, names))
        return True

    return database.transaction(work)


def _entry(grant: LiveGrant, jti: str, names: list[str]) -> Entry:
    return Entry(
        kind="claims-read",
        person=grant.holder,
        actor=grant.actor,
        client_id=grant.client_id,
        mandate_ref=grant.mandate.ref if grant.mandate else None,
        detail={"grant": grant.ref, "jti": jti, "claims": names},
    )
