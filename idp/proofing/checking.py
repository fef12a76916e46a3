"""Ask outside checkers, from the worker: never inside a page or a transaction.

What is to be asked waits in the outbox, sealed. Until a checker has given an answer that can be
believed the evidence stays asked and is asked for again, further and further apart; after
`CHECK_TRIED_FOR` it is unavailable and the person chooses another way. Nothing is lost.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from joserfc.jwk import Key
from sqlalchemy import bindparam, select

from idp.assurance.policy import Policies
from idp.egress.actions import Gate
from idp.keyring.jose import BadToken
from idp.keyring.ring import Keyring
from idp.outbox import actions as outbox
from idp.proofing import evidence, reaching
from idp.proofing.cases import Case
from idp.proofing.checkers import (
    REQUEST_TYPE,
    Answer,
    Checker,
    Checkers,
    Finding,
    read_answer,
    request_claims,
)
from idp.proofing.records import CaseRecord, EvidenceRecord
from idp.proofing.rules import CHECK_TRIED_FOR, DOCUMENT_CHECK, State
from idp.register.actions import find_person
from idp.storage import Database, Transaction
from idp.throttle import actions as throttle
from idp.throttle.actions import Limit

MESSAGE = "identity-check"
OK, PENDING = 200, 202
# What one checker is asked for at most: agreements name a rate, and a queue of ours must not
# become a flood of theirs.
CHECKER_BURST = 20
CHECKER_PER = timedelta(seconds=0.5)


class Unanswered(Exception):
    """No answer that could be believed, yet. The outbox asks again."""


class StillChecking(Unanswered):
    """The checker has the request and is not done, or is not sure."""


class NotNow(Unanswered):
    """The checker was asked as often as it may be."""


class Unbelievable(Unanswered):
    """An answer that is not one to this request, signed by this checker."""


class KeySets(Protocol):
    """Where a checker's public keys come from: fetched, and kept a while."""

    def warm(self, uri: str, *, newest: bool = False) -> None:
        """Fetch the keys if those kept are old."""

    def get(self, uri: str) -> list[Key]:
        """Answer what was fetched."""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What asking a checker takes: the parts of the house that it uses."""

    issuer: str
    database: Database
    keyring: Keyring
    policies: Policies
    checkers: Checkers
    egress: Gate
    keys: KeySets


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as its owner typed it. Sealed while it waits; kept nowhere after."""

    kind: str
    number: str = field(repr=False)


_ASKED = (
    select(EvidenceRecord.kind, EvidenceRecord.source)
    .join(CaseRecord, CaseRecord.ref == EvidenceRecord.case_ref)
    .where(
        EvidenceRecord.ref == bindparam("evidence"),
        EvidenceRecord.state == State.ASKED.value,
        CaseRecord.closed_at.is_(None),
    )
)


def begin(
    tx: Transaction,
    keyring: Keyring,
    checkers: Checkers,
    *,
    case: Case,
    kind: str,
    document: Document | None = None,
) -> str | None:
    """Ask for a check with this transaction's commit; answer the evidence's reference.

    None: it is asked already, or no checker takes this kind. A document check needs `document`.
    The checker is told the name and date of birth in the register, never the number.
    """
    checker = checkers.of_kind(kind)
    person = find_person(tx, case.person_ref)
    if checker is None or person is None or (kind == DOCUMENT_CHECK and document is None):
        return None
    evidence.give_up_late(tx)
    ref = evidence.ask(tx, case_ref=case.ref, kind=kind, source=checker.id, detail={})
    if ref is None:
        return None
    asked: dict[str, Any] = {
        "person": {
            "given_name": person.given_name,
            "family_name": person.family_name,
            "birth_date": person.birth_date.isoformat(),
        }
    }
    if document is not None:
        asked["document"] = {"type": document.kind, "number": document.number}
    sealed = keyring.sealer.seal(json.dumps(asked), purpose=check_purpose(ref))
    outbox.put(tx, MESSAGE, {"evidence": ref, "sealed": sealed}, expires_in=CHECK_TRIED_FOR)
    return ref


def check(tools: Tools, payload: Mapping[str, Any]) -> None:
    """Ask a checker once, and weigh a believable answer: the outbox's handler.

    Raises `Unanswered`, or `EgressRefused`, where it is to be asked again. An answer to
    evidence that is no longer asked for changes nothing.
    """
    ref = payload["evidence"]
    row = tools.database.read(lambda tx: tx.execute(_ASKED, {"evidence": ref}).first())
    if row is None:
        return
    checker = tools.checkers.named(row.source)
    if checker is None:
        raise Unanswered("the checker is no longer in the file of checkers")
    asked = json.loads(tools.keyring.sealer.open(payload["sealed"], purpose=check_purpose(ref)))
    answer = _ask(tools, checker, ref, row.kind, asked)
    if answer.finding is Finding.UNSURE:
        raise StillChecking("the checker is not sure")
    tools.database.transaction(lambda tx: _weigh(tx, tools, ref, answer))


def _ask(tools: Tools, checker: Checker, ref: str, kind: str, asked: Mapping[str, Any]) -> Answer:
    limit = Limit(kind="checker", value=checker.id, burst=CHECKER_BURST, per=CHECKER_PER)
    if throttle.reserve(tools.database, tools.keyring, [limit]) is not None:
        raise NotNow("this checker was asked as often as it may be")
    now = int(tools.database.clock.now().timestamp())
    claims = request_claims(
        issuer=tools.issuer, checker=checker, evidence_ref=ref, kind=kind, asked=asked, now=now
    )
    request = tools.keyring.sign(claims, algorithm="ES256", typ=REQUEST_TYPE)
    status, body = tools.egress.post_token(checker.url, request)
    if status == PENDING:
        raise StillChecking("the checker is not done")
    if status != OK:
        raise Unanswered(f"the checker answered {status}")
    for newest in (False, True):  # a key we do not know may be a new one
        tools.keys.warm(checker.jwks, newest=newest)
        try:
            return read_answer(
                body, request=request, checker=checker, issuer=tools.issuer,
                evidence_ref=ref, kind=kind, keys=tools.keys.get(checker.jwks), now=now,
            )  # fmt: skip
        except BadToken as problem:
            found = problem
    raise Unbelievable(found.reason)


def _weigh(tx: Transaction, tools: Tools, ref: str, answer: Answer) -> None:
    if answer.finding is Finding.FAIL:
        evidence.refuse(tx, ref, detail={})
        return
    case_ref = evidence.hold(tx, tools.policies, ref, detail={})
    if case_ref is not None:
        reaching.settle(tx, tools.keyring, tools.policies, case_ref)


def check_purpose(evidence_ref: str) -> str:
    """Answer what a waiting question is sealed for: it opens as no other's."""
    return f"check:{evidence_ref}"
