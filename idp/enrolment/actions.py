"""From nothing to an account: an address confirmed by a code, a name, and a first way in.

Until its address is confirmed an enrolment asks nothing about accounts, so a known address and an
unknown one get the same pages, the same mail and the same work: there is nothing to tell them
apart by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.accounts.actions import NameProblem, accounts_of_address, create_account
from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.authentication import sessions
from idp.authentication.actions import HashedPassword, set_password
from idp.authentication.ending import end_session
from idp.authentication.rules import is_code
from idp.authentication.sessions import SessionFacts
from idp.authentication.telling import tell
from idp.enrolment import limits
from idp.enrolment.records import AddressCodeRecord, EnrolmentRecord
from idp.enrolment.rules import Facts, Step, next_step
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_code, random_ref
from idp.notices.actions import Contact, Notice, send
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration
from idp.throttle import actions as throttle

ENROLMENT = timedelta(days=1)  # a day to find the mail, in the browser where it began
PASSWORD, EMAIL_CODE = "password", "email-code"


class Stop(StrEnum):
    """Why an enrolment or a reset cannot go on in this browser; each has a page of its own."""

    COOKIES = "cookies-refused"
    OTHER_BROWSER = "other-browser"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


class CodeAnswer(StrEnum):
    """What became of a code that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_OLD = "too-old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """An enrolment as it stands. `code_ref` names the code that is open, if there is one;
    `accounts` the sign-in names at the address, once it is confirmed."""

    ref: str
    journey_ref: str | None
    email: str | None
    confirmed: bool
    sign_in_name: str | None
    account_ref: str | None
    code_ref: str | None
    accounts: tuple[str, ...]
    name_taken: bool

    @property
    def step(self) -> Step:
        """What it needs next."""
        return next_step(
            Facts(
                address_given=self.email is not None,
                address_confirmed=self.confirmed,
                address_in_use=bool(self.accounts) or self.name_taken,
                name_chosen=self.sign_in_name is not None,
                has_account=self.account_ref is not None,
            )
        )

    @property
    def name(self) -> str:
        """What its account will sign in with: the address, unless another name was chosen."""
        return self.sign_in_name or self.email or ""


@dataclass(frozen=True, slots=True)
class Made:
    """The account that was made, and the secret of the session in it."""

    account_ref: str
    secret: str


_OPEN_CODE = (
    select(AddressCodeRecord.ref)
    .where(
        AddressCodeRecord.enrolment_ref == EnrolmentRecord.ref,
        AddressCodeRecord.email == EnrolmentRecord.email,
        AddressCodeRecord.used_at.is_(None),
        AddressCodeRecord.expires_at > db_now(),
    )
    .order_by(AddressCodeRecord.created_at.desc())
    .limit(1)
    .scalar_subquery()
)
_START = insert(EnrolmentRecord)
_THIS = EnrolmentRecord.ref == bindparam("enrolment")
_UNFINISHED = EnrolmentRecord.account_ref.is_(None)
_FIND = select(
    EnrolmentRecord.__table__, _OPEN_CODE.label("code_ref"), db_now().label("now")
).where(_THIS)
_NAME_TAKEN = select(AccountRecord.ref).where(AccountRecord.sign_in_name == bindparam("name"))
_SET_ADDRESS = (
    update(EnrolmentRecord)
    .where(_THIS, _UNFINISHED)
    .values(email=bindparam("address"), email_confirmed_at=None, sign_in_name=None)
)
_VOID_CODES = (
    update(AddressCodeRecord)
    .where(
        AddressCodeRecord.enrolment_ref == bindparam("enrolment"),
        AddressCodeRecord.used_at.is_(None),
        AddressCodeRecord.expires_at > db_now(),
    )
    .values(expires_at=db_now())
)
_ADD_CODE = insert(AddressCodeRecord).values(
    ref=bindparam("ref"),
    enrolment_ref=bindparam("of_enrolment"),
    email=bindparam("address"),
    code_index=bindparam("code_index"),
    created_at=db_now(),
    expires_at=db_now() + bindparam("lasts", limits.CODE_LASTS, type_=Duration()),
)
_SPEND_CODE = (
    update(AddressCodeRecord)
    .where(
        AddressCodeRecord.ref == bindparam("code_ref"),
        AddressCodeRecord.enrolment_ref == bindparam("enrolment"),
        AddressCodeRecord.code_index == bindparam("typed_index"),
        AddressCodeRecord.used_at.is_(None),
        AddressCodeRecord.expires_at > db_now(),
    )
    .values(used_at=db_now())
    .returning(AddressCodeRecord.email)
)
_CONFIRM = (
    update(EnrolmentRecord)
    .where(_THIS, _UNFINISHED, EnrolmentRecord.email == bindparam("confirmed_email"))
    .values(email_confirmed_at=db_now())
)
_CHOOSE_NAME = (
    update(EnrolmentRecord)
    .where(_THIS, _UNFINISHED, EnrolmentRecord.email_confirmed_at.is_not(None))
    .values(sign_in_name=bindparam("chosen"))
)
# Of two that finish at once one waits here, and then finds the account made.
_LOCK = (
    select(EnrolmentRecord.email, EnrolmentRecord.sign_in_name)
    .where(
        _THIS,
        _UNFINISHED,
        EnrolmentRecord.email_confirmed_at.is_not(None),
        EnrolmentRecord.expires_at > db_now(),
    )
    .with_for_update()
)
_MADE = update(EnrolmentRecord).where(_THIS).values(account_ref=bindparam("account"))


def start(tx: Transaction, *, browser_secret: str, journey_ref: str | None) -> str:
    """Begin an enrolment bound to one browser, and answer its reference.

    `journey_ref` is the sign-in that waits for it; the caller has looked that it is this
    browser's own.
    """
    now, ref = tx.now(), random_ref()
    row = {
        "ref": ref,
        "browser_digest": digest(browser_secret),
        "journey_ref": journey_ref,
        "created_at": now,
        "expires_at": now + ENROLMENT,
    }
    tx.write(_START, row)
    record(tx, Entry(kind="enrolment-started", detail={"enrolment": ref}))
    return ref


def locate(tx: Transaction, ref: str, *, browser_secret: str | None) -> Enrolment | Stop:
    """Answer an enrolment as it stands, or why it cannot go on in this browser."""
    if browser_secret is None:
        return Stop.COOKIES
    row = tx.execute(_FIND, {"enrolment": ref}).mappings().first()
    if row is None:
        return Stop.UNKNOWN
    if row["browser_digest"] != digest(browser_secret):
        return Stop.OTHER_BROWSER
    # Nothing goes on in the last ten minutes, so that no code outlives the enrolment it names.
    if row["expires_at"] - limits.CODE_LASTS <= row["now"]:
        return Stop.EXPIRED
    confirmed = row["email_confirmed_at"] is not None
    asked = confirmed and row["account_ref"] is None
    return Enrolment(
        ref=ref,
        journey_ref=row["journey_ref"],
        email=row["email"],
        confirmed=confirmed,
        sign_in_name=row["sign_in_name"],
        account_ref=row["account_ref"],
        code_ref=row["code_ref"],
        accounts=tuple(accounts_of_address(tx, row["email"])) if asked else (),
        name_taken=asked and _is_taken(tx, row["email"]),
    )


def send_code(tx: Transaction, keyring: Keyring, ref: str, email: str, *, locale: str) -> bool:
    """Send a code to an address that `read_address` let pass; every older code is void at once.

    The same statements whoever the address belongs to. False where the enrolment is finished.
    """
    # The enrolment's row is written first: of two at once the second waits, and voids the first.
    if tx.execute(_SET_ADDRESS, {"enrolment": ref, "address": email}).rowcount != 1:
        return False
    tx.write(_VOID_CODES, {"enrolment": ref})
    code, code_ref = random_code(), random_ref()
    row = {
        "ref": code_ref,
        "of_enrolment": ref,
        "address": email,
        "code_index": _index(keyring, code_ref, code),
    }
    tx.write(_ADD_CODE, row)
    minutes = str(limits.CODE_LASTS // timedelta(minutes=1))
    values = {"code": code, "minutes": minutes}
    send(tx, keyring, Contact("email", email), Notice.ADDRESS_CODE, values, locale=locale)
    record(tx, Entry(kind="address-code-sent", detail={"enrolment": ref, "code": code_ref}))
    return True


def reserve_mail(
    database: Database, keyring: Keyring, *, ref: str, email: str, address: str
) -> timedelta | None:
    """Count a code to be sent; answer None, or how long to wait. `address`: the caller's."""
    return throttle.reserve(database, keyring, limits.mail_limits(address, email, ref))


