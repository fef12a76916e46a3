"""Software exchanges on several connections while what it stands on ends: nothing is had after.

A request that was sent after the end was answered gets no token (I4, I11, I12); a token of one that
was under way meanwhile is dead wherever it is shown.
"""

import copy
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from idp.authentication.records import SessionRecord
from idp.delegation import actions as delegation
from idp.delegation.records import AssignmentRecord
from idp.journal.records import JournalEntry
from idp.organisations.records import MemberRecord
from idp.storage import Transaction
from tests.build import Site
from tests.rig.dpop import Holder
from tests.rig.software import Firm, make_firm

AT_ONCE = 3
AFTER = 2  # requests that each sends after the end
MOST = 200

Who = dict[str, dict[str, object]]  # accounts by name
End = Callable[[Transaction, Firm, str, Who], object]
ENDS: dict[str, End] = {
    "the permission ends": lambda tx, firm, mandate, who: delegation.end(
        tx, mandate, principal=str(who["margaret"]["person_ref"])
    ),
    "the member leaves": lambda tx, firm, _, who: tx.execute(
        update(MemberRecord)
        .where(MemberRecord.ref == firm.members["sian"])
        .values(left_at=tx.now())
    ),
    "the member is suspended": lambda tx, firm, _, who: tx.execute(
        update(MemberRecord)
        .where(MemberRecord.ref == firm.members["sian"])
        .values(suspended_at=tx.now())
    ),
    "the person is assigned to nobody": lambda tx, _, mandate, who: tx.execute(
        delete(AssignmentRecord).where(AssignmentRecord.mandate_ref == mandate)
    ),
    "the session ends": lambda tx, firm, _, who: tx.execute(
        update(SessionRecord)
        .where(SessionRecord.account_ref == who["sian"]["ref"])
        .values(ended_at=tx.now())
    ),
}


def of_its_own(firm: Firm) -> Firm:
    """The same software on a connection, and with a key, of its own."""
    site = copy.copy(firm.site)
    site.browser = site.new_browser()
    return replace(firm, site=site, holder=Holder())


@pytest.mark.parametrize("what", ENDS)
def test_no_token_is_issued_after_the_end_was_answered(site: Site, what: str) -> None:
    firm = make_firm(site)
    mandate, actor = firm.mandate(), firm.actor_token()
    who = {name: site.account(name) for name in ("margaret", "sian")}
    ended, begun = threading.Event(), threading.Barrier(AT_ONCE + 1, timeout=60)
    tokens: list[str] = []
    late: list[int] = []
    surprises: list[object] = []

    def exchange(own: Firm) -> None:
        begun.wait()
        after = 0
        for _ in range(MOST):
            was_over = ended.is_set()
            answer = own.exchange(mandate, actor)
            if answer.status_code == 200:
                tokens.append((answer.json or {})["access_token"])
            elif answer.status_code != 400 or "(reference " not in answer.text:
                surprises.append(answer.text)
            after += was_over
            late.extend([answer.status_code] if was_over else [])
            if after == AFTER:
                return

    threads = [threading.Thread(target=exchange, args=(of_its_own(firm),)) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    begun.wait()
    while not tokens and any(thread.is_alive() for thread in threads):
        ended.wait(0.01)
    site.database.transaction(lambda tx: ENDS[what](tx, firm, mandate, who))
    ended.set()
    for thread in threads:
        thread.join()
    assert tokens, "the end fell into work that was under way"
    assert surprises == []
    assert late == [400] * (AT_ONCE * AFTER)
    issued = [row["detail"] for row in site.rows(JournalEntry, kind="tokens-issued")]
    assert sum(detail["via"] == "exchange" for detail in issued) == len(tokens)
    assert {str(site.introspect("tax", token)) for token in tokens} == {"{'active': False}"}
