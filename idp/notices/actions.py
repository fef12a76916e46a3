"""Send a notice with the fact it tells of: sealed in the outbox, written out when it is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.rules import Contact, Notice, problem_with, worth_sending
from idp.outbox.actions import NOW, put
from idp.storage import Transaction

__all__ = ["MESSAGES", "Contact", "Notice", "Sealed", "send", "unseal"]

PURPOSE = "notice"
# The outbox kind of each channel: a worker without one of them leaves its messages to others.
MESSAGES = {"email": "notice-email", "text": "notice-text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a message of the outbox holds: `ref` is the same however often it is delivered."""

    ref: str
    contact: Contact
    notice: Notice
    values: Mapping[str, str]
    locale: str


def send(
    tx: Transaction,
    keyring: Keyring,
    contact: Contact,
    notice: Notice,
    values: Mapping[str, str],
    *,
    locale: str = "en",
    after: timedelta = NOW,
) -> None:
    """Send a notice once this transaction is committed, and `after` so long.

    `values` are exactly those of `idp.notices.rules.NEEDS`; a `link` is a path of our own, for
    the issuer's address is put before it when it is sent. The outbox row shows the channel; all
    the rest is sealed. Raises `ValueError` for values the notice does not take: that is a
    programmer's mistake.
    """
    wrong = problem_with(notice, values)
    if wrong:
        raise ValueError(wrong)
    plain = json.dumps(
        {"ref": random_ref(), "channel": contact.channel, "address": contact.address,
         "notice": notice, "values": dict(values), "locale": locale}
    )  # fmt: skip
    put(
        tx,
        MESSAGES[contact.channel],
        {"sealed": keyring.sealer.seal(plain, purpose=PURPOSE)},
        expires_in=after + worth_sending(notice, values),
        after=after,
    )


def unseal(keyring: Keyring, payload: Mapping[str, Any]) -> Sealed:
    """Open what `send` put in. Raises `Unreadable`."""
    plain = json.loads(keyring.sealer.open(payload["sealed"], purpose=PURPOSE))
    return Sealed(
        ref=plain["ref"],
        contact=Contact(plain["channel"], plain["address"]),
        notice=Notice(plain["notice"]),
        values=plain["values"],
        locale=plain["locale"],
    )
