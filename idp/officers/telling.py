"""Tell those who are to act that they may now. Principals are told by `delegation.offline`."""

from idp.accounts.actions import account_of_person
from idp.delegation.watching import tell_admins
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.storage import Transaction


def tell_helper(tx: Transaction, keyring: Keyring, person: str) -> None:
    """Tell a helper that they may act for somebody now; who it is, is on their page."""
    account = account_of_person(tx, person)
    if account is not None:
        told = {"account": account.sign_in_name, "link": "/account/helping"}
        send(tx, keyring, Contact("email", account.email), Notice.ENTRUSTED, told)


def tell_organisation(tx: Transaction, keyring: Keyring, organisation: str) -> None:
    """Tell those who administer an organisation that it may act for somebody now. Nobody of it
    can before somebody there opens the person to them."""
    tell_admins(tx, keyring, organisation, Notice.ORGANISATION_ENTRUSTED)
