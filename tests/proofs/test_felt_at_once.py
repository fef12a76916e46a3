"""What one worker was told, every worker knows: an end, and the count of guesses."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from idp.authentication.actions import code_at
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_token
from idp.signin.rules import PASSWORD
from idp.throttle.records import ThrottleRecord
from tests.proofs.conftest import Figures, Place
from tests.rig.dpop import Holder
from tests.rig.practice import ENDS, PASSED_ON, Held, Practice
from tests.rig.records import rows
from tests.rig.stock import API, Grant, Stock, Visitor
from tests.rig.wire import Answer, Wire, volley

# Of each kind of end; 1,000 of each take ten minutes.
ENDED = int(os.environ.get("IDP_TEST_ENDS", "0"))
TRIES, FIRM_TRIES = ENDED or 60, ENDED or 16
BURST = 10  # of wrong codes, and of wrong passwords, for one account
PER = timedelta(seconds=30)
GUESSES = 64
STEP_SECONDS = 30


def test_an_ended_mandate_buys_nothing_on_any_worker_from_the_answer_on(
    place: Place, figures: Figures
) -> None:
    """With a bearer's tokens, with tokens bound to a key, and with those for an API."""
    served, stock, key = place.served, place.stock, Holder()
    mother, daughter = stock.visitors(2)
    mandates = stock.mandates(TRIES, mother, daughter)
    grants = stock.grants(
        0, [daughter], stock.confidential, mandates=mandates, principal=mother.person,
        apis=[None, None, API],
    )  # fmt: skip
    wires = served.wires(per_worker=2)
    took = []
    for turn, grant in enumerate(grants):
        asked = _of_a_page(stock, grant, key if turn % 3 else None, wires[turn % 8])
        end = stock.form(f"/account/helpers/{grant.mandate}/end", mother, {})
        done = partial(_send, wires[(turn + 1) % 8], end)
        took.append(_end_between(wires, asked, turn // 3, done))
    figures(ends=TRIES, asked_after_on_4_workers=TRIES * len(wires), still_alive=0,
            slowest_ms=round(max(took) * 1000))  # fmt: skip


def test_what_an_organisation_loses_buys_nothing_on_any_worker_from_the_answer_on(
    place: Place, figures: Figures
) -> None:
    """The clerk's own tokens; those of the firm's software, in the clerk's name and by itself; and
    new ones of each: a bearer's, bound to a key, for an API.

    Each end is felt by the first request after its answer. How long the answers took is told as a
    figure: it is the machine's pace, and no delay of ours.
    """
    served, stock, key = place.served, place.stock, Holder()
    firm, (mother,) = Practice(stock, sign_ins=FIRM_TRIES), stock.visitors(1)
    wires = served.wires(per_worker=4)
    took = []
    for turn in range(FIRM_TRIES):
        how, way = list(ENDS.items())[turn % len(ENDS)]
        firm.resume()
        member = firm.member()
        firm.machine(member)
        held = firm.assigned(mother, member, passed_on=how == PASSED_ON)
        one, other = wires[turn % 16], wires[(turn + 1) % 16]
        *grants, unspent = firm.acting(held, 4, apis=[None, None, API, None])
        members = way.why is not None
        asked = [
            replace(use, dies=members)
            for grant, holder in zip(grants, (None, key, key), strict=True)
            for use in _of_a_page(stock, grant, holder, one)
        ]
        signed_in = other.ask(stock.redeem(firm.sign_in(), firm.software)).json["access_token"]
        for actor, why in ((signed_in, way.why), (None, way.alone)):
            asked += [
                replace(use, dies=why is not None)
                for use in _of_software(firm, held, actor, key, why, other)
            ]
        start = turn // len(ENDS) * len(wires)
        took.append(_end_between(wires, asked, start, partial(way.end, firm, held, other.ask)))
        late = one.ask(stock.redeem(unspent))
        assert _is_alive(late) != members, how
    figures(ends=FIRM_TRIES, asked_after_on_4_workers=FIRM_TRIES * len(wires), still_alive=0,
            slowest_ms=round(max(took) * 1000))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Use:
    """Something that is asked before an end and after it: written anew for each try, since proofs
    are good once. `dies`: the end stops it, and an exchange then says `why`."""

    build: Callable[[], bytes]
    dies: bool = True
    why: str | None = None


def _of_a_page(stock: Stock, grant: Grant, holder: Holder | None, wire: Wire) -> list[Use]:
    """Redeem a code, and answer what can be asked with the tokens."""
    token = wire.ask(stock.redeem(grant, holder=holder)).json["access_token"]
    uses = [partial(stock.introspect, token), partial(stock.refresh, grant.refresh, None, holder)]
    if grant.api is None:
        uses.append(partial(stock.userinfo, token, holder))
    return [Use(build=build) for build in uses]


def _of_software(
    firm: Practice, held: Held, actor: str | None, key: Holder, why: str | None, wire: Wire
) -> list[Use]:
    """Exchange for a token of each kind, and answer what can be asked with them and for more."""
    stock, again = firm.stock, []
    tokens = {}
    for name, holder, api in (("bearer", None, None), ("bound", key, None), ("api", key, API)):
        build = partial(firm.exchange, held, actor, holder, api)
        tokens[name] = wire.ask(build()).json["access_token"]
        again.append(Use(build=build, why=why))
    return [
        *again,
        Use(build=partial(stock.userinfo, tokens["bearer"])),
        Use(build=partial(stock.userinfo, tokens["bound"], key)),
        Use(build=partial(stock.introspect, tokens["bound"], firm.software)),
        Use(build=partial(stock.introspect, tokens["api"])),  # which is whose API it is
    ]


def _end_between(
    wires: Sequence[Wire], uses: Sequence[Use], start: int, end: Callable[[], object]
) -> float:
    """Ask on every connection, end it, and ask again; answer how many seconds the answers took.

    Of the uses the one at `start` is asked on the first connection, so that with time each worker
    is asked each thing. Before the end all of it works.
    """
    asked = [uses[(start + place) % len(uses)] for place in range(len(wires))]
    before = volley(wires, [use.build() for use in asked])
    for use, answer in zip(asked, before, strict=True):
        assert _is_alive(answer), (use, answer)
    requests = [use.build() for use in asked]
    end()
    answered = time.monotonic()
    after = volley(wires, requests)
    took = time.monotonic() - answered
    for use, answer in zip(asked, after, strict=True):
        assert _is_alive(answer) != use.dies, (use, answer)
        if use.dies:
            _check_refusal(answer)
        if use.dies and use.why is not None:
            assert answer.json["reason"] == use.why, use
    return took


def _send(wire: Wire, request: bytes) -> None:
    assert wire.ask(request).status == 303


def _is_alive(answer: Answer) -> bool:
    return answer.status == 200 and answer.json.get("active") is not False


def _check_refusal(answer: Answer) -> None:
    """A refusal says what kind it is; an error of ours would be no proof."""
    said = (answer.status, answer.json.get("error", answer.json.get("active")))
    kinds = {(401, "invalid_token"), (200, False), (400, "invalid_grant"), (400, "invalid_request")}
    assert said in kinds, answer


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
