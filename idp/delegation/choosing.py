"""Choose whom to act for: which mandate, and for what purpose in plain words."""

import re
import unicodedata
from enum import StrEnum

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.acting import ActingMandate
from idp.callers.authority import Bar, Wish, at_stake, bar
from idp.storage import Transaction

PURPOSE_SHORTEST, PURPOSE_LONGEST = 3, 200  # characters
TOP = Level(identity=3, sign_in=3)  # the journey asks for what is missing of the actor's own level
NUMBER = re.compile(r"(?<![A-Za-z])[A-Za-z]{2}\s*\d{2}\s*\d{2}\s*\d{2}(?!\d)")


class PurposeFault(StrEnum):
    """What is wrong with a purpose as it was typed."""

    MISSING = "purpose-missing"
    TOO_LONG = "purpose-too-long"
    UNREADABLE = "purpose-unreadable"
    NUMBER = "purpose-holds-number"


def read_purpose(typed: str, fixed: str | None) -> str | PurposeFault:
    """Answer the purpose to keep: the mandate's own where it is for one only, else what was
    typed, with single spaces.

    The principal reads it and the journal keeps it, so it holds no control character and nothing
    that looks like a National Insurance number (I15).
    """
    if fixed is not None:
        return fixed
    purpose = " ".join(typed.split())
    if len(purpose) < PURPOSE_SHORTEST:
        return PurposeFault.MISSING
    if len(purpose) > PURPOSE_LONGEST:
        return PurposeFault.TOO_LONG
    if not purpose.isprintable():
        return PurposeFault.UNREADABLE
    # Wide letters and digits of another script are read like ours.
    plain = unicodedata.normalize("NFKC", purpose)
    return PurposeFault.NUMBER if NUMBER.search(plain) else purpose


def consider(
    tx: Transaction,
    ref: str,
    *,
    account_ref: str,
    person_ref: str | None,
    service: str,
    aware: bool,
    floor: Level,
    powers: tuple[str, ...] = (),
) -> tuple[ActingMandate, Bar | None] | None:
    """Answer a mandate that somebody chose and what stands in their way, their own level left out.

    `powers` are those that the service asks for; one of them is enough.
    None: it is none of theirs, and they are not told whether there is one.
    """
    found = acting.ask(tx, ref, account_ref=account_ref, person_ref=person_ref)
    if found is None:
        return None
    wish = Wish(
        service=service, powers=at_stake(powers, found.powers), aware=aware, level=TOP,
        needed=floor, floor=floor,
    )  # fmt: skip
    why = bar(found.facts, wish)
    if _theirs(found, person_ref):
        return found, why
    return None


def _theirs(mandate: ActingMandate, person_ref: str | None) -> bool:
    """The actor is the delegate, or a member of it who has not left."""
    organisation = mandate.facts.organisation
    if organisation is None:
        return mandate.facts.is_delegate
    return organisation.member
