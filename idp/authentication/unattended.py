"""Software that acts by itself stands on a session of the member who answers for it.

The member sees it among the others where they are signed in, and ends it there like any other.
"""

from sqlalchemy import insert

from idp.assurance.policy import Policies
from idp.assurance.rules import Level, amr_values, sign_in_level
from idp.authentication import sessions
from idp.authentication.ending import end_session
from idp.authentication.records import ClientSessionRecord
from idp.authentication.sessions import SessionFacts
from idp.delegation import machines
from idp.delegation.machine_rules import Verdict
from idp.delegation.machines import Machine, Proved
from idp.keyring.sealing import random_ref
from idp.organisations.actions import Opener
from idp.storage import Transaction

_OPEN_AT = insert(ClientSessionRecord)


def agree(
    tx: Transaction,
    policies: Policies,
    session: SessionFacts,
    opener: Opener,
    organisation: str,
    ref: str,
) -> Verdict:
    """Agree to answer for software, in a session of one's own; a session of its own begins.

    It acts at the level that was proved here, as it counts for one who acts for others; who has
    proved less than its services ask of everybody cannot agree.
    """
    found = machines.to_agree(tx, organisation, opener, ref)
    if isinstance(found, Verdict):
        return found
    level, needed = _reached(policies, session, found), Level(identity=0, sign_in=0)
    for service in found.services:
        needed = needed.join(policies.floor(service))
    if not level.covers(needed):
        return Verdict.LEVEL
    now = tx.now()
    made = sessions.start_unattended(
        tx, session.account_ref, session.proofs, now, found.client_name, expires=found.expires
    )
    tx.execute(_OPEN_AT, {
        "ref": random_ref(), "session_ref": made, "client_id": found.client_id,
        "mandate_key": "", "sub": None, "created_at": now,
    })  # fmt: skip
    proved = Proved(
        session_ref=made,
        vot=str(level),
        amr=amr_values(session.proofs, policies.methods),
        auth_time=min(session.proofs.values()) // 1000,
    )
    if not machines.agree(tx, organisation, found, proved):
        sessions.end(tx, made)  # another press was first
        return Verdict.GONE
    return Verdict.ALLOWED


def end(tx: Transaction, session: SessionFacts, organisation: str, ref: str) -> Verdict:
    """End a machine mandate, or refuse it, and the session it stands on; its services are told."""
    found = machines.end(tx, organisation, session.account_ref, ref)
    if isinstance(found, Verdict):
        return found
    if found.session_ref:
        end_session(tx, found.session_ref, found.party)
    return Verdict.ALLOWED


def _reached(policies: Policies, session: SessionFacts, machine: Machine) -> Level:
    methods = [
        policies.methods_for(service, session.circumstances(agent=True))
        for service in machine.services
    ]
    sign_in = min(sign_in_level(session.proofs, each) for each in methods)
    return Level(identity=session.identity_level, sign_in=sign_in)
