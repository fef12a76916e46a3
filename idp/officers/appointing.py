"""Permissions that officers enter: of people who are not online, and by law.

One officer puts it forward, with who showed what; another confirms it, and only then is it given.
The certainty of the permission is what `policies/evidence.toml` makes of the evidence together,
and so are the services it may be for. Ending takes one officer. Source: Transformational Government
(2005), 84(7); `delegation.md` section 1 and "Added after review".
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from idp.assurance.evidence import worth
from idp.assurance.policy import Policies
from idp.assurance.powers_file import ALL, ServicePowersEntry
from idp.assurance.rules import Level
from idp.callers.authority import ESTATE
from idp.callers.records import ClientRecord
from idp.delegation import actions as delegation
from idp.delegation import joint
from idp.delegation.lifecycle import term_problem
from idp.delegation.offline import Ways, tell_principal
from idp.delegation.telling import addresses_of
from idp.errors import Refusal
from idp.journal.actions import new_reference
from idp.keyring.ring import Keyring
from idp.notices.rules import Notice
from idp.officers import proposals
from idp.officers.actions import officer_now
from idp.officers.calls import PHONE_CODE, Call
from idp.officers.finding import name_of, proved
from idp.officers.proposals import Decision, Outcome
from idp.officers.rules import Act, Verdict, judge
from idp.officers.telling import tell_helper, tell_organisation
from idp.register.actions import contacts_shown, find_person
from idp.register.businesses import find_business
from idp.register.rules import Status
from idp.storage import Transaction

APPOINT = "appoint-helper"  # what the proposals of this file are called
APPOINTED = "appointed"
BY_LAW = ("lasting-power", "deputyship", "parental", "estate", "director", "official")
# Where the law knows more than people: a trust corporation as attorney, deputy or executor (Mental
# Capacity Act 2005, sections 10 and 19; Senior Courts Act 1981, section 115), a council that has
# parental responsibility (Children Act 1989, section 33), a corporate appointee (Social Security
# (Claims and Payments) Regulations 1987, regulation 33).
OF_ORGANISATIONS = frozenset({"lasting-power", "deputyship", "parental", "estate", "official"})
# As attorney or deputy it has to do with property and affairs only (sections 10(1) and 19(1)).
NOT_FOR_HEALTH = frozenset({"lasting-power", "deputyship"})
HEALTH = "health"
MOST_DELEGATES = 10
DEFAULT_DAYS = 365  # for a service that has no entry in powers.toml


class Problem(StrEnum):
    """Why a permission was not entered or not given; the value names a message."""

    ROLE_LACKING = "role-lacking"
    HELPER = "helper-not-proved"
    OWN_DELEGATE = "own-delegate"
    TWICE = "helper-twice"
    TOO_MANY = "helpers-too-many"
    BASIS = "basis-wrong"
    DEAD = "principal-dead"
    ALIVE = "principal-alive"
    SERVICES = "services-missing"
    POWERS = "powers-missing"
    REALM = "realms-mixed"
    TERM = "term-too-long"
    TERM_NEEDED = "term-needs-end"
    EXCLUSIVE = "service-takes-one"
    QUORUM = "quorum-impossible"
    ORGANISATION = "organisation-unknown"
    ORGANISATION_BASIS = "organisation-not-on-this-basis"
    ORGANISATION_HEALTH = "organisation-not-for-health"
    ORGANISATION_TOGETHER = "organisation-acts-alone"
    EVIDENCE = "evidence-missing"
    LEVEL = "evidence-too-little"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A service where others may act, as it is offered: `floor` is what it asks of everybody."""

    client_id: str
    name: str
    floor: Level
    entry: ServicePowersEntry | None

    @property
    def powers(self) -> dict[str, str]:
        """Its powers, with their words; one that means all where it declares none."""
        return {one.id: one.says for one in self.entry.power} if self.entry else {ALL: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A permission as an officer enters it. `days` None: without an end. `quorum` of the delegates
    have to agree to each visit, where there are several. `organisation` is the one of the
    delegates that is no person; empty where all are people."""

    call: str
    principal: str
    principal_kind: str
    delegates: tuple[str, ...]
    basis: str
    services: Mapping[str, tuple[str, ...]]
    days: int | None
    quorum: int
    evidence: tuple[Mapping[str, str], ...]
    organisation: str = ""

    @property
    def people(self) -> tuple[str, ...]:
        """Those of the delegates who are people."""
        return tuple(one for one in self.delegates if one != self.organisation)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of evidence behind it."""
        return frozenset(one["type"] for one in self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was given: its bundles, one a delegate, how sure, and how the principal is told."""

    bundles: tuple[str, ...]
    level: Level
    told: Ways


def problem_with(
    wish: Wish,
    offered: Mapping[str, Offered],
    cap: Level | None,
    *,
    alive: bool,
    proved: frozenset[str],
) -> Problem | None:
    """Say what stands in the way of a permission, or None. Pure.

    `cap` is what the evidence is worth; None: nothing. `proved` are those of the delegates whose
    identity was checked, and the organisation if it can act.
    """
    return (
        _parties(wish, alive=alive, proved=proved)
        or (_organisation(wish, offered) if wish.organisation else None)
        or _terms(wish, offered)
        or (Problem.EVIDENCE if cap is None else None)
        or (
            None
            if cap and all(cap.covers(offered[one].floor) for one in wish.services)
            else Problem.LEVEL
        )
    )


def _parties(wish: Wish, *, alive: bool, proved: frozenset[str]) -> Problem | None:
    several = len(wish.delegates)
    if wish.organisation and wish.organisation not in proved:
        return Problem.ORGANISATION
    if not several or not set(wish.delegates) <= proved:
        return Problem.HELPER
    if several > MOST_DELEGATES:
        return Problem.TOO_MANY
    if len(set(wish.delegates)) < several:
        return Problem.TWICE
    if wish.principal in wish.delegates:
        return Problem.OWN_DELEGATE
    if wish.basis not in {APPOINTED, *BY_LAW}:
        return Problem.BASIS
    if (wish.principal_kind == "business") != (wish.basis == "director"):
        return Problem.BASIS
    if not alive and wish.basis not in {ESTATE, "official"}:
        return Problem.DEAD
    if alive and wish.basis == ESTATE:
        return Problem.ALIVE
    if wish.basis == APPOINTED and several > 1:
        return Problem.TOO_MANY
    if several > 1 and joint.quorum_problem(wish.quorum, several):
        return Problem.QUORUM
    return None


def _organisation(wish: Wish, offered: Mapping[str, Offered]) -> Problem | None:
    if wish.basis not in OF_ORGANISATIONS:
        return Problem.ORGANISATION_BASIS
    health = any(_realm(offered[one]) == HEALTH for one in wish.services if one in offered)
    if health and wish.basis in NOT_FOR_HEALTH:
        return Problem.ORGANISATION_HEALTH
    # Who agrees is a person, in a session of their own: an organisation has none to agree with.
    together = len(wish.delegates) > 1 and wish.quorum > 1
    return Problem.ORGANISATION_TOGETHER if together else None


def _terms(wish: Wish, offered: Mapping[str, Offered]) -> Problem | None:
    if not wish.services or not set(wish.services) <= set(offered):
        return Problem.SERVICES
    for client_id, powers in wish.services.items():
        one = offered[client_id]
        if not powers or not set(powers) <= {*one.powers, ALL}:
            return Problem.POWERS
        if len(wish.delegates) > 1 and one.entry and one.entry.exclusive:
            return Problem.EXCLUSIVE
        wrong = term_problem(
            wish.days,
            longest=one.entry.longest_days if one.entry else DEFAULT_DAYS,
            open_ended=bool(one.entry and one.entry.open_ended),
        )
        if wrong:
            return Problem.TERM_NEEDED if wrong == "term-needs-end" else Problem.TERM
    realms = {_realm(offered[one]) for one in wish.services}
    return Problem.REALM if len(realms) > 1 else None


def _realm(one: Offered) -> str:
    return one.entry.realm if one.entry else "general"


_AWARE = (
    select(ClientRecord.client_id, ClientRecord.client_name)
    .where(ClientRecord.delegation_aware, ClientRecord.disabled_at.is_(None))
    .order_by(ClientRecord.client_name)
)


def offered_services(tx: Transaction, policies: Policies) -> dict[str, Offered]:
    """List the services where others may act, by client_id and in the order of their names."""
    return {
        row.client_id: Offered(
            client_id=row.client_id,
            name=row.client_name,
            floor=policies.floor(row.client_id),
            entry=policies.powers.get(row.client_id),
        )
        for row in tx.execute(_AWARE)
    }


def check(tx: Transaction, policies: Policies, wish: Wish) -> Problem | Level:
    """Judge a permission by what is so now: its certainty, or what stands in the way."""
    heard = frozenset({PHONE_CODE}) if _read_out_by_helper(tx, wish) else frozenset()
    cap = worth(wish.kinds - heard, wish.basis, policies.grants)
    wrong = problem_with(
        wish, offered_services(tx, policies), cap, alive=_alive(tx, wish),
        proved=proved(tx, wish.people, wish.organisation),
    )  # fmt: skip
    return wrong or cap or Problem.EVIDENCE


def propose(
    tx: Transaction, keyring: Keyring, policies: Policies, call: Call, wish: Wish
) -> str | Problem:
    """Put a permission forward; another officer has to confirm it. Answers its reference."""
    if judge(officer_now(tx, call.officer_ref), Act.PROPOSE_MANDATE) is not Verdict.ALLOWED:
        return Problem.ROLE_LACKING
    whole = replace(
        wish, call=call.ref, principal=call.party, principal_kind=call.party_kind,
        evidence=call.evidence,
    )  # fmt: skip
    found = check(tx, policies, whole)
    if isinstance(found, Problem):
        return found
    return proposals.propose(
        tx, keyring, act=APPOINT, about=call.party, payload=asdict(whole), by=call.officer_ref
    )


def wish_of(proposal: proposals.Proposal) -> Wish:
    """Read what was put forward."""
    kept: dict[str, Any] = dict(proposal.payload)
    services = {name: tuple(powers) for name, powers in kept.pop("services").items()}
    delegates, evidence = tuple(kept.pop("delegates")), tuple(kept.pop("evidence"))
    return Wish(**kept, delegates=delegates, evidence=evidence, services=services)


def decide(
    tx: Transaction,
    keyring: Keyring,
    policies: Policies,
    ref: str,
    *,
    officer: str,
    decision: Decision,
) -> Given | Problem | Outcome:
    """Decide what another officer put forward. Confirmed, it is given here and now.

    What no longer holds (the helper, the evidence, the principal's life) is a `Problem`, and
    leaves the proposal undecided: nothing is given on what was so last week.
    """
    proposal = proposals.find(tx, keyring, ref)
    if proposal is None or proposal.act != APPOINT:
        return Outcome.GONE
    wish = wish_of(proposal)
    found = check(tx, policies, wish) if decision is Decision.CONFIRM else None
    if isinstance(found, Problem):
        return found
    outcome = proposals.decide(
        tx, ref, officer=officer, needs=Act.DECIDE_MANDATE, decision=decision
    )
    if outcome is not Outcome.CONFIRMED or found is None:
        return outcome
    return _give(tx, keyring, policies, wish, found, proposal.proposed_by)


def _give(
    tx: Transaction, keyring: Keyring, policies: Policies, wish: Wish, level: Level, by: str
) -> Given:
    offered = offered_services(tx, policies)
    exclusive = frozenset(
        one for one in wish.services if (entry := offered[one].entry) and entry.exclusive
    )
    authority = None
    if len(wish.delegates) > 1:
        authority = joint.make_authority(tx, principal=wish.principal, quorum=wish.quorum)
    expires = None if wish.days is None else tx.now() + timedelta(days=wish.days)
    bundles, quoted = list[str](), new_reference()
    for delegate in wish.delegates:
        refs = delegation.give(
            tx, principal=wish.principal, principal_kind=wish.principal_kind, delegate=delegate,
            delegate_kind="organisation" if delegate == wish.organisation else "person",
            services=wish.services, expires=expires, grant_level=level, cap=level,
            basis=wish.basis, by=by, exclusive=exclusive, evidence=wish.evidence,
            authority_ref=authority, officer=by, quoted=None if bundles else quoted,
        )  # fmt: skip
        if isinstance(refs, Refusal):  # `check` has judged the parties and the term
            raise AssertionError(refs.description)
        held = delegation.find(tx, refs[0])
        bundles.append(held.bundle if held else refs[0])
        if delegate == wish.organisation:
            tell_organisation(tx, keyring, delegate)
        else:
            tell_helper(tx, keyring, delegate)
    told = tell_principal(
        tx, keyring, principal=wish.principal, principal_kind=wish.principal_kind,
        helpers=wish.people, notice=Notice.HELPER_APPOINTED,
        values={
            "helper": _listed([name_of(tx, one) for one in wish.delegates]),
            "services": _listed([offered[one].name for one in wish.services]),
            "until": expires.date().isoformat() if expires else "",
            "reference": quoted,
        },
    )  # fmt: skip
    return Given(bundles=tuple(bundles), level=level, told=told)


def _alive(tx: Transaction, wish: Wish) -> bool:
    if wish.principal_kind == "business":
        business = find_business(tx, wish.principal)
        return business is not None and business.ceased_on is None
    person = find_person(tx, wish.principal)
    return person is not None and person.died_on is None and person.status != Status.DEAD


def _read_out_by_helper(tx: Transaction, wish: Wish) -> bool:
    """The code went to a contact that is a helper's own too: then it shows nothing of the
    principal's will."""
    ways = {one["held_by"] for one in wish.evidence if one["type"] == PHONE_CODE}
    if not ways:
        return False
    known, theirs = contacts_shown(tx, wish.principal), addresses_of(tx, wish.people)
    went = {"register-text": known.phone, "register-email": known.email}
    return any((went.get(way) or "").casefold() in theirs for way in ways)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
