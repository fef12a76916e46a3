"""powers.toml: what others may do for somebody at each service, in the words people agree to.

A service declares its powers here and writes nothing of its own: invitation, picker, token, check
and record come with the entry. Source: `delegation.md` section 5, point 1.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from idp.assurance.files import MetaEntry, ServicesFile, Text, several
from idp.policy.files import FileModel
from idp.policy.rules import Problem, did_you_mean

POWERS = "powers.toml"
ALL = "all"
ANSWERS_WITHIN_MS = 500
GENERAL: "Realm" = "general"
Days = Annotated[int, Field(ge=1, le=731)]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Realm = Literal["general", "health"]


class PowerEntry(FileModel):
    """One thing that may be done for somebody. `says` completes "NAME can ..." on every page."""

    id: Id
    says: Text


class ServicePowersEntry(FileModel):
    """What one service lets others do, and for how long.

    `realm` health never mixes with the rest. `exclusive`: only one delegate at a time holds it.
    `assisted`: it takes part in the standard agreement, so charities may help there.
    `single_use`: a permission may be for one visit. `passed_on`: how often an organisation may
    pass one on to another, where the permission itself says so. `answers_within_ms` is what is
    promised to whoever acts there, for a check and for a token; shown beside what was measured.
    """

    client_id: Text
    realm: Realm = "general"
    exclusive: bool = False
    open_ended: bool = False
    assisted: bool = False
    single_use: bool = False
    passed_on: Annotated[int, Field(ge=0, le=2)] = 0
    longest_days: Days = 365
    answers_within_ms: Annotated[int, Field(ge=1, le=60_000)] = ANSWERS_WITHIN_MS
    power: Annotated[tuple[PowerEntry, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _powers_told_apart(self) -> "ServicePowersEntry":
        ids = [power.id for power in self.power]
        if len(set(ids)) != len(ids):
            raise ValueError("Two powers have the same id.")
        if ALL in ids:
            raise ValueError(f'"{ALL}" means every power of the service and needs no entry.')
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """The powers by id, in the order of the file."""
        return tuple(power.id for power in self.power)

    def says(self, powers: tuple[str, ...] | list[str] | frozenset[str]) -> list[str]:
        """The words people agree to for these powers, in the order of the file."""
        return [power.says for power in self.power if power.id in powers or ALL in powers]

    def unknown(self, powers: tuple[str, ...] | list[str] | frozenset[str]) -> list[str]:
        """Those of these powers that the service does not have."""
        return sorted(set(powers) - {*self.ids, ALL})


class PowersFile(FileModel):
    """powers.toml."""

    meta: MetaEntry
    service: Annotated[tuple[ServicePowersEntry, ...], several()] = ()

    def by_service(self) -> Mapping[str, ServicePowersEntry]:
        """The entries by client_id."""
        return {entry.client_id: entry for entry in self.service}


def realms(powers: Mapping[str, ServicePowersEntry], services: Iterable[str]) -> frozenset[str]:
    """The realms of these services: more than one is never asked for or given together (I21).

    A service without an entry is of the general realm.
    """
    return frozenset(entry.realm if (entry := powers.get(name)) else GENERAL for name in services)


def promised_ms(powers: Mapping[str, ServicePowersEntry], service: str) -> int:
    """How soon whoever acts at a service is promised an answer, in milliseconds (report B5)."""
    entry = powers.get(service)
    return entry.answers_within_ms if entry else ANSWERS_WITHIN_MS


def check_powers(file: PowersFile, services: ServicesFile | None) -> Iterator[Problem]:
    """Each service once, and only services that were assessed: what nobody weighed, nobody may
    be let into in somebody else's name."""
    ids = [entry.client_id for entry in file.service]
    for name in dict.fromkeys(name for name in ids if ids.count(name) > 1):
        yield Problem(POWERS, "service", f'"{name}" is listed more than once.')
    if services is None:
        return
    known = [entry.client_id for entry in services.service]
    for name in ids:
        if name not in known:
            sentence = f'services.toml has no service "{name}".{did_you_mean(name, known)}'
            yield Problem(POWERS, f'service "{name}" > client_id', sentence)
