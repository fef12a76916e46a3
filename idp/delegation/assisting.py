"""A charity at a kitchen table: a permission made while the person is there.

It is short and for what the services opted in to, on evidence that caps its level. The person is
told on a channel of their own, never on the adviser's. A member of an organisation that signed the
standard agreement makes it; the principal needs no account.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import bindparam, insert, update

from idp.assurance.evidence import GrantEvidence
from idp.assurance.policy import Policies
from idp.assurance.powers_file import realms
from idp.delegation.actions import insert_mandate, sort_name
from idp.delegation.lifecycle import Move, Party, State, end_of_day
from idp.delegation.moving import By, Moved, make_room, move, read_bundle
from idp.delegation.records import AssignmentRecord, MandateInvitationRecord
from idp.delegation.telling import addresses_of, tell_principal
from idp.errors import Refusal
from idp.identifiers.rules import NationalInsuranceNumber
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_code, random_ref
from idp.notices.actions import Contact, Notice, send
from idp.organisations import agreement
from idp.organisations.actions import working
from idp.organisations.rules import Role
from idp.register.actions import contacts_of, facts_for_claim
from idp.register.matching import Claim, Verdict, match
from idp.storage import Database, Transaction, db_now
from idp.throttle import actions as throttle
from idp.throttle.actions import Limit

BASIS = "assisted"
PAPER, TEXT = "signed-paper", "text-two-steps"
TODAY = 1  # ends with the day, as the page says: not a day later
TERMS_DAYS = (TODAY, 31)
CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 3
CODE = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """A member who may help people now, and the organisation they do it for."""

    member_ref: str
    account_ref: str
    person_ref: str | None
    organisation: str
    organisation_name: str
    services: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person asks for: powers by service, for so many days, on which evidence.

    `document` is the fingerprint of the paper they signed, where they did; `text_hash` that of
    the words that were shown.
    """

    services: Mapping[str, tuple[str, ...]]
    days: int
    evidence: str
    text_hash: str
    document: str | None = field(default=None, repr=False)


_INVITATION = MandateInvitationRecord
_TRY = (
    update(_INVITATION)
    .where(
        _INVITATION.ref == bindparam("bundle"),
        _INVITATION.invited_by == bindparam("member"),
        _INVITATION.attempts < CODE_TRIES,
        _INVITATION.closed_at.is_(None),
        _INVITATION.expires_at > db_now(),
    )
    .values(attempts=_INVITATION.attempts + 1)
    .returning(_INVITATION.token_digest)
)
_CLOSE = (
    update(_INVITATION)
    .where(_INVITATION.ref == bindparam("bundle"), _INVITATION.closed_at.is_(None))
    .values(closed_at=db_now())
    .returning(_INVITATION.ref)
)


def helper_of(
    tx: Transaction, policies: Policies, organisation: str, *, account: str, person: str | None
) -> Helper | Refusal | None:
    """Answer who helps, or why they may not: no worker of it, or no agreement that holds. None:
    they are nobody who works there, or it cannot act now."""
    found = working(tx, organisation, account)
    if found is None:
        return None
    firm, member = found
    if Role.WORKER not in member.roles:
        return Refusal("role-lacking", "only a member who helps people may do this")
    signed = agreement.in_force(tx, organisation)
    if signed is None:
        return Refusal("no-agreement", "the organisation has not signed the standard agreement")
    open_now = {name for name, entry in policies.powers.items() if entry.assisted}
    return Helper(
        member_ref=member.ref, account_ref=account, person_ref=person, organisation=organisation,
        organisation_name=firm.name, services=signed.services & open_now,
    )  # fmt: skip


