"""What time alone brings about: offers that run out soon, terms that end soon, yearly reminders.

Nothing here decides whether a permission holds: that is judged when it is read (I7).
"""

from datetime import timedelta

from sqlalchemy import and_, bindparam, func, or_, select, update

from idp.delegation import known, telling
from idp.delegation.lifecycle import OFFER_NOTICE, REVIEW_NOTICE, Move, Party, State
from idp.delegation.moving import By, move, read_bundle
from idp.delegation.owning import remind_by_mail
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.keyring.ring import Keyring
from idp.notices.actions import Notice
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration

AT_A_TIME = 100
YEAR = timedelta(days=365)

_I, _M = MandateInvitationRecord.__table__.c, MandateRecord.__table__.c
_ENDING = (
    select(_I.ref)
    .where(
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
    .returning(_M.principal, _M.principal_kind, _M.bundle, _M.expires)
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
            known.remind(tx, keyring, row["ref"])
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
    rows = tx.execute(_REVIEW).all()
    told = {(row.principal, row.bundle, row.expires) for row in rows
            if row.principal_kind == "person"}  # fmt: skip
    for principal, _bundle, expires in sorted(told, key=str):
        if expires is None:
            telling.tell_principal(tx, keyring, principal, Notice.HELPER_YEARLY)
        else:
            telling.tell_principal(
                tx, keyring, principal, Notice.HELPER_REVIEW, when=expires.isoformat()
            )
    return len(rows)
