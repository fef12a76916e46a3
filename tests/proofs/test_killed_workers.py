"""Workers are killed under load, and nothing that was acknowledged is lost.

20 workers get SIGKILL, and between them twice granian's master (all workers with it) and twice
the process that seals the journal; the house's own supervisor starts again what dies. The load
writes down every answer, and at the end the ledger is held against the database and the
journal. A kill waits until the load got on, not for a time.
"""

import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import pytest
from sqlalchemy import func

from idp.delegation import uses
from idp.delegation.actions import find
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.journal.sealer import seal
from idp.journal.verification import verify
from idp.keyring.sealing import digest
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord, RefreshTokenRecord
from idp.storage import Transaction
from tests.proofs.conftest import ENGINES, Figures
from tests.rig.ledger import Ledger, Load, acting_for, ending, redeeming, rotating, summary
from tests.rig.practice import Practice
from tests.rig.records import broken_sequences, entries, issued_by_grant, rows
from tests.rig.served import Served
from tests.rig.stock import Stock

KILLS = int(os.environ.get("IDP_TEST_KILLS", "20"))
BETWEEN = 15  # acknowledged writes from one kill to the next
CODES, ACTING, CHAINS = 6000, 1500, 1500  # more than are used up
FIRMS = 1000  # the same, of a firm's clerk


