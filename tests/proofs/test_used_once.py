"""What may be used once is used once, whoever races for it over four worker processes.

Every volley goes out on eight connections, two to each worker, and its last bytes leave in
one go. Nothing here depends on how fast the machine is.
"""

import os
from collections import Counter
from dataclasses import replace

from idp.authentication import sessions
from idp.authentication.actions import code_at
from idp.authentication.records import OneTimeCodeRecord, SessionRecord
from idp.callers.records import SpentAssertionRecord
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.keyring.sealing import digest, random_token
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord, RefreshTokenRecord
from idp.signin.rules import PASSWORD
from tests.proofs.conftest import Figures, Place
from tests.rig.records import entries, issued_by_grant, rows
from tests.rig.served import Served
from tests.rig.stock import Visitor
from tests.rig.wire import Wire, volley, volleys

# The full figure is the default; a smaller one is for working on the proof itself.
CODES = int(os.environ.get("IDP_TEST_CODES", "1000"))
AT_ONCE = 8
LANES = 3
STEP_SECONDS = 30


def lanes(served: Served, many: int = LANES) -> list[list[Wire]]:
    """So many sets of eight connections, each with two to every worker."""
    wires = served.wires(per_worker=2 * many)
    return [wires[start : start + AT_ONCE] for start in range(0, AT_ONCE * many, AT_ONCE)]


def test_a_code_raced_for_buys_once_and_the_replays_end_what_it_bought(
    place: Place, figures: Figures
) -> None:
    served, stock, house = place.served, place.stock, place.served.house
    grants = stock.grants(CODES, stock.visitors(10), stock.confidential)
    sets = lanes(served)
    bought: dict[int, str] = {}
    outcomes: Counter[tuple[int, ...]] = Counter()
    for number, answers in volleys(sets, ([stock.redeem(grant)] * AT_ONCE for grant in grants)):
        outcomes[tuple(sorted(answer.status for answer in answers))] += 1
        for answer in answers:
            if answer.status == 200:
                bought[number] = answer.json["access_token"]
            else:
                assert answer.json["error"] == "invalid_grant"
    assert outcomes == {(200, *[400] * (AT_ONCE - 1)): CODES}

    refs = {grant.ref for grant in grants}
    used = rows(house, AuthorizationCodeRecord.grant_ref, AuthorizationCodeRecord.used_at)
    assert {row.grant_ref for row in used if row.used_at is not None} >= refs
    issued = issued_by_grant(house, "code")
    assert {ref: issued[ref] for ref in refs} == dict.fromkeys(refs, 1)
    ended = rows(house, GrantRecord.ref, GrantRecord.ended_reason)
    assert {row.ref for row in ended if row.ended_reason == "code-replayed"} >= refs
    told = Counter(detail["grant"] for detail in entries(house, "grant-ended"))
    assert {ref: told[ref] for ref in refs} == dict.fromkeys(refs, 1)

    tokens = [bought[number] for number in range(CODES)]
    asked = [tokens[start : start + AT_ONCE] for start in range(0, CODES, AT_ONCE)]
    dead = 0
    sets = lanes(served)  # anew: granian closes a connection that was idle for 30 s
    for _, answers in volleys(
        sets, ([stock.introspect(token) for token in part] for part in asked)
    ):
        assert all(answer.json == {"active": False} for answer in answers)
        dead += len(answers)
    for _, answers in volleys(sets, ([stock.userinfo(t) for t in part] for part in asked[:10])):
        assert all(answer.status == 401 for answer in answers)
    refused = volley(sets[0], [stock.refresh(grants[n].refresh) for n in range(AT_ONCE)])
    assert [answer.status for answer in refused] == [400] * AT_ONCE
    assert dead == CODES
    figures(codes=CODES, at_once=AT_ONCE, workers=served.workers, double_spends=0,
            tokens_bought=len(bought), of_them_revoked=dead)  # fmt: skip


def test_a_code_that_nobody_replays_stays_good(place: Place) -> None:
    served, stock = place.served, place.stock
    (grant,) = stock.grants(1, stock.visitors(1), stock.confidential)
    (wires,) = lanes(served, 1)
    token = wires[0].ask(stock.redeem(grant)).json["access_token"]
    others = volley(wires, [stock.redeem(grant, stock.public)] * AT_ONCE)
    assert {answer.status for answer in others} == {400}
    alive = volley(wires, [stock.userinfo(token)] * AT_ONCE)
    assert {answer.status for answer in alive} == {200}


def test_a_public_clients_refresh_token_has_one_successor_however_many_ask_at_once(
    place: Place, figures: Figures
) -> None:
    served, stock, house = place.served, place.stock, place.served.house
    grants = stock.grants(100, stock.visitors(10), stock.public)
    found: dict[int, set[str]] = {}
    requests = ([stock.refresh(grant.refresh, stock.public)] * AT_ONCE for grant in grants)
    for number, answers in volleys(lanes(served), requests):
        assert [answer.status for answer in answers] == [200] * AT_ONCE
        found[number] = {answer.json["refresh_token"] for answer in answers}
        assert len({answer.json["access_token"] for answer in answers}) == AT_ONCE
    assert all(len(successors) == 1 for successors in found.values())

    of_grant: dict[str, list[tuple[str, bool]]] = {grant.ref: [] for grant in grants}
    columns = (RefreshTokenRecord.grant_ref, RefreshTokenRecord.token_digest,
               RefreshTokenRecord.superseded_at)  # fmt: skip
    for row in rows(house, *columns):
        if row.grant_ref in of_grant:
            of_grant[row.grant_ref].append((row.token_digest, row.superseded_at is None))
    for number, grant in enumerate(grants):
        (successor,) = found[number]
        wanted = [(digest(grant.refresh), False), (digest(successor), True)]
        assert sorted(of_grant[grant.ref]) == sorted(wanted)
    told = issued_by_grant(house, "refresh")
    assert {told[grant.ref] for grant in grants} == {AT_ONCE}
    figures(tokens=len(grants), at_once=AT_ONCE, successors_each=1)


