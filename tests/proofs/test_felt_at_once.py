"""What one worker was told, every worker knows: an end, and the count of guesses."""

import os
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial

from idp.authentication.actions import code_at
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_token
from idp.signin.rules import PASSWORD
from idp.throttle.records import ThrottleRecord
from tests.proofs.conftest import Figures, Place
from tests.rig.practice import ENDS, Practice
from tests.rig.records import rows
from tests.rig.stock import Stock, Visitor
from tests.rig.wire import Answer, volley

TRIES = 200
FIRM_TRIES = int(os.environ.get("IDP_TEST_FIRM_ENDS", "18"))  # 1,000 take minutes
BURST = 10  # of wrong codes, and of wrong passwords, for one account
PER = timedelta(seconds=30)
GUESSES = 64
STEP_SECONDS = 30


def test_an_ended_mandate_buys_nothing_on_any_worker_from_the_answer_on(
    place: Place, figures: Figures
) -> None:
    served, stock = place.served, place.stock
    mother, daughter = stock.visitors(2)
    mandates = stock.mandates(TRIES, mother, daughter)
    grants = stock.grants(
        0, [daughter], stock.confidential, mandates=mandates, principal=mother.person
    )
    wires = served.wires(per_worker=2)
    outcomes: Counter[str] = Counter()
    for turn, grant in enumerate(grants):
        token = wires[turn % 8].ask(stock.redeem(grant)).json["access_token"]
        # Each worker is asked each thing in turn; before the end all of it works.
        asked = [_ask(stock, (turn + place) % 3, token, grant.refresh) for place in range(8)]
        assert all(_is_alive(answer) for answer in volley(wires, asked)), turn
        end = stock.form(f"/account/helpers/{grant.mandate}/end", mother, {})
        assert wires[(turn + 1) % 8].ask(end).status == 303
        for answer in volley(wires, asked):
            outcomes["alive" if _is_alive(answer) else "refused"] += 1
            _check_refusal(answer)
    assert outcomes == {"refused": TRIES * 8}
    figures(ends=TRIES, asked_after_on_4_workers=TRIES * 8, still_alive=outcomes["alive"])


def _ask(stock: Stock, kind: int, token: str, refresh: str) -> bytes:
    if kind == 0:
        return stock.userinfo(token)
    return stock.introspect(token) if kind == 1 else stock.refresh(refresh)


def _is_alive(answer: Answer) -> bool:
    return answer.status == 200 and answer.json.get("active") is not False


def _check_refusal(answer: Answer) -> None:
    """A refusal says what kind it is; an error of ours would be no proof."""
    said = (answer.status, answer.json.get("error", answer.json.get("active")))
    kinds = {(401, "invalid_token"), (200, False), (400, "invalid_grant"), (400, "invalid_request")}
    assert said in kinds, answer


def test_what_an_organisation_loses_buys_nothing_on_any_worker_from_the_answer_on(
    place: Place, figures: Figures
) -> None:
    """The clerk's own tokens, those of the firm's software, and new ones of either.

    Each end is felt by the first request after its answer. How long that request took is told as a
    figure: it is the machine's pace, and no delay of ours.
    """
    served, stock = place.served, place.stock
    firm, (mother,) = Practice(stock, sign_ins=FIRM_TRIES), stock.visitors(1)
    wires, confidential = served.wires(per_worker=2), stock.confidential
    took: list[float] = []
    for turn in range(FIRM_TRIES):
        how, (end, why) = list(ENDS.items())[turn % len(ENDS)]
        firm.resume()
        held = firm.assigned(mother, firm.member(), passed_on=how.startswith("what it was passed"))
        grant, unspent = firm.acting(held, 2)
        one, other = wires[turn % 8], wires[(turn + 1) % 8]
        clerks = one.ask(stock.redeem(grant)).json["access_token"]
        actor = other.ask(stock.redeem(firm.sign_in(), firm.software)).json["access_token"]
        softwares = one.ask(firm.exchange(held, actor)).json["access_token"]
        asked: list[partial[bytes]] = [
            partial(stock.userinfo, clerks), partial(stock.introspect, clerks),
            partial(stock.refresh, grant.refresh), partial(firm.exchange, held, actor),
            partial(stock.userinfo, softwares),
            partial(stock.as_client, "/introspect", {"token": softwares}, firm.software),
        ]  # fmt: skip
        rounds = [asked[(turn + place) % len(asked)] for place in range(8)]
        before = volley(wires, [build() for build in rounds])
        assert all(_is_alive(answer) for answer in before), (how, before)
        requests = [build() for build in rounds]
        end(firm, held, other.ask)
        answered = time.monotonic()
        after = volley(wires, requests)
        took.append(time.monotonic() - answered)
        for build, answer in zip(rounds, after, strict=True):
            assert not _is_alive(answer), (how, build)
            _check_refusal(answer)
            if build.func == firm.exchange:
                assert answer.json["reason"] == why, how
        assert not _is_alive(one.ask(stock.redeem(unspent, confidential))), how
    figures(ends=FIRM_TRIES, asked_after_on_4_workers=FIRM_TRIES * 8, still_alive=0,
            slowest_refusal_ms=round(max(took) * 1000))  # fmt: skip