@pytest.fixture(params=ENGINES)
def served(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> Iterator[Served]:
    """A house that its supervisor tends: four workers and the sealer."""
    if request.param == "sqlite":
        shutil.copyfile(sqlite_template, tmp_path / "house.sqlite3")
        url = f"sqlite:///{tmp_path / 'house.sqlite3'}"
    else:
        url = request.getfixturevalue("durable_database")()
    house = Served(url, tmp_path, parts=("public", "work"))
    try:
        house.start()
        house.tend()
        yield house
    finally:
        house.stop()


def test_killing_workers_under_load_loses_nothing_that_was_acknowledged(
    served: Served, figures: Figures
) -> None:
    stock, ledger = Stock(served.house), Ledger()
    load = Load(stock, served.port, ledger)
    seed = random.randrange(10**6)
    try:
        load.start(_works(stock))
        load.wait_for(BETWEEN)
        killed = _kill(served, load, random.Random(seed))
        load.wait_for(ledger.acknowledged + BETWEEN)
    finally:
        load.stop()
    assert ledger.wrong == []
    assert killed["worker"] == KILLS

    # None is left of a master that was killed: no supervisor would know it, nor could stop it.
    assert served.wait_for_workers() == served.listeners()
    served.stop_parts()
    lost = [*_lost_issues(served, ledger), *_lost_ends(served, ledger)]
    assert lost == []
    _check_codes(served)
    acting_uses = _check_uses(served)
    sealed = _check_journal(served)
    figures(seed=seed, **killed, acknowledged=ledger.acknowledged, lost_writes=len(lost),
            acting_uses=acting_uses,
            journal_entries=sealed, **summary(ledger))  # fmt: skip


def _works(stock: Stock):
    visitors = stock.visitors(10)
    mother, daughter = stock.visitors(2)
    codes = stock.grants(CODES, visitors, stock.confidential)
    chains = stock.grants(CHAINS, visitors, stock.public)
    mandates = stock.mandates(ACTING, mother, daughter)
    acting = stock.grants(
        0, [daughter], stock.confidential, mandates=mandates, principal=mother.person
    )
    firm = Practice(stock)
    held = firm.assigned(mother, firm.member())
    return [
        acting_for(firm, held, iter(firm.acting(held, FIRMS))),
        redeeming(iter(codes[0::3])), redeeming(iter(codes[1::3])), redeeming(iter(codes[2::3])),
        rotating(iter(chains[0::2])), rotating(iter(chains[1::2])),
        ending(iter(acting), mother),
    ]  # fmt: skip


def _kill(served: Served, load: Load, dice: random.Random) -> Counter[str]:
    """Kill, each time after the load got on; the targets in an order that dice decide."""
    targets = [*repeat("worker", KILLS), *chain.from_iterable([("master", "sealer")] * 2)]
    dice.shuffle(targets)
    killed: Counter[str] = Counter()
    before: dict[str, int] = {}
    for target in targets:
        if target == "worker":
            pid = dice.choice(served.wait_for_workers(1))
        else:
            part = "public" if target == "master" else "work"
            pid = before[part] = served.wait_for_another(part, before.get(part))
        try:
            os.kill(pid, signal.SIGKILL)
            killed[target] += 1
        except ProcessLookupError:  # it died with the master meanwhile
            targets.append(target)
        load.wait_for(load.ledger.acknowledged + BETWEEN)
    return killed


def _lost_issues(served: Served, ledger: Ledger) -> list[str]:
    """What was issued, says the ledger, and is not in the database as it must be."""
    house = served.house
    told = {(e["grant"], e["jti"], e["via"]) for e in entries(house, "tokens-issued")}
    lost = [f"journal row of {issue}" for issue in ledger.issued if issue not in told]
    codes = rows(house, AuthorizationCodeRecord.code_digest, AuthorizationCodeRecord.used_at)
    used = {row.code_digest for row in codes if row.used_at is not None}
    tokens = {
        row.token_digest: row.superseded_at
        for row in rows(house, RefreshTokenRecord.token_digest, RefreshTokenRecord.superseded_at)
    }
    for code, refresh in ledger.redeemed:
        if digest(code) not in used or digest(refresh) not in tokens:
            lost.append(f"code {digest(code)}")
    for token, successor in ledger.rotated:
        if tokens[digest(token)] is None or digest(successor) not in tokens:
            lost.append(f"rotation of {digest(token)}")
    return lost


def _lost_ends(served: Served, ledger: Ledger) -> list[str]:
    """What was ended, says the ledger, and lives in the database or has no journal row."""
    house = served.house
    mandates = rows(house, MandateRecord.ref, MandateRecord.ended_at)
    ended = {row.ref for row in mandates if row.ended_at is not None}
    told = rows(house, JournalEntry.mandate_ref, where=[JournalEntry.kind == "mandate-ended"])
    rows_of = Counter(row.mandate_ref for row in told)
    lost = [ref for ref, _ in ledger.ended if ref not in ended or rows_of[ref] != 2]
    grants = rows(house, GrantRecord.ref, GrantRecord.ended_at)
    over = {row.ref for row in grants if row.ended_at is not None}
    journalled = {detail["grant"] for detail in entries(house, "grant-ended")}
    assert over == journalled
    return lost + [ref for ref, _ in ledger.revoked if ref not in over]


def _check_codes(served: Served) -> None:
    """Each code that was spent bought tokens once, and none was spent for nothing."""
    house = served.house
    codes = rows(house, AuthorizationCodeRecord.grant_ref, AuthorizationCodeRecord.used_at)
    used = {row.grant_ref for row in codes if row.used_at is not None}
    assert issued_by_grant(house, "code") == dict.fromkeys(used, 1)
    assert entries(house, "tokens-refused") == []


def _check_uses(served: Served) -> int:
    """I17: each acting code that was spent, and each exchange that was done, is shown to the
    principal as one use, and no other is; answer how many."""
    house = served.house
    codes = rows(house, AuthorizationCodeRecord.grant_ref, AuthorizationCodeRecord.used_at)
    used = {row.grant_ref for row in codes if row.used_at is not None}
    grants = rows(house, GrantRecord.ref, GrantRecord.mandate_ref, GrantRecord.software,
                  GrantRecord.member_ref)  # fmt: skip
    acting = [row for row in grants if row.mandate_ref and (row.software or row.ref in used)]
    spent = Counter(row.mandate_ref for row in acting)
    of_firm = Counter(bool(row.software) for row in acting if row.member_ref)
    assert min(of_firm[False], of_firm[True]) > 0, of_firm  # by its clerk, and by its software

    def shown(ref: str, tx: Transaction) -> int:
        mandate = find(tx, ref)
        assert mandate is not None
        count, page = 0, uses.page_of(tx, mandate)
        while True:
            count += sum(one.kind == "tokens-issued" for one in page.uses)
            if page.before is None:
                return count
            page = uses.page_of(tx, mandate, page.before)

    seen = {ref: house.database.read(partial(shown, ref)) for ref in spent}
    assert seen == spent
    return sum(seen.values())


def _check_journal(served: Served) -> int:
    """Nobody's numbers have a gap, and the log seals and verifies; answer its size."""
    house, settings = served.house, served.settings
    assert broken_sequences(house) == []
    while seal(house.database, house.keyring, settings.checkpoint_file, settings.issuer):
        pass
    report = verify(house.database, house.keyring, settings.checkpoint_file)
    assert report.ok, report.as_dict()
    ((count,),) = rows(house, func.count(JournalEntry.id))
    assert report.entries == count
    return report.entries
