"""Tell the rooms above that somebody has died: by the outbox, in the transaction that learns it."""

from datetime import timedelta

from idp.outbox.actions import put
from idp.storage import Transaction

DIED = "person-died"
# Longer than any worker is ever away: what hangs on the message must not be forgotten.
_LASTS = timedelta(days=90)


def tell(tx: Transaction, person_ref: str) -> None:
    """Let whoever keeps something of this person's know, once this transaction is committed."""
    put(tx, DIED, {"person": person_ref}, expires_in=_LASTS)