def test_no_more_guesses_at_a_code_are_looked_at_than_the_bucket_holds(
    place: Place, figures: Figures
) -> None:
    served, stock, house = place.served, place.stock, place.served.house
    wires = served.wires(per_worker=GUESSES // served.workers)
    looked_at = []
    for visitor in stock.visitors(5, proofs=[PASSWORD]):
        path = f"/sign-in/{stock.journey_to_code(visitor)}/code"
        fields = {"code": _wrong_code(place, visitor)}
        before, started = house.database.now(), time.monotonic()
        # Each guess from a network of its own: the limit of the account is what is tried.
        answers = volley(wires, [
            stock.form(path, visitor, fields, address=f"10.{number}.0.1")
            for number in range(GUESSES)
        ])  # fmt: skip
        took, after = time.monotonic() - started, house.database.now()
        statuses = Counter(answer.status for answer in answers)
        told = rows(house, JournalEntry.kind, where=[JournalEntry.person == visitor.account])
        assert Counter(row.kind for row in told) == {"proof-refused": statuses[422]}
        assert statuses[422] + statuses[429] == GUESSES
        assert BURST <= statuses[422] <= BURST + took // PER.total_seconds()
        arrival = _arrival(place, f"code-account:{visitor.account}")
        assert before + statuses[422] * PER <= arrival <= after + statuses[422] * PER
        looked_at.append(statuses[422])
    figures(guesses_at_once=GUESSES, workers=served.workers, looked_at=looked_at, allowed=BURST)


def test_no_more_guesses_at_a_password_are_hashed_than_the_bucket_holds(
    place: Place, figures: Figures
) -> None:
    served, stock = place.served, place.stock
    wires = served.wires(per_worker=GUESSES // served.workers)
    (visitor,) = stock.visitors(1)
    stranger = replace(visitor, session_secret=random_token(), browser_secret=random_token())
    path = f"/sign-in/{stock.journey_to_code(stranger)}/password"
    name = f"nobody-{random_token()[:8]}@example.test".lower()  # a name of nobody counts the same
    fields = {"email": name, "password": "not the password of anybody"}
    before, started = served.house.database.now(), time.monotonic()
    answers = volley(wires, [
        stock.form(path, stranger, fields, address=f"10.{number}.1.1")
        for number in range(GUESSES)
    ])  # fmt: skip
    took, after = time.monotonic() - started, served.house.database.now()
    statuses = Counter(answer.status for answer in answers)
    let_in = statuses[422] + statuses[503]  # 503: counted, then all hash slots were taken
    assert let_in + statuses[429] == GUESSES
    assert BURST <= let_in <= BURST + took // PER.total_seconds()
    arrival = _arrival(place, f"password-account:{name}")
    assert before + let_in * PER <= arrival <= after + let_in * PER
    figures(guesses_at_once=GUESSES, counted=let_in, hashed=statuses[422], allowed=BURST)


def _wrong_code(place: Place, visitor: Visitor) -> str:
    now = int(place.served.house.database.now().timestamp()) // STEP_SECONDS
    right = {code_at(visitor.seed, step) for step in range(now - 5, now + 60)}
    return next(code for code in ("000000", "111111", *map(str, range(10**5, 10**6)))
                if code not in right)  # fmt: skip


def _arrival(place: Place, limit: str):
    house = place.served.house
    bucket = house.keyring.index("throttle", limit)
    (row,) = rows(house, ThrottleRecord.arrival, where=[ThrottleRecord.bucket == bucket])
    return row.arrival