def find_person(
    database: Database,
    keyring: Keyring,
    policies: Policies,
    helper: Helper,
    *,
    number: NationalInsuranceNumber,
    claim: Claim,
) -> str | timedelta | None:
    """Find the person who is there, by their number, name and date of birth. None: no match, and
    nothing says what did not fit. A length of time: too many tries, wait so long.

    Counted before it is looked at, for the member, the organisation and the number (I14).
    """
    counted = (
        Limit(kind="assist-member", value=helper.member_ref, burst=10, per=timedelta(minutes=6)),
        Limit(kind="assist-organisation", value=helper.organisation, burst=200,
              per=timedelta(seconds=30)),
        Limit(kind="assist-number", value=number.key, burst=5, per=timedelta(hours=2)),
    )  # fmt: skip
    wait = throttle.reserve(database, keyring, counted)
    if wait is not None:
        return wait

    def work(tx: Transaction) -> str | None:
        facts = facts_for_claim(tx, keyring, number)
        same = match(claim, facts.compared, facts.others, policies.names).verdict is Verdict.SAME
        found = facts.person if same and facts.person and facts.person.died_on is None else None
        kind = "assist-found" if found else "assist-not-found"
        about = facts.person.ref if facts.person else helper.organisation
        detail = {"organisation": helper.organisation, "member": helper.member_ref}
        record(tx, Entry(kind=kind, person=about, actor=_actor(helper), detail=detail))
        return found.ref if found else None

    return database.transaction(work)


