import copy
import json

import pytest

from idp.journal.receipts import BadReceipt, NoReceipt, check_receipt, receipt, show
from idp.journal.sealer import JournalDamaged
from idp.keyring.jose import peek_claims
from tests.journal.ledger import Ledger

JUNK: list[object] = [None, 7, "x", [], {}, ["zz"]]


@pytest.fixture
def references(ledger: Ledger) -> list[str]:
    """Entries sealed in steps of odd sizes."""
    found = []
    for count in (1, 2, 5, 1, 11, 4, 8, 3):
        found += ledger.write(count)
        ledger.seal()
    return found


def test_every_entry_has_a_receipt_that_anybody_can_check(ledger, references) -> None:
    jwks = json.loads(json.dumps(ledger.keyring.jwks()))
    for position, reference in enumerate(references):
        made = json.loads(json.dumps(receipt(ledger.database, reference)))
        assert made["entry"]["reference"] == reference
        assert made["position"] == position
        assert check_receipt(made, jwks) > position


def spoil(made, change):
    spoilt = copy.deepcopy(made)
    change(spoilt)
    return spoilt


def test_a_receipt_with_anything_changed_proves_nothing(ledger, references) -> None:
    made, jwks = receipt(ledger.database, references[9]), ledger.keyring.jwks()
    later = receipt(ledger.database, references[30])
    for name in made["entry"]:
        with pytest.raises(BadReceipt):
            check_receipt(spoil(made, lambda r, n=name: r["entry"].update({n: "x"})), jwks)
        with pytest.raises(BadReceipt):
            check_receipt(spoil(made, lambda r, n=name: r["entry"].pop(n)), jwks)
    for name in made:
        with pytest.raises(BadReceipt):
            check_receipt(spoil(made, lambda r, n=name: r.pop(n)), jwks)
        for junk in JUNK:
            with pytest.raises(BadReceipt):
                check_receipt(spoil(made, lambda r, n=name, j=junk: r.update({n: j})), jwks)
        with pytest.raises(BadReceipt):
            check_receipt({**made, name: later[name]}, jwks)
    with pytest.raises(BadReceipt):
        check_receipt({**made, "entry": {**made["entry"], "more": 1}}, jwks)


def test_a_receipt_is_not_believed_under_another_key_or_of_another_type(ledger, references) -> None:
    made = receipt(ledger.database, references[0])
    with pytest.raises(BadReceipt):
        check_receipt(made, {"keys": []})
    with pytest.raises(BadReceipt):
        check_receipt(made, {})
    claims = peek_claims(made["checkpoint"])
    token = ledger.keyring.sign(claims, algorithm="ES256", typ="at+jwt")
    with pytest.raises(BadReceipt):
        check_receipt({**made, "checkpoint": token}, ledger.keyring.jwks())


def test_there_is_no_receipt_before_the_seal(ledger: Ledger) -> None:
    (reference,) = ledger.write(1)
    with pytest.raises(NoReceipt, match="not sealed yet"):
        receipt(ledger.database, reference)
    with pytest.raises(NoReceipt, match="no entry"):
        receipt(ledger.database, "NOTHING")
    assert show(ledger.database, "NOTHING") is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE journal_entry SET kind = 'x' WHERE id = 10",
        "UPDATE journal_leaf SET leaf_hash = 'zz' WHERE position = 10",
        "DELETE FROM journal_leaf WHERE position = 10",
        "DELETE FROM journal_checkpoint WHERE size > 5",
        "UPDATE journal_checkpoint SET frontier = '[]' WHERE size = 9",
        "UPDATE journal_checkpoint SET root_hash = 'aa' WHERE size = 20",
        "UPDATE journal_checkpoint SET root_hash = 'zz' WHERE size = 20",
    ],
)
def test_no_receipt_is_made_from_a_damaged_journal(ledger, references, damage) -> None:
    ledger.run(damage)
    with pytest.raises(JournalDamaged):
        receipt(ledger.database, references[9])


def test_a_receipt_reads_only_what_was_sealed_with_the_entry(ledger, references) -> None:
    """The log before its step may be gone: the right edge kept with the checkpoint is enough."""
    jwks = ledger.keyring.jwks()
    ledger.run("DELETE FROM journal_leaf WHERE position < 9 OR position >= 20")
    assert check_receipt(receipt(ledger.database, references[12]), jwks) == 20
