"""Issue a code: the grant it stands on, the client session, the consent, the journal row."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select

from idp.accounts.subjects import Kind, acting_subjects, subject_of
from idp.assurance.outcomes import Outcome
from idp.assurance.rules import Level, Methods, amr_values, answer_acr
from idp.authentication.records import ClientSessionRecord
from idp.authentication.sessions import SessionFacts
from idp.callers import acting as authority_facts
from idp.callers.acting import ActingMandate
from idp.callers.authority import ALL, SAID, Bar, Wish, at_stake, bar, shared
from idp.callers.clients import Client
from idp.delegation import joint, reaching
from idp.delegation.explaining import said
from idp.delegation.using import spend_single_use
from idp.errors import Refusal
from idp.journal.actions import Entry, record
from idp.keyring.sealing import digest, random_ref, random_token
from idp.oidc import deferrals, issuing
from idp.oidc.asking import Answer, Validated, answer, error
from idp.oidc.detail_rules import described
from idp.oidc.records import ConsentRecord
from idp.oidc.rules import CODE, claims_in_scope
from idp.oidc.server import Call
from idp.signin import actions as signin
from idp.signin.acting import judge
from idp.signin.actions import Position
from idp.signin.rules import Asked
from idp.signin.weighing import Seen, Weighed
from idp.storage.dialects import upsert

SELF = "self"
# What tokens call an outcome; what is refused gets none.
RISK_OUTCOMES = {
    Outcome.ALLOW: "allow", Outcome.STEP_UP: "stepped_up", Outcome.DEFER: "deferred",
}  # fmt: skip


def _keep(insert: Any) -> Any:
    made = insert(ConsentRecord).values(
        account_ref=bindparam("account"),
        client_id=bindparam("client"),
        scope=bindparam("agreed"),
        given_at=bindparam("now"),
    )
    return made.on_conflict_do_update(
        index_elements=["account_ref", "client_id"],
        set_={"scope": made.excluded.scope, "given_at": made.excluded.given_at},
    )


_KEEP_CONSENT = upsert(_keep)
_INSERT_CLIENT_SESSION = upsert(lambda insert: insert(ClientSessionRecord).on_conflict_do_nothing())


def issue(call: Call, valid: Validated, position: Position, seen: Seen, now: datetime) -> Answer:
    """Issue a code to the journey's position, or answer why not; all in this transaction.

    `seen` is where the person is, by which a held sign-in is told from another.
    """
    session = position.session
    if session is None:  # next_step never issues to nobody; refuse rather than trust that
        return error(call, valid, "login_required")
    asked = signin.asked_of(position.journey, call.services.policies)
    methods = signin.methods_of(call.services.policies, position.journey, session)
    sign_in, proofs = signin.standing_of(asked, session, methods, call.services.policies, now=now)
    reached = Level(identity=session.identity_level, sign_in=sign_in)
    acting, joint_act, agreed = _acting(call, valid, position, reached, proofs, methods)
    if isinstance(acting, Refusal):
        return error(call, valid, "access_denied", acting.description, {"reason": acting.code})
    # Where others agreed to a purpose, it is what they read that the principal is shown.
    purpose = (agreed or position.journey.purpose) if acting else None
    grant_ref = random_ref()
    if acting and acting.single_use and not spend_single_use(call.tx, acting.ref, grant_ref):
        return error(call, valid, "access_denied", SAID[Bar.USED], {"reason": Bar.USED})
    if position.journey.consented or valid.offline:  # a page said what is told, and no more is
        told = claims_in_scope(valid.wanted.claims, valid.scope)
        valid = replace(valid, wanted=replace(valid.wanted, claims=told))
    if position.journey.consented and valid.offline and not acting:  # it is of one's own data
        _keep_consent(call, valid, session, now)
    detail = {
        **asked_detail(valid, asked),
        "journey": position.journey.ref,
        "vot": str(reached),
        "demand": str(position.next.demand),
        "methods": sorted(proofs),
        "held": sorted(session.held),
        "stepped": len({at >= asked.started for at in proofs.values()}) > 1,
        "policy": call.services.policies.fingerprint,
    }
    details = None
    if acting:
        asked_for = valid.details.actions if valid.details else (ALL,)
        powers = shared(asked_for, acting.powers)
        detail |= acting_detail(acting, purpose) | {"powers": list(powers)}
        if valid.details:
            details = described(acting.ref, powers, valid.resource)
    if position.risk is not None:
        detail["risk"] = position.risk.detail()
    code = _write(
        call, grant_ref, valid, session, acting, proofs, amr_values(proofs, methods), reached,
        detail, now,
        position.risk if position.risk and position.risk.enforced else None, seen,
        purpose, details, joint_act,
    )  # fmt: skip
    return answer(call, valid, {"code": code})


def asked_detail(valid: Validated, asked: Asked) -> dict[str, Any]:
    """What the journal keeps of a request: the floor and the ceiling of the service's own
    assessment, what was named, and what of it was cut down to the ceiling (`trimmed`)."""
    most = (asked.ceiling or asked.floor).join(asked.floor)
    named = list(zip(valid.wanted.acr, valid.wanted.acr_levels, strict=True))
    return {
        "floor": str(asked.floor),
        "ceiling": str(most),
        "asked": [value for value, _ in named],
        "essential": asked.essential,
        "trimmed": [value for value, level in named if not (asked.essential or most.covers(level))],
    }


def acting_detail(mandate: ActingMandate, purpose: str | None) -> dict[str, Any]:
    """What the journal keeps of an act for another, beside its mandate: for which organisation,
    by which member, with which powers and for what purpose."""
    kept = {"organisation": mandate.organisation, "member": mandate.member_ref, "purpose": purpose}
    return {
        "powers": list(mandate.powers),
        **{name: value for name, value in kept.items() if value is not None},
    }


def needs_consent(call: Call, valid: Validated, session: SessionFacts) -> bool:
    """Say whether this person still has to agree that the client goes on while they are away."""
    if not valid.offline:
        return False
    given = call.tx.execute(
        select(ConsentRecord.scope).where(
            ConsentRecord.account_ref == session.account_ref,
            ConsentRecord.client_id == valid.client.client_id,
        )
    ).scalar_one_or_none()
    return given is None or not set(valid.scope.split()) <= set(given.split())


def own_subject(call: Call, client: Client, session: SessionFacts, kind: Kind = "self") -> str:
    """What the client's sector knows the signed-in party by."""
    return subject_of(
        call.tx,
        sector=client.sector,
        kind=kind,
        account_ref=session.account_ref,
        person_ref=session.person_ref,
    )


