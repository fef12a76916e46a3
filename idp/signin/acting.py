"""What a journey asks besides of somebody who has chosen to act for another: as many as they could
open ask for more, and so does opening them fast (risk-model.md T7)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.assurance.policy import Policies
from idp.assurance.reach import Unmet
from idp.assurance.rules import Level, Methods, key_shown
from idp.authentication.sessions import SessionFacts
from idp.callers import acting
from idp.callers.acting import ActingMandate
from idp.delegation import reaching, watching
from idp.delegation.explaining import Reason
from idp.delegation.reaching import Needed
from idp.keyring.ring import Keyring
from idp.storage import Transaction

OWN_KEY = 3  # the sign-in level (C3) that somebody who acts reaches only by a key of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingAsked:
    """What is asked of an actor under the mandate they chose.

    `since`: their own key must have been shown after that moment. `stop`: no check of this journey
    helps, and why; `wait`: how long, where waiting does.
    """

    mandate: str
    principal: str
    level: Level
    since: datetime | None = None
    stop: Reason | None = None
    wait: timedelta | None = None


def asked_of_actor(
    tx: Transaction, policies: Policies, session: SessionFacts, choice: str, floor: Level
) -> ActingAsked | None:
    """Ask what is needed before a code is issued; None for a mandate that is not there, which is
    refused when it is used."""
    account, person = session.account_ref, session.person_ref
    mandate = acting.ask(tx, choice, account_ref=account, person_ref=person)
    if mandate is None:
        return None
    needed = reaching.needed(
        tx, policies.risk, mandate, account_ref=account, person_ref=person, floor=floor
    )
    watched = watching.look(tx, policies.risk, account_ref=account, mandate=mandate)
    level = _with_key(needed) if watched.since is None else _own_key(needed)
    top = Level(identity=3, sign_in=3)
    never = reaching.lacking(needed, mandate, level=top, device_bound=True)
    return ActingAsked(
        mandate=mandate.ref,
        principal=mandate.principal,
        level=level,
        since=watched.since,
        stop=watched.stop or never,
        wait=watched.wait,
    )


def judge(
    tx: Transaction,
    keyring: Keyring,
    policies: Policies,
    session: SessionFacts,
    mandate: ActingMandate,
    needed: Needed,
    *,
    level: Level,
    proofs: Mapping[str, int],
    methods: Methods,
) -> Reason | None:
    """Judge a start of acting in the transaction of its grant, and count it. None: go on."""
    bound = any(methods[one].device_bound for one in proofs if one in methods)
    lacking = reaching.lacking(needed, mandate, level=level, device_bound=bound)
    if lacking is not None:
        return lacking
    return watching.opened(
        tx, keyring, policies.risk, account_ref=session.account_ref, actor=session.party,
        mandate=mandate, key_shown=key_shown(proofs, methods),
        way=watching.by_hand(policies.risk, session.account_ref, mandate),
    )  # fmt: skip


def without_key(held: Collection[str], methods: Methods, asked: ActingAsked) -> Unmet | None:
    """A key of their own is asked for, and they hold none."""
    own = any(methods[one].device_bound and methods[one].usable for one in held if one in methods)
    return Unmet.DEVICE_BOUND if asked.level.sign_in >= OWN_KEY and not own else None


def _with_key(needed: Needed) -> Level:
    return _own_key(needed) if needed.demand.device_bound else needed.demand.level


def _own_key(needed: Needed) -> Level:
    return needed.demand.level.join(Level(identity=0, sign_in=OWN_KEY))
