"""How often people may be asked, looked up by what somebody knows of them, and links tried.

The network first, so that a flooder is stopped by his own bucket; a person is counted by the index
of a number, known or not, so that a refusal says nothing about it (delegation.md I14).
"""

from datetime import timedelta

from idp.throttle.actions import Limit

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def token_limits(network: str) -> list[Limit]:
    """Limit the links and codes of offers that one network tries: a code has 59 bits."""
    return [Limit(kind="offer-token", value=network, burst=60, per=timedelta(seconds=10))]


def draft_limits(person: str) -> list[Limit]:
    """Limit the offers that one person begins: each is a few rows until it is sent or a day old."""
    return [Limit(kind="offer-draft", value=person, burst=20, per=timedelta(minutes=1))]


def ask_limits(network: str, inviter: str, address: str) -> list[Limit]:
    """Limit the offers that are sent: by one network, by one inviter, and to one address."""
    return [
        Limit(kind="offer-network", value=network, burst=60, per=timedelta(seconds=30)),
        Limit(kind="offer-inviter", value=inviter, burst=30, per=timedelta(minutes=2)),
        address_limit(address),
    ]


def address_limit(address: str) -> Limit:
    """Limit how often one address is written to with an offer, by anybody together."""
    return Limit(kind="offer-address", value=address, burst=10, per=timedelta(hours=2))


def facts_limits(network: str, member: str, organisation: str, number_index: str) -> list[Limit]:
    """Limit the people looked up: by one network, member and organisation, and one person."""
    return [
        Limit(kind="facts-network", value=network, burst=60, per=timedelta(seconds=30)),
        Limit(kind="facts-member", value=member, burst=30, per=timedelta(minutes=2)),
        Limit(kind="facts-organisation", value=organisation, burst=200, per=timedelta(seconds=20)),
        person_limit(number_index),
    ]


def person_limit(number_index: str) -> Limit:
    """Limit how often one person is looked up, by anybody together."""
    return Limit(kind="facts-person", value=number_index, burst=6, per=timedelta(hours=4))


def list_limits(organisation: str) -> list[Limit]:
    """Limit the lists that one organisation sends: a few a day."""
    return [Limit(kind="facts-list", value=organisation, burst=4, per=timedelta(hours=6))]


def tried_limit(number_index: str) -> Limit:
    """Tell somebody once a day that wrong details were given with their number."""
    return Limit(kind="facts-tried", value=number_index, burst=1, per=DAY)


def passing_limits(member: str, organisation: str) -> list[Limit]:
    """Limit the references of other organisations that one member, and one organisation, types."""
    per_firm = timedelta(seconds=30)
    return [
        Limit(kind="pass-on-member", value=member, burst=20, per=timedelta(minutes=3)),
        Limit(kind="pass-on-organisation", value=organisation, burst=100, per=per_firm),
    ]


def told_limit(message: str) -> Limit:
    """Tell what one message of the outbox says once, however often it is delivered."""
    return Limit(kind="offer-told", value=message, burst=1, per=7 * DAY)


def name_limit(offer: str, account: str) -> Limit:
    """Count one account's wrong name at one offer once, however often it looks."""
    return Limit(kind="offer-name", value=f"{offer} {account}", burst=1, per=30 * DAY)