def test_a_client_assertion_raced_with_itself_counts_once(place: Place, figures: Figures) -> None:
    served, stock, house = place.served, place.stock, place.served.house
    before = len(rows(house, SpentAssertionRecord.jti_digest))
    many = 100
    requests = (
        [stock.as_client("/introspect", {"token": "nothing"}, stock.signing)] * AT_ONCE
        for _ in range(many)
    )
    outcomes: Counter[tuple[int, ...]] = Counter()
    for _, answers in volleys(lanes(served), requests):
        outcomes[tuple(sorted(answer.status for answer in answers))] += 1
    assert outcomes == {(200, *[401] * (AT_ONCE - 1)): many}
    assert len(rows(house, SpentAssertionRecord.jti_digest)) == before + many
    figures(assertions=many, at_once=AT_ONCE, accepted_twice=0)


def test_a_one_time_code_signs_one_of_eight_browsers_in(place: Place, figures: Figures) -> None:
    served, stock, house = place.served, place.stock, place.served.house
    (wires,) = lanes(served, 1)
    visitors = stock.visitors(20, proofs=[PASSWORD])
    for number, visitor in enumerate(visitors):
        browsers = [_another_browser(place, visitor) for _ in range(AT_ONCE)]
        paths = [f"/sign-in/{stock.journey_to_code(browser)}/code" for browser in browsers]
        step = int(house.database.now().timestamp()) // STEP_SECONDS
        fields = {"code": code_at(visitor.seed, step)}
        answers = volley(wires, [
            stock.form(path, browser, fields, address=f"192.0.{number}.1")
            for path, browser in zip(paths, browsers, strict=True)
        ])  # fmt: skip
        assert sorted(answer.status for answer in answers) == [303, *[422] * (AT_ONCE - 1)]
        signed_in = [a for a in answers if "gatehouse_session=" in a.headers.get("set-cookie", "")]
        assert [answer.status for answer in signed_in] == [303]
        _check_one_step_was_spent(place, visitor, step)
    figures(codes=len(visitors), at_once=AT_ONCE, sign_ins_each=1)


def _another_browser(place: Place, visitor: Visitor) -> Visitor:
    """The same person in a browser where only the password was given so far."""

    def work(tx):
        now = tx.now()
        given = {PASSWORD: int(now.timestamp() * 1000)}
        return sessions.start(tx, visitor.account, given, now)

    ref, secret = place.served.house.database.transaction(work)
    return replace(visitor, session=ref, session_secret=secret, browser_secret=random_token())


def _check_one_step_was_spent(place: Place, visitor: Visitor, step: int) -> None:
    house = place.served.house
    spent = rows(house, OneTimeCodeRecord.last_step,
                 where=[OneTimeCodeRecord.account_ref == visitor.account])  # fmt: skip
    assert [row.last_step for row in spent] == [step]
    proofs = rows(house, SessionRecord.proofs, where=[SessionRecord.account_ref == visitor.account])
    assert sum("one-time-code" in row.proofs for row in proofs) == 1
    told = rows(house, JournalEntry.kind, where=[JournalEntry.person == visitor.account])
    assert Counter(row.kind for row in told) == {"proof-given": 1, "proof-refused": AT_ONCE - 1}


def test_a_mandate_ended_eight_times_over_ends_once(place: Place, figures: Figures) -> None:
    served, stock, house = place.served, place.stock, place.served.house
    mother, daughter = stock.visitors(2)
    mandates = stock.mandates(50, mother, daughter)
    requests = (
        [stock.form(f"/account/helpers/{ref}/end", mother, {})] * AT_ONCE for ref in mandates
    )
    for number, answers in volleys(lanes(served), requests):
        assert [answer.status for answer in answers] == [303] * AT_ONCE
        wanted = f"/account/helpers/{mandates[number]}/ended"
        assert {answer.headers["location"] for answer in answers} == {wanted}
    columns = (MandateRecord.version, MandateRecord.ended_reference)
    found = rows(house, *columns, where=[MandateRecord.principal == mother.person])
    assert {row.version for row in found} == {2}
    told = rows(house, JournalEntry.mandate_ref, JournalEntry.person, JournalEntry.reference,
                where=[JournalEntry.kind == "mandate-ended"])  # fmt: skip
    own = [row for row in told if row.person == mother.person]
    assert Counter(row.mandate_ref for row in own) == dict.fromkeys(mandates, 1)
    assert {row.reference for row in own} == {row.ended_reference for row in found}
    delegates = Counter(stock.delegates.get(ref, daughter.person) for ref in mandates)
    ours = [row for row in told if row.mandate_ref in set(mandates)]
    assert Counter(row.person for row in ours if row.person != mother.person) == delegates
    figures(mandates=len(mandates), at_once=AT_ONCE, ended_each=1)
