"""Codes that were mailed, printed codes and claims: counted to the one over four workers.

64 tries arrive together, each from a network of its own; what is looked at is what the bucket
holds, and the database says so. What is right counts once, however often it is sent at once.
"""

from collections import Counter
from dataclasses import dataclass

from idp.authentication import recovery_codes
from idp.enrolment import actions as enrolment
from idp.enrolment.limits import TRIES_PER_CODE
from idp.enrolment.records import AddressCodeRecord, EnrolmentRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import unseal
from idp.outbox.records import OutboxRecord
from idp.signin.rules import PASSWORD
from idp.storage import Transaction
from tests.proofs.conftest import Figures, Place
from tests.rig.records import rows
from tests.rig.stock import Visitor

TRIES = 64
BURST_OF_PRINTED_CODES = 10
CLAIMS_AT_ONE_NUMBER = 60


@dataclass(frozen=True)
class Waiting:
    """An enrolment that waits for its code, in a visitor's browser."""

    ref: str
    code: str
    visitor: Visitor


def waiting(place: Place) -> Waiting:
    house = place.served.house
    (visitor,) = place.stock.visitors(1)

    def begin(tx: Transaction) -> str:
        return enrolment.start(tx, browser_secret=visitor.browser_secret, journey_ref=None)

    def send(tx: Transaction) -> bool:
        address = f"{ref.lower()}@example.test"
        return enrolment.send_code(tx, house.keyring, ref, address, locale="en")

    ref = house.database.transaction(begin)
    assert house.database.transaction(send)
    mails = rows(house, OutboxRecord.id, OutboxRecord.payload,
                 where=[OutboxRecord.kind == "notice-email"])  # fmt: skip
    newest = max(mails, key=lambda mail: mail.id)
    return Waiting(ref, str(unseal(house.keyring, newest.payload).values["code"]), visitor)


def volley_of(place: Place, visitors: list[Visitor], path: str, fields: list[dict[str, str]]):
    from tests.rig.wire import volley

    wires = place.served.wires(per_worker=TRIES // place.served.workers)
    return volley(wires, [
        place.stock.form(path, visitors[turn % len(visitors)], fields[turn % len(fields)],
                         address=f"10.{turn}.2.1")
        for turn in range(TRIES)
    ])  # fmt: skip


def entries(place: Place, kind: str, **detail: str) -> int:
    found = rows(place.served.house, JournalEntry.detail, where=[JournalEntry.kind == kind])
    return sum(detail.items() <= row.detail.items() for row in found)


def test_no_more_guesses_at_a_mailed_code_are_looked_at_than_it_bears(
    place: Place, figures: Figures
) -> None:
    one = waiting(place)
    wrong = "000000" if one.code != "000000" else "111111"
    path = f"/enrol/{one.ref}/code"
    statuses = Counter(
        answer.status for answer in volley_of(place, [one.visitor], path, [{"code": wrong}])
    )
    assert statuses == {422: TRIES_PER_CODE, 429: TRIES - TRIES_PER_CODE}
    refused = entries(place, "address-code-refused", enrolment=one.ref)
    assert refused == TRIES_PER_CODE
    # The right one comes too late, too: waiting for another mail is the way on.
    late = volley_of(place, [one.visitor], path, [{"code": one.code}])
    assert Counter(answer.status for answer in late) == {429: TRIES}
    (row,) = rows(place.served.house, EnrolmentRecord.email_confirmed_at,
                  where=[EnrolmentRecord.ref == one.ref])  # fmt: skip
    assert row.email_confirmed_at is None
    figures(guesses_at_once=TRIES, looked_at=refused, allowed=TRIES_PER_CODE)


def test_the_right_code_sent_64_times_at_once_is_spent_once(place: Place) -> None:
    one = waiting(place)
    volley_of(place, [one.visitor], f"/enrol/{one.ref}/code", [{"code": one.code}])
    spent = rows(place.served.house, AddressCodeRecord.used_at,
                 where=[AddressCodeRecord.enrolment_ref == one.ref])  # fmt: skip
    assert [row.used_at is not None for row in spent] == [True]
    assert entries(place, "address-confirmed", enrolment=one.ref) == 1


def test_no_more_guesses_at_a_printed_code_are_looked_at_than_the_bucket_holds(
    place: Place, figures: Figures
) -> None:
    house = place.served.house
    (visitor,) = place.stock.visitors(1, proofs=[PASSWORD])
    codes = house.database.transaction(
        lambda tx: recovery_codes.make_codes(tx, house.keyring, visitor.account)
    )
    path = f"/sign-in/{place.stock.journey_to_code(visitor)}/recovery-code"
    wrong = codes[0].replace(codes[0][0], "2" if codes[0][0] != "2" else "3")
    before = house.database.now()
    answers = volley_of(place, [visitor], path, [{"code": wrong}])
    took = (house.database.now() - before).total_seconds()
    statuses = Counter(answer.status for answer in answers)
    assert statuses[422] + statuses[429] == TRIES, statuses
    assert BURST_OF_PRINTED_CODES <= statuses[422] <= BURST_OF_PRINTED_CODES + took // 30
    told = rows(house, JournalEntry.kind, where=[JournalEntry.person == visitor.account])
    assert Counter(row.kind for row in told)["proof-refused"] == statuses[422]
    figures(guesses_at_once=TRIES, looked_at=statuses[422], allowed=BURST_OF_PRINTED_CODES)


def test_no_more_claims_at_one_number_are_compared_than_the_bucket_holds(
    place: Place, figures: Figures
) -> None:
    # From 64 accounts and networks, so that only the wide limit of the number stands in the way.
    visitors = place.stock.visitors(TRIES)
    nobodys = {"number": "EH 98 76 54 A", "given_name": "Gwyneth", "family_name": "Abernathy",
               "day": "2", "month": "8", "year": "1979"}  # fmt: skip
    answers = volley_of(place, visitors, "/identity/claim", [nobodys])
    statuses = Counter(answer.status for answer in answers)
    compared = sum(
        entry.person in {visitor.account for visitor in visitors}
        for entry in rows(
            place.served.house, JournalEntry.person, where=[JournalEntry.kind == "claim-refused"]
        )
    )
    assert statuses == {303: CLAIMS_AT_ONE_NUMBER, 429: TRIES - CLAIMS_AT_ONE_NUMBER}
    assert compared == CLAIMS_AT_ONE_NUMBER
    figures(claims_at_once=TRIES, compared=compared, allowed=CLAIMS_AT_ONE_NUMBER)
