"""Tell an account's holder, at the address we know, that something about signing in changed."""

from sqlalchemy import bindparam, select

from idp.accounts.records import AccountRecord
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.storage import Transaction

_WHERE = select(AccountRecord.sign_in_name, AccountRecord.email).where(
    AccountRecord.ref == bindparam("of_account")
)


def tell(
    tx: Transaction, keyring: Keyring, account_ref: str, notice: Notice, **values: str
) -> None:
    """Send a notice with this transaction's commit. It names the account: an address may have
    several. `values` are what the notice needs besides."""
    row = tx.execute(_WHERE, {"of_account": account_ref}).one()
    told = {"account": row.sign_in_name, **values}
    send(tx, keyring, Contact("email", row.email), notice, told)