def _acting(
    call: Call,
    valid: Validated,
    position: Position,
    reached: Level,
    proofs: Mapping[str, int],
    methods: Methods,
) -> tuple[ActingMandate | Refusal | None, str | None, str | None]:
    """The mandate that is acted under, the joint act that is used up by it, and the purpose that
    was agreed to in it; or why not."""
    choice, only = position.journey.choice, valid.wanted.acting_for
    session = position.session
    if only not in {"", "choose", choice}:
        # Another than the service named.
        return Refusal(Bar.UNKNOWN, SAID[Bar.UNKNOWN]), None, None
    if choice is None or choice == SELF:
        return None, None, None
    if session is None:
        return Refusal(Bar.UNKNOWN, SAID[Bar.UNKNOWN]), None, None
    account, person = session.account_ref, session.person_ref
    mandate = authority_facts.ask(call.tx, choice, account_ref=account, person_ref=person)
    agreed = None
    if mandate and mandate.authority_ref:
        agreed = joint.agreed_for(call.tx, choice, person)
        mandate = authority_facts.ask(
            call.tx, choice, account_ref=account, person_ref=person, joint_act=agreed
        )
    if mandate is None:
        return Refusal(Bar.UNKNOWN, SAID[Bar.UNKNOWN]), None, None
    policies = call.services.policies
    floor = policies.floor(valid.client.client_id)
    asked = valid.details.actions if valid.details else ()
    needed = reaching.needed(
        call.tx, policies.risk, mandate, account_ref=account, person_ref=person, floor=floor
    )
    wish = Wish(
        service=valid.client.client_id, powers=at_stake(asked, mandate.powers),
        aware=valid.client.delegation_aware, level=reached, needed=needed.demand.level,
        floor=floor,
    )  # fmt: skip
    why = bar(mandate.facts, wish) or judge(
        call.tx, call.services.keyring, policies, session, mandate, needed,
        level=reached, proofs=proofs, methods=methods,
    )  # fmt: skip
    # What was agreed to is one visit: the code that is issued on it uses it up.
    purpose = joint.use_up(call.tx, agreed, person or "") if why is None and agreed else None
    if why is None and agreed and purpose is None:
        why = Bar.QUORUM
    return (mandate, agreed, purpose) if why is None else (Refusal(why, said(why)), None, None)