def reserve_try(
    database: Database, keyring: Keyring, enrolment: Enrolment, *, address: str
) -> timedelta | None:
    """Count a try at the open code before it is looked at; answer None, or how long to wait."""
    tries = limits.try_limits(address, enrolment.code_ref or "")
    return throttle.reserve(database, keyring, tries)


def confirm_address(
    tx: Transaction, keyring: Keyring, enrolment: Enrolment, typed: str
) -> CodeAnswer:
    """Spend the open code: one conditional statement, so it confirms once."""
    code_ref = enrolment.code_ref
    if code_ref is None:
        return CodeAnswer.TOO_OLD
    values = {
        "code_ref": code_ref,
        "enrolment": enrolment.ref,
        "typed_index": _index(keyring, code_ref, typed if is_code(typed) else ""),
    }
    email = tx.execute(_SPEND_CODE, values).scalar()
    values = {"enrolment": enrolment.ref, "confirmed_email": email}
    if email is None or tx.execute(_CONFIRM, values).rowcount != 1:
        _record(tx, "address-code-refused", enrolment, code=code_ref)
        return CodeAnswer.WRONG
    _record(tx, "address-confirmed", enrolment, code=code_ref)
    return CodeAnswer.RIGHT


def reserve_name(
    database: Database, keyring: Keyring, enrolment: Enrolment, *, address: str
) -> timedelta | None:
    """Count a name that is tried; answer None, or how long to wait."""
    return throttle.reserve(database, keyring, limits.name_limits(address, enrolment.ref))


