"""Health has subjects of its own (I21, decision 9): no sector holds services of two realms."""

from collections.abc import Mapping

from sqlalchemy import select

from idp.assurance.powers_file import ServicePowersEntry, realms
from idp.callers.records import ClientRecord
from idp.storage import Transaction

_SECTORS = select(ClientRecord.client_id, ClientRecord.sector).where(
    ClientRecord.disabled_at.is_(None)
)


def sectors_of_two_realms(tx: Transaction, powers: Mapping[str, ServicePowersEntry]) -> list[str]:
    """Name the sectors in which people would have one subject at services of two realms."""
    found: dict[str, list[str]] = {}
    for row in tx.execute(_SECTORS):
        found.setdefault(row.sector, []).append(row.client_id)
    return sorted(sector for sector, ids in found.items() if len(realms(powers, ids)) > 1)