def _write(
    call: Call,
    grant_ref: str,
    valid: Validated,
    session: SessionFacts,
    mandate: ActingMandate | None,
    proofs: Mapping[str, int],
    amr: list[str],
    reached: Level,
    detail: Mapping[str, Any],
    now: datetime,
    weighed: Weighed | None,
    seen: Seen,
    purpose: str | None,
    details: list[dict[str, Any]] | None,
    joint_act: str | None,
) -> str:
    client, policies = valid.client, call.services.policies
    code = random_token()
    actor = (session.person_ref or session.account_ref) if mandate else None
    act_sub = None
    if mandate:
        sub, act_sub = acting_subjects(
            call.tx, sector=client.sector, principal=mandate.principal,
            account_ref=session.account_ref,
        )  # fmt: skip
    else:
        sub = own_subject(call, client, session)
    sid = _client_session(call, session, client, mandate, None if mandate else sub, now)
    holder = mandate.principal if mandate else session.person_ref or session.account_ref
    held = None
    if weighed and weighed.outcome is Outcome.DEFER:
        held = deferrals.hold(
            call.tx, call.services.keyring, session=session, client_id=client.client_id,
            grant_ref=grant_ref, weighed=weighed, seen=seen, now=now,
        )  # fmt: skip
    call.tx.write(
        issuing.INSERT_GRANT,
        {
            "ref": grant_ref,
            "client_id": client.client_id,
            "account_ref": session.account_ref,
            "session_ref": session.ref,
            "client_session_ref": sid,
            "holder": holder,
            "sub": sub,
            "actor": actor,
            "act_sub": act_sub,
            "mandate_ref": mandate.ref if mandate else None,
            "organisation_ref": mandate.organisation if mandate else None,
            "member_ref": mandate.member_ref if mandate else None,
            "purpose": purpose,
            "details": details,
            "joint_act_ref": joint_act,
            "resource": valid.resource,
            "scope": valid.scope if valid.offline or not mandate else _online(valid.scope),
            "claims": dict(valid.wanted.claims),
            "acr": answer_acr(valid.wanted.acr, reached, policies.levels),
            "vot": str(reached),
            "amr": amr,
            "auth_time": min(proofs.values()) // 1000,
            "policy": policies.fingerprint,
            "offline": valid.offline and mandate is None,
            "risk_outcome": RISK_OUTCOMES[weighed.outcome] if weighed else None,
            "deferral_ref": held,
            "created_at": now,
        },
    )
    call.tx.write(
        issuing.INSERT_CODE,
        {
            "code_digest": digest(code),
            "client_id": client.client_id,
            "grant_ref": grant_ref,
            "redirect_uri": valid.redirect_uri,
            "redirect_uri_sent": True,
            "code_challenge": valid.params.get("code_challenge"),
            "nonce": valid.params.get("nonce"),
            "dpop_jkt": valid.wanted.dpop_jkt,
            "expires_at": now + CODE,
        },
    )
    entry = Entry(
        kind="acting-started" if mandate else "signed-in-to-service",
        person=holder,
        actor=actor,
        client_id=client.client_id,
        mandate_ref=mandate.ref if mandate else None,
        detail={"grant": grant_ref, **detail},
    )
    record(call.tx, entry)
    return code


def _online(scope: str) -> str:
    # Acting never outlives the visit: it belongs to one client session (decision 26).
    return " ".join(name for name in scope.split() if name != "offline_access")


def _client_session(
    call: Call,
    session: SessionFacts,
    client: Client,
    mandate: ActingMandate | None,
    sub: str | None,
    now: datetime,
) -> str:
    key = mandate.ref if mandate else ""
    # Derived, so that the same session at the same client keeps its `sid` without a look-up.
    made = sha256(f"{session.ref}\n{client.client_id}\n{key}".encode()).digest()
    sid = urlsafe_b64encode(made[:16]).rstrip(b"=").decode()
    call.tx.write(
        _INSERT_CLIENT_SESSION.on(call.tx),
        {
            "ref": sid,
            "session_ref": session.ref,
            "client_id": client.client_id,
            "mandate_key": key,
            "sub": sub,
            "created_at": now,
        },
    )
    return sid


def _keep_consent(call: Call, valid: Validated, session: SessionFacts, now: datetime) -> None:
    call.tx.execute(
        _KEEP_CONSENT.on(call.tx),
        {
            "account": session.account_ref,
            "client": valid.client.client_id,
            "agreed": valid.scope,
            "now": now,
        },
    )