def choose_name(tx: Transaction, enrolment: Enrolment, typed: str) -> NameProblem | None:
    """Keep the name that the account will sign in with, or say what is wrong with it.

    No name with an @ in it: a name that looks like an address belongs to whoever reads its mail.
    Whether it is still free is decided when the account is made.
    """
    name = canonical_sign_in_name(typed)
    if name is None or "@" in name:
        return NameProblem.SHAPE
    if _is_taken(tx, name):
        return NameProblem.TAKEN
    tx.execute(_CHOOSE_NAME, {"enrolment": enrolment.ref, "chosen": name})
    return None


def make_account(
    tx: Transaction,
    keyring: Keyring,
    ref: str,
    *,
    password: HashedPassword | None,
    before: SessionFacts | None,
    device: str = "",
) -> Made | NameProblem | None:
    """Make the account and sign its holder in; `before` is who was signed in here until now.

    The session says what was proved: the password just chosen or, for somebody who goes on to a
    passkey, the code that was mailed. `NameProblem.TAKEN` where somebody else was quicker to
    take the name: the enrolment then asks for another one. None where there is nothing to make:
    another tab made it, or the address is not confirmed any more.
    """
    row = tx.execute(_LOCK, {"enrolment": ref}).first()
    if row is None:
        return None
    name = row.sign_in_name or row.email
    account = create_account(tx, sign_in_name=name, email=row.email, confirmed=True)
    if isinstance(account, NameProblem):
        tx.execute(_CHOOSE_NAME, {"enrolment": ref, "chosen": None})
        return account
    if password is not None:
        set_password(tx, keyring, account, password)
    tx.write(_MADE, {"enrolment": ref, "account": account})
    if before is not None:
        end_session(tx, before.ref, before.party)
    method, now = PASSWORD if password is not None else EMAIL_CODE, tx.now()
    proofs = {method: _milliseconds(now)}
    _session, secret = sessions.start(tx, account, proofs, now, device)
    tell(tx, keyring, account, Notice.SIGNED_UP)
    detail = {"enrolment": ref, "method": method}
    record(tx, Entry(kind="account-made", person=account, detail=detail))
    return Made(account, secret)


def _index(keyring: Keyring, code_ref: str, code: str) -> str:
    return keyring.index("code", f"address:{code_ref}:{code}")


def _is_taken(tx: Transaction, typed: str) -> bool:
    name = canonical_sign_in_name(typed)
    return tx.execute(_NAME_TAKEN, {"name": name}).first() is not None


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _record(tx: Transaction, kind: str, enrolment: Enrolment, **detail: str) -> None:
    kept: Mapping[str, Any] = {"enrolment": enrolment.ref, **detail}
    record(tx, Entry(kind=kind, detail=kept))
