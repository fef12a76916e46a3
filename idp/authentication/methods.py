"""The ways an account can be signed in to: list them, take one away, move them (a way back)."""

from sqlalchemy import bindparam, select

from idp.authentication.held import held_columns, held_of
from idp.storage import Transaction

_HELD = select(*held_columns(bindparam("of_account")))


def held_methods(tx: Transaction, account_ref: str) -> frozenset[str]:
    """Answer the ids of the methods an account holds (`held.METHODS`). One statement."""
    return held_of(tx.execute(_HELD, {"of_account": account_ref}).mappings().one())
