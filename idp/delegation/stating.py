"""Say in sentences what `authority.bar` says of a mandate now, and why. For who runs the house."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import bindparam, select

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.assurance.policy import Policies
from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.acting import ActingMandate
from idp.callers.authority import (
    SAID,
    WORKER,
    Bar,
    OrganisationStanding,
    Wish,
    bar,
    effective,
)
from idp.callers.clients import Client
from idp.delegation.actions import HeldMandate
from idp.delegation.lifecycle import State
from idp.delegation.passing import chain_of
from idp.storage import Transaction

STRONGEST = Level(identity=3, sign_in=3)
_ACCOUNT = select(AccountRecord.ref, AccountRecord.person_ref).where(
    AccountRecord.sign_in_name == bindparam("name"), AccountRecord.disabled_at.is_(None)
)


class Asker(NamedTuple):
    """An account, and the person it was proved to be."""

    ref: str
    person_ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What stands in the way now (None: nothing), and the sentences that say so."""

    bar: Bar | None
    sentences: tuple[str, ...]


def explain(
    tx: Transaction,
    policies: Policies,
    mandate: HeldMandate,
    client: Client | None,
    *,
    account: str | None = None,
    person: str | None = None,
) -> Explained:
    """Explain a mandate for an actor who has proved all that can be proved.

    With an account (and the person it was proved to be) for that one; else for its delegate, and
    of an organisation for a member who works there and has been assigned the person. `client` is
    the mandate's service, None where it is not registered any more.
    """
    who = person if account else mandate.delegate
    found = acting.ask(tx, mandate.ref, account_ref=account or "", person_ref=who)
    if found is None:
        said = "Its parties are not both known yet: nobody has answered the offer."
        return Explained(bar=Bar.NOT_ACTIVE, sentences=(said,))
    facts = found.facts
    if account is None and facts.organisation is not None:
        facts = replace(facts, organisation=_worker(facts.organisation))
    floor = policies.floor(mandate.service)
    wish = Wish(
        service=mandate.service, aware=client is not None and client.delegation_aware,
        level=STRONGEST, needed=floor, floor=floor,
    )  # fmt: skip
    why = bar(facts, wish)
    told = _sentences(mandate, found, why, floor, account)
    told[1:1] = [
        f"It was passed on by the organisation {up.delegate}, from {up.ref}, which is {up.state}."
        for up in chain_of(tx, mandate)
    ]
    return Explained(bar=why, sentences=tuple(told))


def account_named(tx: Transaction, typed: str) -> Asker | None:
    """Find whoever signs in under this name."""
    name = canonical_sign_in_name(typed)
    row = tx.execute(_ACCOUNT, {"name": name}).first() if name else None
    return Asker(row.ref, row.person_ref) if row else None


def _worker(firm: OrganisationStanding) -> OrganisationStanding:
    """The same firm, seen from a member whom nothing of their own keeps out."""
    return replace(
        firm, member=True, member_suspended=False, roles=frozenset({WORKER}), assigned=True
    )


def _sentences(
    mandate: HeldMandate, found: ActingMandate, why: Bar | None, floor: Level, account: str | None
) -> list[str]:
    whom = f"the {mandate.principal_kind} {mandate.principal}"
    helper = f"the {mandate.delegate_kind} {mandate.delegate}"
    said = [
        f"It lets {helper} act for {whom} at {mandate.service}: {', '.join(mandate.powers)}.",
        _state(mandate),
    ]
    who = "This account" if account else (
        "A member who is assigned" if mandate.delegate_kind == "organisation" else "The delegate"
    )  # fmt: skip
    if why is None:
        level = effective(STRONGEST, found.facts.granted, found.facts.cap)
        least = floor.join(found.facts.actor_level)
        said.append(
            f"{who} may act now, signed in at {least} or more. What is done counts as {level} at "
            "most: the lowest of sign-in, grant and evidence."
        )
    else:
        said.append(f"{who} may not act now ({why}): {SAID[why]}.")
    if why is Bar.GRANT_LEVEL:
        granted = found.facts.granted.meet(found.facts.cap)
        said.append(f"It was given at {granted}; the service asks {floor}.")
    if mandate.ended_reference:
        said.append(f"Quote {mandate.ended_reference}: the journal entry of its end.")
    return said


def _state(mandate: HeldMandate) -> str:
    until = f"until {_moment(mandate.expires)}" if mandate.expires else "without an end"
    if mandate.state is State.ACTIVE:
        return f"It is active, from {_moment(mandate.starts)} {until}."
    if mandate.state is State.SUSPENDED:
        return f"It is suspended ({mandate.suspended_reason or 'no reason kept'}), {until}."
    if mandate.state is State.ENDED and mandate.ended_at is None:
        return f"It ran out at {_moment(mandate.expires)}."
    if mandate.state is State.ENDED:
        return f"It ended at {_moment(mandate.ended_at)}: {mandate.ended_reason}."
    if mandate.state is State.OFFERED:
        return f"It waits for the {mandate.answerer} to answer, until " + (
            f"{_moment(mandate.offer_expires)}."
        )
    return f"It never began: it is {mandate.state}."


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment is not None else "no day"