def make(
    tx: Transaction, keyring: Keyring, policies: Policies, helper: Helper, person: str, want: Wanted
) -> str | Refusal:
    """Make the permission, or send the person the code that makes it; answers the bundle.

    On paper it is active at once. By text message it waits, as a draft, for the code that only
    the person's own telephone shows: one message says what is asked, a second holds the code.
    """
    problem = _problem(policies, helper, want)
    if problem is not None:
        return problem
    if helper.person_ref == person:
        return Refusal("own-delegate", "nobody helps themself")
    phone = contacts_of(tx, person).phone if want.evidence == TEXT else None
    own = addresses_of(tx, [helper.person_ref] if helper.person_ref else [])
    if want.evidence == TEXT and (phone is None or phone.casefold() in own):
        return Refusal("no-contact", "the register holds no mobile number of this person alone")
    # What the last page sends can be sent again: it is counted, or the code could be guessed.
    if throttle.reserve_within(tx, keyring, _made_limits(helper, person)) is not None:
        return Refusal("too-often", "made too often for this person, or by this member")
    bundle, now, code = random_ref(), tx.now(), random_code()
    values = {
        "ref": bundle, "channel": "paper" if want.evidence == PAPER else "own",
        "token_digest": _code_mark(keyring, bundle, code) if phone else None,
        "organisation_ref": helper.organisation, "invited_by": helper.member_ref,
        "created_at": now, "expires_at": now + CODE_LASTS,
    }  # fmt: skip
    tx.execute(insert(_INVITATION).values(values))
    kind = policies.grants[want.evidence]
    for service, powers in sorted(want.services.items()):
        _draft(tx, helper, person, bundle, service, powers, want, kind)
    if phone is None:
        _give(tx, keyring, helper, bundle)
        return bundle
    names = ", ".join(policies.name_of(service) for service in sorted(want.services))
    told = {"organisation": helper.organisation_name, "services": names}
    send(tx, keyring, Contact("text", phone), Notice.ASSISTED_RECAP, told)
    asked = {"code": code, "minutes": str(CODE_LASTS // timedelta(minutes=1))}
    send(tx, keyring, Contact("text", phone), Notice.ASSISTED_CODE, asked)
    return bundle


def give_code(tx: Transaction, keyring: Keyring, helper: Helper, bundle: str, typed: str) -> bool:
    """Spend the person's code: right makes the permission, and three wrong ones end the draft.

    Each try is counted in the statement that reads what it is compared with.
    """
    tried = {"bundle": bundle, "member": helper.member_ref}
    held = tx.execute(_TRY, tried).scalar_one_or_none()
    right = held is not None and CODE.fullmatch(typed) is not None
    if not right or not hmac.compare_digest(held or "", _code_mark(keyring, bundle, typed)):
        detail = {"bundle": bundle, "member": helper.member_ref}
        record(tx, Entry(kind="assist-code-refused", person=helper.organisation,
                         actor=_actor(helper), detail=detail))  # fmt: skip
        return False
    return _give(tx, keyring, helper, bundle)


def _problem(policies: Policies, helper: Helper, want: Wanted) -> Refusal | None:
    kind = policies.grants.get(want.evidence)
    if kind is None or not kind.usable or BASIS not in kind.bases:
        return Refusal("evidence", "this evidence is not approved for help in person")
    if want.evidence == PAPER and not want.document:
        return Refusal("document", "keep the signed paper, and enter what it is")
    if want.days not in TERMS_DAYS:
        return Refusal("term", "help in person lasts a day or a month")
    if not want.services or not set(want.services) <= helper.services:
        return Refusal("services", "choose services that take part in the standard agreement")
    if len(realms(policies.powers, want.services)) > 1:  # I21
        return Refusal("realms", "health services need a permission of their own")
    for service, powers in want.services.items():
        if not powers or policies.powers[service].unknown(powers):
            return Refusal("powers", "choose what may be done at each service")
        if not kind.cap.covers(policies.floor(service)):
            return Refusal("evidence", "the service asks for stronger evidence than this")
    return None


def _draft(
    tx: Transaction,
    helper: Helper,
    person: str,
    bundle: str,
    service: str,
    powers: tuple[str, ...],
    want: Wanted,
    kind: GrantEvidence,
) -> None:
    held = {"type": kind.id, "held_by": helper.organisation, "hash": want.document}
    insert_mandate(
        tx, state=State.DRAFT, bundle=bundle, principal=person, delegate=helper.organisation,
        service=service, powers=powers, basis=BASIS, created_by=helper.member_ref, now=tx.now(),
        delegate_kind="organisation", principal_sort=sort_name(tx, person), evidence=[held],
        grant_identity=kind.cap.identity, grant_sign_in=kind.cap.sign_in,
        evidence_identity=kind.cap.identity, evidence_sign_in=kind.cap.sign_in,
        term_days=want.days, text_hash=want.text_hash,
    )  # fmt: skip


def _give(tx: Transaction, keyring: Keyring, helper: Helper, bundle: str) -> bool:
    """Turn the drafts into permissions and open them to the member; once."""
    if tx.execute(_CLOSE, {"bundle": bundle}).scalar_one_or_none() is None:
        return False
    now, person = tx.now(), None
    for row in read_bundle(tx, bundle):
        make_room(
            tx, principal=row.principal or "", delegate=helper.organisation, service=row.service,
            exclusive=False, but=row.ref,
        )  # fmt: skip
        by = By(party=Party.PRINCIPAL, who=helper.member_ref, actor=_actor(helper))
        ends = (
            end_of_day(now) if row.term_days == TODAY else now + timedelta(days=row.term_days or 1)
        )
        moved = move(tx, row.ref, Move.GIVE, by, values={"starts": now, "expires": ends}, row=row)
        if not isinstance(moved, Moved):
            raise AssertionError("a draft that was closed once can be given")
        values = {"mandate_ref": row.ref, "assignee": helper.member_ref,
                  "assigned_by": helper.member_ref, "assigned_at": now,
                  "principal": row.principal,
                  "principal_sort": sort_name(tx, row.principal or "")}  # fmt: skip
        tx.execute(insert(AssignmentRecord).values(values))
        person = row.principal
    if person is not None:
        own = [helper.person_ref] if helper.person_ref else []
        tell_principal(tx, keyring, person, Notice.HELP_GIVEN, own,
                       organisation=helper.organisation_name)  # fmt: skip
    return True


def _made_limits(helper: Helper, person: str) -> tuple[Limit, ...]:
    return (
        Limit(kind="assist-made", value=helper.member_ref, burst=20, per=timedelta(minutes=6)),
        Limit(kind="assist-made-for", value=person, burst=5, per=timedelta(hours=2)),
    )


def words_shown(helper: Helper, policies: Policies, want: Mapping[str, tuple[str, ...]]) -> str:
    """The words the person agrees to, as one text whose fingerprint is kept."""
    lines = [f"{helper.organisation_name}"]
    for service, powers in sorted(want.items()):
        lines += [f"{service}: {word}" for word in policies.powers[service].says(powers)]
    return "\n".join(lines)


def fingerprint(text: str) -> str:
    """The SHA-256 of the words that were shown."""
    return sha256(text.encode()).hexdigest()


def _actor(helper: Helper) -> str:
    return helper.person_ref or helper.account_ref


def _code_mark(keyring: Keyring, bundle: str, code: str) -> str:
    return keyring.index("code", f"assist:{bundle}:{code}")
