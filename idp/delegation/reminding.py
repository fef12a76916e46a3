"""What time alone brings about: offers that run out soon, terms that end soon, yearly reminders.

Nothing here decides whether a permission holds: that is judged when it is read (I7).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, or_, select, update

from idp.callers.records import ClientRecord
from idp.delegation import known, offline, telling
from idp.delegation.actions import find
from idp.delegation.holding import quoted_of
from idp.delegation.lifecycle import OFFER_NOTICE, REVIEW_NOTICE, Move, Party, State
from idp.delegation.moving import By, move, read_bundle
from idp.delegation.owning import remind_by_mail
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.keyring.ring import Keyring
from idp.notices.actions import Notice
from idp.organisations.actions import ORG, in_order
from idp.register.actions import find_person
from idp.register.businesses import find_business
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration

AT_A_TIME = 100
YEAR = timedelta(days=365)

_I, _M = MandateInvitationRecord.__table__.c, MandateRecord.__table__.c
_ENDING = (
    select(_I.ref)
    .where(
        # Help in person has a row of its own there, which is no offer.
        _I.label_sealed.is_not(None),
        _I.organisation_ref.is_(None)
        | exists().where(ORG.ref == _I.organisation_ref, in_order()),
        _I.closed_at.is_(None), _I.reminded_at.is_(None), _I.waiting.is_(False),
        _I.token_digest.is_not(None) | (_I.channel == "facts"), _I.expires_at > db_now(),
        _I.expires_at <= db_now() + bindparam("ahead", OFFER_NOTICE, type_=Duration()),
    )
    .limit(AT_A_TIME)
)  # fmt: skip
_REMIND = (
    update(MandateInvitationRecord)
    .where(_I.ref.in_(_ENDING.with_for_update(skip_locked=True).scalar_subquery()))
    .values(reminded_at=db_now())
    .returning(_I.ref, _I.channel, _I.label_sealed, _I.contact_sealed, _I.expires_at)
)
_OVER = (
    select(_I.ref).where(_I.closed_at.is_(None), _I.expires_at <= db_now()).limit(AT_A_TIME)
)  # fmt: skip
_CLOSE = (
    update(MandateInvitationRecord)
    .where(_I.ref.in_(_OVER.with_for_update(skip_locked=True).scalar_subquery()))
    .values(closed_at=db_now())
    .returning(_I.ref)
)
_DUE = (
    select(_M.ref)
    .where(
        _M.state == State.ACTIVE,
        or_(
            and_(
                _M.expires > db_now(), _M.reminded_at.is_(None), _M.single_use.is_(False),
                # A term of a month or less would be reminded of as soon as it begins.
                _M.expires - _M.starts > bindparam("short", REVIEW_NOTICE * 2, type_=Duration()),
                _M.expires <= db_now() + bindparam("soon", REVIEW_NOTICE, type_=Duration()),
            ),
            and_(
                _M.expires.is_(None),
                func.coalesce(_M.reminded_at, _M.starts)
                <= db_now() - bindparam("year", YEAR, type_=Duration()),
            ),
        ),
    )
    .limit(AT_A_TIME)
)  # fmt: skip
_REVIEW = (
    update(MandateRecord)
    .where(_M.ref.in_(_DUE.with_for_update(skip_locked=True).scalar_subquery()))
    .values(reminded_at=db_now())
    .returning(_M.ref, _M.principal, _M.principal_kind, _M.bundle, _M.expires)
)
_SERVICES = select(ClientRecord.client_id, ClientRecord.client_name).where(
    ClientRecord.client_id.in_(bindparam("services", expanding=True))
)


def remind_all(database: Database, keyring: Keyring) -> int:
    """Send what is due, a hundred at a time; answer how many offers and permissions it was for.

    Each is claimed by one conditional statement, so workers side by side send nothing twice.
    """
    done = 0
    for step in (_offers_ending, _offers_over, _terms):
        while count := database.transaction(lambda tx, step=step: step(tx, keyring)):  # type: ignore[misc]
            done += count
    return done


def _offers_ending(tx: Transaction, keyring: Keyring) -> int:
    rows = tx.execute(_REMIND).mappings().all()
    for row in rows:
        if row["channel"] == "facts":
            known.remind(tx, row["ref"])
        else:
            remind_by_mail(tx, keyring, row)
    return len(rows)


def _offers_over(tx: Transaction, keyring: Keyring) -> int:
    """Write down what lapsed: everybody has seen it so already."""
    rows = tx.execute(_CLOSE).all()
    for row in rows:
        for mandate in read_bundle(tx, row.ref):
            drafted = mandate.standing.state is State.DRAFT
            what = Move.CANCEL if drafted else Move.LAPSE
            move(tx, mandate.ref, what, By(party=Party.SYSTEM, who="system"), row=mandate)
    return len(rows)


def _terms(tx: Transaction, keyring: Keyring) -> int:
    """Remind principals, once for what was asked for together. In the transaction that claims
    them: neither message nor letter is lost, or there twice."""
    rows = tx.execute(_REVIEW).all()
    due = dict[tuple[str, str, str, datetime | None], list[str]]()
    for row in rows:
        key = (row.principal, row.principal_kind, row.bundle, row.expires)
        due.setdefault(key, []).append(row.ref)
    for principal, kind, bundle, expires in sorted(due, key=str):
        if expires is not None:
            if kind == "person":
                telling.tell_principal(
                    tx, keyring, principal, Notice.HELPER_REVIEW, when=expires.isoformat()
                )
        elif _is_gone(tx, principal, kind):
            continue  # nobody writes to the dead, nor to a business that is no more
        elif kind == "person" and not offline.is_offline(tx, keyring, principal):
            telling.tell_principal(tx, keyring, principal, Notice.HELPER_YEARLY)
        else:
            _write_yearly(tx, keyring, principal, due[principal, kind, bundle, expires])
    return len(rows)


def _is_gone(tx: Transaction, principal: str, kind: str) -> bool:
    if kind == "person":
        person = find_person(tx, principal)
        return person is None or person.died_on is not None
    business = find_business(tx, principal)
    return business is None or business.ceased_on is not None


def _write_yearly(tx: Transaction, keyring: Keyring, principal: str, refs: Sequence[str]) -> None:
    """The yearly reminder to who is not online: it says how to end it by phone or at a counter."""
    held = [one for one in (find(tx, ref) for ref in refs) if one is not None]
    named = tx.execute(_SERVICES, {"services": sorted({one.service for one in held})})
    names = {row.client_id: row.client_name for row in named}
    offline.tell_principal(
        tx, keyring, principal=principal, principal_kind=held[0].principal_kind,
        helpers=sorted({one.delegate for one in held
                        if one.delegate and one.delegate_kind == "person"}),
        notice=Notice.HELPER_STILL,
        values={
            "helper": ", ".join(sorted({one.delegate_name for one in held})),
            "services": ", ".join(sorted(names.get(one.service, one.service) for one in held)),
            "reference": quoted_of(tx, held[0].bundle)[0],
        },
    )  # fmt: skip
