"""Levels, requests for them, and what methods of signing in reach. Pure: no clock, no files."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import combinations

LOA = "urn:gatehouse:loa:"
TIER = "urn:gatehouse:tier:"
_PAIR = re.compile(r"P([0-3])\.C([0-3])", re.ASCII)
_IDENTITY = re.compile(r"P[0-3]", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A pair compared part by part: how sure who it is (P0-P3), how sure it is them again (C0-C3).

    Deliberately without an order: P2.C1 and P1.C2 are each more than the other in one part.
    """

    identity: int
    sign_in: int

    def __post_init__(self) -> None:
        """Raise ValueError for a part outside 0-3; there is no such level to compare with."""
        if self.identity not in range(4) or self.sign_in not in range(4):
            raise ValueError(f"no such level: {self}")

    def __str__(self) -> str:
        """The pair as tokens carry it in `vot`: "P2.C2"."""
        return f"P{self.identity}.C{self.sign_in}"

    @classmethod
    def parse(cls, text: str) -> "Level":
        """The level written "P2.C2". Raises ValueError for anything else."""
        if not (match := _PAIR.fullmatch(text)):
            raise ValueError(f'not a level, which is written like "P2.C2": {text!r}')
        return cls(identity=int(match[1]), sign_in=int(match[2]))

    def covers(self, other: "Level") -> bool:
        """True when both parts are at least those of `other`."""
        return self.identity >= other.identity and self.sign_in >= other.sign_in

    def join(self, other: "Level") -> "Level":
        """The least level that covers both."""
        return Level(
            identity=max(self.identity, other.identity), sign_in=max(self.sign_in, other.sign_in)
        )

    def meet(self, other: "Level") -> "Level":
        """The greatest level that both cover."""
        return Level(
            identity=min(self.identity, other.identity), sign_in=min(self.sign_in, other.sign_in)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What levels.toml decided: tiers by number, other bodies' names for levels, coupling.

    `coupling` gives, for a strength of identity, the least sign-in that may go with it.
    `citizen_texts` says by sign-in level what a person will be asked for. `fades_after` gives,
    for a sign-in level, the seconds after which a proof no longer counts towards it; a level
    left out lasts as long as the session.
    """

    tiers: Mapping[int, Level]
    coupling: Mapping[int, int] = field(default_factory=dict)
    aliases: Mapping[str, Level] = field(default_factory=dict)
    tier_names: Mapping[int, str] = field(default_factory=dict)
    citizen_texts: Mapping[int, str] = field(default_factory=dict)
    fades_after: Mapping[int, int] = field(default_factory=dict)

    def coupled(self, level: Level) -> Level:
        """`level` with its sign-in raised, where needed, to what its identity calls for."""
        least = self.coupling.get(level.identity, 0)
        return level.join(Level(identity=0, sign_in=least))


def tier_of(level: Level, levels: Levels) -> int:
    """The lowest tier that covers `level`: where a service that needs it is put.

    Raises LookupError when no tier does, which a checked levels.toml rules out.
    """
    covering = [number for number, pair in levels.tiers.items() if pair.covers(level)]
    if not covering:
        raise LookupError(f"no tier covers {level}")
    return min(covering)


def tier_reached(level: Level, levels: Levels) -> int:
    """The highest tier `level` reaches in both parts: what a session may say of itself.

    P0.C2 reaches tier 0 only, however strong its sign-in. Raises LookupError when it reaches none.
    """
    reached = [number for number, pair in levels.tiers.items() if level.covers(pair)]
    if not reached:
        raise LookupError(f"{level} reaches no tier")
    return max(reached)


def resolve(value: str, levels: Levels) -> Level | None:
    """The least level that a requested `acr` or `vtr` value stands for; None for a word unknown.

    A pair (`urn:gatehouse:loa:P2.C2`, or `P2.C2` as in `vtr`), a tier (`urn:gatehouse:tier:2`) or
    an alias. A bare number is unknown: "2" means one thing here and another next door.
    """
    if value in levels.aliases:
        return levels.aliases[value]
    if value.startswith(TIER):
        named = {f"{TIER}{number}": pair for number, pair in levels.tiers.items()}
        return named.get(value)
    try:
        return Level.parse(value.removeprefix(LOA))
    except ValueError:
        return None


def read_vectors(listed: Sequence[str], levels: Levels) -> tuple[Level, ...]:
    """The levels of a `vtr` list, lowest first: each is as good to the service as the others.

    A vector is written "P2.C2", in parts in any order, or as an alias ("Cl.Cm"); without an
    identity part it says nothing of who it is. Raises ValueError, with a sentence, for a part
    that is unknown or given twice, for less sign-in than the identity needs, and for a list that
    mixes vectors with an identity and vectors without: nobody could say which is less.
    Sources: RFC 8485 section 3; risk-model.md T6, "Request and policy combined".
    """
    found = [_vector(text, levels) for text in listed]
    if len({level.identity > 0 for level in found}) > 1:
        raise ValueError("vectors with an identity level and vectors without one are mixed")
    return tuple(sorted(found, key=lambda level: (level.identity, level.sign_in)))


def _vector(text: str, levels: Levels) -> Level:
    known = resolve(text, levels)
    if known is None:
        parts = text.split(".")
        identities = [part for part in parts if _IDENTITY.fullmatch(part)]
        rest = ".".join(part for part in parts if part not in identities)
        if len(identities) > 1:
            raise ValueError(f"a vector has two identity values: {text[:40]!a}")
        identity = int(identities[0][1]) if identities else 0
        sign_in = resolve(f"P0.{rest}", levels) or levels.aliases.get(rest)
        if sign_in is None or sign_in.identity:
            raise ValueError(f"a vector that is not known: {text[:40]!a}")
        known = Level(identity=identity, sign_in=sign_in.sign_in)
    if levels.coupled(known) != known:
        least = levels.coupled(known).sign_in
        raise ValueError(f"P{known.identity} needs C{least} at least: {text[:40]!a}")
    return known


def met(value: str, reached: Level, levels: Levels) -> bool:
    """True when `reached` is at least, in both parts, what the requested `value` stands for."""
    wanted = resolve(value, levels)
    return wanted is not None and reached.covers(wanted)


def answer_acr(requested: Sequence[str], reached: Level, levels: Levels) -> str:
    """The `acr` of a token: the first requested value that is met, else the tier fully reached.

    The order is the client's order of preference (OpenID Connect Core 3.1.2.1, `acr_values`).
    """
    for value in requested:
        if met(value, reached, levels):
            return value
    return f"{TIER}{tier_reached(reached, levels)}"


def acr_values_supported(levels: Levels) -> list[str]:
    """What discovery publishes: tiers, the pairs coupling allows, aliases; weakest first."""
    tiers = [f"{TIER}{number}" for number in sorted(levels.tiers)]
    every = [Level(identity=p, sign_in=c) for p in range(4) for c in range(4)]
    pairs = [f"{LOA}{level}" for level in every if levels.coupled(level) == level]
    return tiers + pairs + sorted(levels.aliases)


class Status(StrEnum):
    """How far a method is approved. `common` is the safest: approved and in common usage."""

    COMMON = "common"
    APPROVED = "approved"
    RESTRICTED = "restricted"
    WITHDRAWN = "withdrawn"

    def fallen(self) -> "Status":
        """The next status down: where a method falls whose review date has passed."""
        order = list(Status)
        return order[min(order.index(self) + 1, len(order) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What one way of signing in proves, as methods.toml says and today leaves it.

    `alone` is the sign-in level it reaches by itself; `second` the most it can be part of beside
    a different factor. `factor` "combined" proves two factors in one act (a passkey with
    user verification). `usable` is False when withdrawn, or restricted without a certificate.
    `on_phone`: as a rule it lives on a telephone, so that it is lost with it.
    `blocks_attacks` is a share from 0 to 1. `amr` holds values of RFC 8176. `device_bound`: its
    key cannot be copied. `most_identity`, `not_after_move_hours` and `not_for` are conditions that
    `conditions.methods_in` obeys.
    """

    id: str
    name: str
    factor: str
    alone: int
    second: int
    status: Status
    usable: bool = True
    phishing_resistant: bool = False
    needs_smartphone: bool = False
    on_phone: bool = False
    blocks_attacks: float = 0.0
    amr: tuple[str, ...] = ()
    device_bound: bool = False
    most_identity: int = 3
    not_after_move_hours: int = 0
    not_for: frozenset[str] = frozenset()


Methods = Mapping[str, Method]  # by id, in the order of the file


def sign_in_level(methods_used: Collection[str], methods: Methods) -> int:
    """The sign-in level (0-3) that the methods a person has passed reach together.

    Two methods count together only when their factors differ, and then as the weaker of the two:
    its weakness (to phishing, say) is the way in. An unknown or unusable method counts for nothing.
    """
    used = _usable(methods_used, methods)
    singles = [method.alone for method in used]
    pairs = [min(a.second, b.second) for a, b in combinations(used, 2) if a.factor != b.factor]
    return max(singles + pairs, default=0)


def next_methods(
    needed: int, used: Collection[str], held: Collection[str], methods: Methods
) -> tuple[str, ...]:
    """The methods to ask for now, in order, to bring the sign-in up to level `needed`.

    The fewest prompts win, then those that block most attacks. A factor already proved is never
    asked again, nor one factor twice. Empty when `needed` is reached already or when nothing held
    reaches it: ask `sign_in_level` which.
    """
    if sign_in_level(used, methods) >= needed:
        return ()
    # What can be no part of so much proves no factor of it: a mailbox is no device.
    proved = {m.factor for m in _usable(used, methods) if max(m.alone, m.second) >= needed}
    choices = [method for method in _usable(held, methods) if method.factor not in proved]
    for prompts in (1, 2):  # a level never takes more than two
        reaching = [
            chosen
            for chosen in combinations(choices, prompts)
            if len({method.factor for method in chosen}) == prompts
            and sign_in_level([*used, *(method.id for method in chosen)], methods) >= needed
        ]
        if reaching:
            # max keeps the first of equals, so the order of the file decides between them.
            best = max(reaching, key=lambda chosen: sum(m.blocks_attacks for m in chosen))
            return tuple(method.id for method in best)
    return ()


def amr_values(methods_used: Collection[str], methods: Methods) -> list[str]:
    """The `amr` claim for the methods passed; "mfa" when they prove two factors (RFC 8176)."""
    used = _usable(methods_used, methods)
    values = dict.fromkeys(value for method in used for value in method.amr)
    factors = {method.factor for method in used}
    if len(factors) > 1 or "combined" in factors:
        values["mfa"] = None
    return list(values)


def key_shown(proofs: Mapping[str, int], methods: Methods) -> datetime | None:
    """When a key that cannot be copied was last shown; `proofs` in Unix milliseconds by method."""
    shown = [at for one, at in proofs.items() if one in methods and methods[one].device_bound]
    return datetime.fromtimestamp(max(shown) / 1000, UTC) if shown else None


def _usable(ids: Collection[str], methods: Methods) -> list[Method]:
    """The methods among `ids` that may count today, in the order of the file."""
    return [method for method in methods.values() if method.usable and method.id in ids]
