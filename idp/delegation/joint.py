"""Several delegates appointed together: so many of them agree to one visit before a token exists.

One asks, for a purpose; the others sign, each in a session of their own. Asking counts as the
asker's own agreement and nobody counts twice, so nobody forms a quorum alone (I13). What was agreed
is one visit of whoever asked, to one service and for the purpose that the others read: it is used
up by the code that is issued on it, and over after seven days. Who has lost their own mandate
meanwhile counts no more (`idp.callers.acting`). Source: `delegation.md` section 5, point 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, insert, select, update

from idp.accounts.actions import account_of_person
from idp.callers.acting import holds
from idp.delegation.records import (
    JointActRecord,
    JointAuthorityRecord,
    JointSignatureRecord,
    MandateRecord,
)
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.actions import Contact, Notice, send
from idp.register.records import BusinessRecord, PersonRecord
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert

LASTS = timedelta(days=7)
LONGEST_PURPOSE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fellow:
    """One of those who were appointed together, and whether they agreed."""

    person: str
    name: str
    agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JointAct:
    """What one of them asked the others, and how far it is. `ready`: enough of them agreed."""

    ref: str
    service: str
    purpose: str
    principal: str
    principal_name: str
    asked_by: str
    expires_at: datetime
    quorum: int
    fellows: tuple[Fellow, ...]

    @property
    def agreed(self) -> int:
        """How many agreed, whoever asked among them."""
        return sum(one.agreed for one in self.fellows)

    @property
    def ready(self) -> bool:
        """Enough of them agreed."""
        return self.agreed >= self.quorum


_M, _A = MandateRecord.__table__, JointActRecord.__table__
_S, _J = JointSignatureRecord.__table__, JointAuthorityRecord.__table__
_P, _B = PersonRecord.__table__, BusinessRecord.__table__
_OPEN = and_(_A.c.closed_at.is_(None), _A.c.expires_at > db_now())


def make_authority(tx: Transaction, *, principal: str, quorum: int) -> str:
    """Note that delegates are appointed together, `quorum` of whom have to agree to an act."""
    ref = random_ref()
    values = {"ref": ref, "principal": principal, "quorum": quorum, "created_at": tx.now()}
    tx.execute(insert(JointAuthorityRecord).values(values))
    return ref


def quorum_problem(quorum: int, delegates: int) -> str | None:
    """Say what is wrong with a quorum, as a code: none, or more than there are to agree."""
    if delegates < 2:
        return "delegates-too-few"
    return None if 1 <= quorum <= delegates else "quorum-impossible"


# A delegate of an authority, for one service, whose mandate carries something now.
_LIVE_FELLOW = and_(
    _M.c.authority_ref == bindparam("authority"),
    _M.c.service == bindparam("at_service"),
    holds(_M),
)
_FELLOWS = (
    select(
        _M.c.delegate, _P.c.given_name, _P.c.family_name,
        _S.c.signed_at.is_not(None).label("agreed"),
    )
    .join(_P, _P.c.ref == _M.c.delegate)
    .join(
        _S,
        and_(_S.c.act_ref == bindparam("act"), _S.c.delegate == _M.c.delegate),
        isouter=True,
    )
    .where(_LIVE_FELLOW)
    .order_by(_P.c.family_name, _P.c.given_name, _P.c.ref)
)  # fmt: skip
_LOCK = select(_J.c.ref, _J.c.quorum).where(_J.c.ref == bindparam("authority")).with_for_update()
_ACT = (
    select(_A, _J.c.quorum, _J.c.principal, _P.c.given_name, _P.c.family_name, _B.c.name)
    .join(_J, _J.c.ref == _A.c.authority_ref)
    .join(_P, _P.c.ref == _J.c.principal, isouter=True)
    .join(_B, _B.c.ref == _J.c.principal, isouter=True)
    .where(_OPEN)
)
_BY_REF = _ACT.where(_A.c.ref == bindparam("act"))
_OWN = _ACT.where(
    _A.c.authority_ref == bindparam("authority"),
    _A.c.service == bindparam("at_service"),
    _A.c.asked_by == bindparam("asker"),
).order_by(_A.c.asked_at.desc(), _A.c.ref).limit(1)  # fmt: skip
_IS_FELLOW = exists().where(
    _M.c.authority_ref == _A.c.authority_ref,
    _M.c.service == _A.c.service,
    _M.c.delegate == bindparam("person", type_=_M.c.delegate.type),
    holds(_M),
)
_ASKED_OF = (
    _ACT.where(
        _IS_FELLOW,
        ~exists().where(_S.c.act_ref == _A.c.ref, _S.c.delegate == bindparam("person")),
    )
    .order_by(_A.c.asked_at, _A.c.ref)
    .limit(100)
)


def _sign(insert_: Any) -> Any:
    signer = select(
        _A.c.ref,
        bindparam("person", type_=_S.c.delegate.type).label("delegate"),
        db_now(),
    ).where(_A.c.ref == bindparam("act"), _OPEN, _IS_FELLOW)
    return (
        insert_(JointSignatureRecord)
        .from_select(["act_ref", "delegate", "signed_at"], signer)
        .on_conflict_do_nothing(index_elements=["act_ref", "delegate"])
        .returning(JointSignatureRecord.act_ref)
    )


# One signature for each act and delegate; only of a delegate, and only while it is open.
_SIGN = upsert(_sign)
_CLOSE = (
    update(JointActRecord)
    .where(
        _A.c.ref == bindparam("act"), _A.c.asked_by == bindparam("asker"),
        _A.c.closed_at.is_(None), _A.c.expires_at > db_now(),
    )
    .values(closed_at=db_now())
    .returning(_A.c.purpose)
)  # fmt: skip


def authority_of(tx: Transaction, authority_ref: str) -> int | None:
    """How many have to agree; None where there is no such authority. Locks it."""
    row = tx.execute(_LOCK, {"authority": authority_ref}).first()
    return None if row is None else int(row.quorum)


def fellows_of(
    tx: Transaction, authority_ref: str, service: str, act: str = ""
) -> tuple[Fellow, ...]:
    """List who was appointed together for a service and still is, and who agreed to `act`."""
    asked = {"authority": authority_ref, "at_service": service, "act": act}
    return tuple(
        Fellow(person=row.delegate, name=f"{row.given_name} {row.family_name}", agreed=row.agreed)
        for row in tx.execute(_FELLOWS, asked)
    )


def ask(
    tx: Transaction,
    keyring: Keyring,
    *,
    authority_ref: str,
    service: str,
    asker: str,
    purpose: str,
) -> JointAct | None:
    """Ask the others to agree to one visit; whoever asks has agreed by that.

    Who asked already gets what they asked: there is one open act for each asker and service.
    None: `asker` is no delegate of this authority there. `purpose` is 1 to 200 characters, and is
    shown to the others.
    """
    if authority_of(tx, authority_ref) is None:
        return None
    if asker not in {one.person for one in fellows_of(tx, authority_ref, service)}:
        return None
    found = asked_by(tx, authority_ref=authority_ref, service=service, asker=asker)
    if found is not None:
        return found
    ref, now = random_ref(), tx.now()
    values = {
        "ref": ref, "authority_ref": authority_ref, "service": service,
        "purpose": " ".join(purpose.split())[:LONGEST_PURPOSE], "asked_by": asker,
        "asked_at": now, "expires_at": now + LASTS,
    }  # fmt: skip
    tx.execute(insert(JointActRecord).values(values))
    tx.execute(_SIGN.on(tx), {"act": ref, "person": asker})
    made = find(tx, ref)
    if made is not None:
        _record(tx, "joint-act-asked", made, asker)
        _tell(tx, keyring, made)
    return made


def sign(tx: Transaction, ref: str, person: str) -> JointAct | None:
    """Agree to what another delegate asked, once. None: there is nothing open that this person
    may agree to; whoever signs twice changes nothing."""
    signed = tx.execute(_SIGN.on(tx), {"act": ref, "person": person}).scalar_one_or_none()
    found = find(tx, ref)
    if found is None or person not in {one.person for one in found.fellows}:
        return None
    if signed is not None:
        _record(tx, "joint-act-signed", found, person)
    return found


def find(tx: Transaction, ref: str) -> JointAct | None:
    """Answer an act that is open: not used up, not over, and its asker still a delegate. The
    caller checks who looks."""
    row = tx.execute(_BY_REF, {"act": ref}).mappings().first()
    return None if row is None else _read(tx, row)


def asked_by(tx: Transaction, *, authority_ref: str, service: str, asker: str) -> JointAct | None:
    """Answer what this delegate asked the others at a service, if it is open."""
    values = {"authority": authority_ref, "at_service": service, "asker": asker}
    row = tx.execute(_OWN, values).mappings().first()
    return None if row is None else _read(tx, row)


def waiting_for(tx: Transaction, person: str) -> Sequence[JointAct]:
    """List the open acts that others ask this person to agree to, oldest first."""
    rows = tx.execute(_ASKED_OF, {"person": person}).mappings().all()
    return [act for act in (_read(tx, row) for row in rows) if act is not None]


def open_act_of(mandate: Any) -> Any:
    """The newest open act that the delegate of a mandate asked for under it, as a scalar in SQL;
    `mandate` is a source of the enclosing statement."""
    return (
        select(_A.c.ref)
        .where(
            _A.c.authority_ref == mandate.c.authority_ref,
            _A.c.service == mandate.c.service,
            _A.c.asked_by == mandate.c.delegate,
            _OPEN,
        )
        .order_by(_A.c.asked_at.desc(), _A.c.ref)
        .limit(1)
        .correlate_except(_A)
        .scalar_subquery()
    )


_AGREED = select(open_act_of(_M)).where(
    _M.c.ref == bindparam("mandate"), _M.c.delegate == bindparam("asker")
)


def agreed_for(tx: Transaction, mandate_ref: str, asker: str | None) -> str | None:
    """Answer the open act that a delegate asked for under their mandate, if there is one: for
    `acting.ask`, which counts who has signed it."""
    asked = {"mandate": mandate_ref, "asker": asker or ""}
    found: str | None = tx.execute(_AGREED, asked).scalar_one_or_none()
    return found


def use_up(tx: Transaction, ref: str, asker: str) -> str | None:
    """Close an act for the code that is issued on it, and answer the purpose that was agreed to,
    which is that of the visit. None: it is not this asker's, or another code was first, or it is
    over."""
    closed: str | None = tx.execute(_CLOSE, {"act": ref, "asker": asker}).scalar_one_or_none()
    return closed


def _read(tx: Transaction, row: Any) -> JointAct | None:
    fellows = fellows_of(tx, row["authority_ref"], row["service"], row["ref"])
    if row["asked_by"] not in {one.person for one in fellows}:
        return None
    name = f"{row['given_name']} {row['family_name']}" if row["given_name"] else row["name"] or ""
    return JointAct(
        ref=row["ref"],
        service=row["service"],
        purpose=row["purpose"],
        principal=row["principal"],
        principal_name=name,
        asked_by=row["asked_by"],
        expires_at=row["expires_at"],
        quorum=row["quorum"],
        fellows=fellows,
    )


def _tell(tx: Transaction, keyring: Keyring, act: JointAct) -> None:
    """Tell the others that somebody waits for them: who and what is on the page, not in a mail."""
    for fellow in act.fellows:
        account = None if fellow.agreed else account_of_person(tx, fellow.person)
        if account is not None:
            told = {"account": account.sign_in_name, "link": f"/account/helping/agree/{act.ref}"}
            send(tx, keyring, Contact("email", account.email), Notice.JOINT_ASKED, told)


def _record(tx: Transaction, kind: str, act: JointAct, by: str) -> None:
    """For the principal, and for who did it. The purpose stays out: the act holds it."""
    detail = {"joint_act": act.ref, "service": act.service, "agreed": act.agreed,
              "quorum": act.quorum}  # fmt: skip
    for person, actor in ((act.principal, by), (by, None)):
        record(tx, Entry(kind=kind, person=person, actor=actor, client_id=act.service,
                         detail=detail))  # fmt: skip
