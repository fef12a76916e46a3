"""The house: everything that one process opens once and every door and page uses."""

import logging
import os
import threading
import time
from dataclasses import dataclass

from joserfc.jwk import Key

from idp import settings as reading
from idp.assurance.attacks import Attacks
from idp.assurance.attacks import load as load_attacks
from idp.assurance.in_force import PoliciesInForce
from idp.assurance.networks import Networks
from idp.assurance.networks import load as load_networks
from idp.assurance.policy import Policies
from idp.authentication.hashing import HashGate
from idp.callers.clients import ClientBook
from idp.callers.service_levels import ServiceLevels
from idp.egress.actions import EgressRefused, Gate
from idp.keyring import jose
from idp.keyring.ring import Keyring
from idp.oidc.server import Services
from idp.proofing.checkers import NO_CHECKERS, Checkers, load_checkers
from idp.settings import Settings
from idp.storage import Database

KEYS_KEPT_SECONDS = 300.0
KEYS_RETRY_SECONDS = 10.0
NO_NETWORKS, NO_ATTACKS = Networks(), Attacks()
log = logging.getLogger("idp.house")


@dataclass(frozen=True, kw_only=True)
class House:
    """One process's open parts. Safe to share between its threads."""

    settings: Settings
    database: Database
    keyring: Keyring
    gate: HashGate
    egress: Gate
    client_keys: "ClientKeys"
    services: Services
    service_levels: ServiceLevels
    checkers: Checkers = NO_CHECKERS
    networks: Networks = NO_NETWORKS
    attacks: Attacks = NO_ATTACKS
    policies_in_force: PoliciesInForce | None = None  # None where a test holds them still

    @property
    def policies(self) -> Policies:
        """The policies in force today."""
        return self.services.policies


class ClientKeys:
    """Clients' keys by their `jwks_uri`, fetched through the egress gate and kept a while.

    Fetched before a transaction begins (`warm`), never inside one: a slow client must not
    hold SQLite's write lock.
    """

    def __init__(self, egress: Gate) -> None:
        self._egress = egress
        self._kept: dict[str, tuple[float, list[Key]]] = {}
        self._lock = threading.Lock()

    def warm(self, uri: str, *, newest: bool = False) -> None:
        """Fetch the keys if ours are old; or, after an unknown `kid`, at most each 10 s."""
        kept = self._kept.get(uri)
        age = time.monotonic() - kept[0] if kept else None
        if age is not None and age < (KEYS_RETRY_SECONDS if newest else KEYS_KEPT_SECONDS):
            return
        try:
            keys = jose.import_public_set(self._egress.get_json(uri))
        except (EgressRefused, jose.BadToken):
            keys = kept[1] if kept else []
        with self._lock:
            if len(self._kept) > 1000:
                self._kept.clear()
            self._kept[uri] = (time.monotonic(), keys)

    def get(self, uri: str) -> list[Key]:
        """Answer what was fetched."""
        kept = self._kept.get(uri)
        return kept[1] if kept else []


def open_house(settings: Settings | None = None, *, watch: bool = False) -> House:
    """Open everything the settings name. Raises with what to do when a part cannot be used.

    A process that serves will `watch` for other policies from now on; a command asks once.
    """
    settings = settings or reading.load()
    database = Database(settings.database_url, pool_size=settings.threads + 2)
    keyring = Keyring(settings.keys, database.clock)
    policies = PoliciesInForce(settings.policies, database.clock, database)
    if watch:
        if differs := policies.difference():
            log.warning("%s", differs)
        policies.watch()
    checkers = load_checkers(settings.checkers)
    egress = Gate(
        allowed_private_hosts=frozenset(settings.private_hosts), ca_bundle=settings.ca_bundle
    )
    client_keys = ClientKeys(egress)
    services = Services(
        issuer=settings.issuer,
        keyring=keyring,
        policies_in_force=policies.get,
        clients=ClientBook(),
        fetch_keys=client_keys.get,
    )
    service_levels = ServiceLevels(database)
    if watch:
        service_levels.watch()
    return House(
        settings=settings,
        database=database,
        keyring=keyring,
        gate=HashGate(settings.hash_slots),
        egress=egress,
        client_keys=client_keys,
        services=services,
        service_levels=service_levels,
        checkers=checkers,
        networks=load_networks(settings.networks),
        attacks=load_attacks(settings.attack_addresses),
        policies_in_force=policies,
    )


def hide_secrets() -> None:
    """Take what is secret out of the environment: granian shows it to every request."""
    for name in ("DATABASE_URL", "IDP_DATABASE_URL", "PGPASSWORD", "IDP_SMTP_PASSWORD"):
        os.environ.pop(name, None)
