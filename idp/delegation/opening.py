"""Whoever opens an organisation's people to others shows what as many people ask of one who can
open them all: in the transaction of what they do, for the number may have grown since the page.

What takes people or rights away asks nothing. Source: risk-model.md T7.
"""

from dataclasses import dataclass

from idp.assurance.reach import row_for, told_apart
from idp.assurance.risk_rules import ReachRow, RiskRules
from idp.assurance.rules import Level
from idp.delegation.people import count_people
from idp.storage import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """Somebody and what they have shown: the level, and whether by a key that cannot be copied."""

    account: str
    level: Level
    device_bound: bool
    rules: RiskRules

    def may_open(self, tx: Transaction, organisation: str) -> bool:
        """Say whether they have shown what this organisation's people ask today."""
        row = asked_to_open(tx, self.rules, organisation)
        return self.level.covers(row.level) and (self.device_bound or not row.device_bound)


def asked_to_open(tx: Transaction, rules: RiskRules, organisation: str) -> ReachRow:
    """Answer what is asked of whoever opens this organisation's people to others."""
    return row_for(count_people(tx, organisation, told_apart(rules)), rules)
