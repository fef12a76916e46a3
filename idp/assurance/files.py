"""levels.toml, methods.toml and services.toml as frozen models: risk-model.md section 3.

A model refuses what is wrong by itself; what only shows beside other entries is in `checks.py`.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from idp.assurance.assessment import Mitigation, Override, Questionnaire
from idp.assurance.harms import CATEGORIES, IDENTITY, SIGN_IN, WORDS, Row, Said, Tables, money_words
from idp.assurance.profiles import Profile
from idp.assurance.rules import Level, Levels
from idp.policy.files import FileModel

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Part = Annotated[int, Field(ge=0, le=3)]
Severity = Annotated[int, Field(ge=0, le=4)]
Category = Literal[
    "distress", "money_person", "money_public", "privacy", "safety", "service", "legal"
]
CustomerGroup = Literal[
    "people", "families", "older_people", "businesses", "helpers", "public_servants"
]
MitigationKind = Literal[
    "own_card",
    "known_account",
    "deferred",
    "notice",
    "later_check",
    "in_person",
    "no_read_back",
    "masked",
    "reversible",
    "value_cap",
    "letter_ref",
]


def several() -> object:
    """An array in the file: TOML gives a list, the frozen model keeps a tuple."""
    return Field(default=(), strict=False)


class MetaEntry(FileModel):
    """Which edition of the policy this is, who answers for it and when it is looked at again."""

    version: Text
    owner: Text
    review_by: date


class TierEntry(FileModel):
    """A pair with a number and a name that service designers use."""

    number: Part
    name: Text
    identity: Part
    sign_in: Part

    @property
    def level(self) -> Level:
        """The pair the tier names."""
        return Level(identity=self.identity, sign_in=self.sign_in)


class SameAs(FileModel):
    """What other frameworks call about the same level. For reading; requests go by `alias`."""

    gpg44: Text | None = None
    gpg45: Text | None = None
    nist: Text | None = None
    eidas: Text | None = None
    one_login: Text | None = None
    vot: Text | None = None


class SignInEntry(FileModel):
    """One sign-in level, C0 to C3, with the text a citizen reads.

    `fades_after_minutes`: a proof older than this no longer counts towards the level.
    """

    level: Part
    name: Text
    citizen_text: Text
    factors: Annotated[int, Field(ge=0, le=3)]
    phishing_resistant: bool = False
    fades_after_minutes: Annotated[int, Field(gt=0)] | None = None
    same_as: SameAs = SameAs()


class IdentityEntry(FileModel):
    """One identity level, P0 to P3, with the GPG 45 profiles that reach it."""

    level: Part
    name: Text
    profiles: Annotated[tuple[Text, ...], several()] = ()
    same_as: SameAs = SameAs()


Item = Annotated[tuple[Severity, Severity], Field(strict=False)]


class ProfileEntry(FileModel):
    """One identity profile of GPG 45: what the evidence about a person must come to.

    `items` are pieces of evidence, each [strength, validity]; the rest may come from any piece.
    """

    id: Text
    items: Annotated[tuple[Item, ...], Field(strict=False, min_length=1)]
    activity: Severity
    fraud: Severity
    verification: Severity


class CouplingEntry(FileModel):
    """Proof this strong needs sign-in at least this strong."""

    P1: Part
    P2: Part
    P3: Part


class AliasEntry(FileModel):
    """Another body's word for a level, accepted in requests with the meaning "at least"."""

    value: Text
    identity: Part
    sign_in: Part
    why: Text


class TableEntry(FileModel):
    """One row of T2, where a body sets it otherwise: levels for severities 0, 1, 2, 3, 4."""

    category: Category
    identity: Annotated[tuple[Part, ...], Field(strict=False)]
    sign_in: Annotated[tuple[Part, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _more_harm_never_asks_less(self) -> "TableEntry":
        for name, row in (("identity", self.identity), ("sign_in", self.sign_in)):
            if len(row) != 5:
                raise ValueError(f'The row "{name}" needs 5 levels, for severities 0 to 4.')
            if sorted(row) != list(row):
                raise ValueError(f'The row "{name}" falls: more harm must never ask for less.')
        return self


class BandEntry(FileModel):
    """The money bands of T1, in pounds: where severities 1, 2 and 3 end."""

    category: Literal["money_person", "money_public"]
    upper: Annotated[tuple[Annotated[int, Field(ge=1, le=10**12)], ...], Field(strict=False)]

    @model_validator(mode="after")
    def _bands_rise(self) -> "BandEntry":
        if len(self.upper) != 3:
            raise ValueError('"upper" needs 3 amounts, where severities 1, 2 and 3 end.')
        if sorted(set(self.upper)) != list(self.upper):
            raise ValueError('"upper" must rise: more money is never a lesser harm.')
        return self


class LevelsFile(FileModel):
    """levels.toml."""

    meta: MetaEntry
    tier: Annotated[tuple[TierEntry, ...], several()] = ()
    signin: Annotated[tuple[SignInEntry, ...], several()] = ()
    identity: Annotated[tuple[IdentityEntry, ...], several()] = ()
    profile: Annotated[tuple[ProfileEntry, ...], several()] = ()
    coupling: CouplingEntry
    alias: Annotated[tuple[AliasEntry, ...], several()] = ()
    table: Annotated[tuple[TableEntry, ...], several()] = ()
    band: Annotated[tuple[BandEntry, ...], several()] = ()

    def levels(self) -> Levels:
        """The facts that rules ask for."""
        coupling = self.coupling
        return Levels(
            tiers={entry.number: entry.level for entry in self.tier},
            coupling={1: coupling.P1, 2: coupling.P2, 3: coupling.P3},
            aliases={
                entry.value: Level(identity=entry.identity, sign_in=entry.sign_in)
                for entry in self.alias
            },
            tier_names={entry.number: entry.name for entry in self.tier},
            citizen_texts={entry.level: entry.citizen_text for entry in self.signin},
            fades_after={
                entry.level: entry.fades_after_minutes * 60
                for entry in self.signin
                if entry.fades_after_minutes is not None
            },
        )

    def gpg45(self) -> tuple[Profile, ...]:
        """The profiles with the level each reaches; one that no level lists reaches nothing."""
        level_of = {name: entry.level for entry in self.identity for name in entry.profiles}
        return tuple(
            Profile(**entry.model_dump(), level=level_of[entry.id])
            for entry in self.profile
            if entry.id in level_of
        )

    def tables(self) -> Tables:
        """T1 and T2 with the bands and rows this file sets otherwise."""
        identity: dict[str, Row] = {e.category: _row(e.identity) for e in self.table}
        sign_in: dict[str, Row] = {e.category: _row(e.sign_in) for e in self.table}
        money: dict[str, Said] = {
            entry.category: money_words(entry.category, (first, second, third))
            for entry in self.band
            for first, second, third in [entry.upper]
        }
        return Tables(
            identity={**IDENTITY, **identity},
            sign_in={**SIGN_IN, **sign_in},
            words={**WORDS, **money},
        )


def _row(levels: tuple[int, ...]) -> Row:
    nothing, minor, moderate, serious, severe = levels
    return nothing, minor, moderate, serious, severe


class Gives(FileModel):
    """The sign-in level a method reaches alone, and the most it can be part of as one of two."""

    alone: Part
    second: Part


class MethodEntry(FileModel):
    """One method of signing in, and how far it is approved. `since` and `why` explain the status.

    `blocks_attacks` is a share from 0 to 1; `amr` holds values of RFC 8176. `conditions` are for
    people to read. Those that can be checked are keys, all optional: `most_identity` (it counts
    only in accounts whose identity level is no higher), `not_after_move_hours` (not so soon after
    the number was added, changed or reported as moved), `not_for` (whose sign-ins it does not
    count in) and `device_bound` (its key cannot be copied; agents reach C3 with no other).
    """

    id: Text
    name: Text
    factor: Literal["knowledge", "possession", "inherence", "combined"]
    gives: Gives
    status: Literal["approved", "common", "restricted", "withdrawn"]
    since: date
    review_by: date | None = None
    why: Text
    conditions: Annotated[tuple[Text, ...], several()] = ()
    blocks_attacks: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.0
    source: str = ""
    phishing_resistant: bool = False
    needs_smartphone: bool = False
    on_phone: bool = False
    device_bound: bool = False
    most_identity: Part = 3
    not_after_move_hours: Annotated[int, Field(ge=0, le=24 * 365)] = 0
    not_for: Annotated[tuple[Literal["staff", "agents"], ...], several()] = ()
    amr: Annotated[tuple[Text, ...], several()] = ()

    @model_validator(mode="after")
    def _restricted_says_how_and_until_when(self) -> "MethodEntry":
        if self.status == "restricted" and not (self.conditions and self.review_by):
            raise ValueError('A restricted method needs "conditions" and "review_by".')
        return self


class CertificateEntry(FileModel):
    """An assessor's word that a body may use a restricted method, until a date (inclusive)."""

    body: Text
    method: Text
    assessor: Text
    from_: Annotated[date | None, Field(alias="from")] = None
    until: date

    def in_force(self, today: date) -> bool:
        """True on the first and the last day too."""
        return (self.from_ is None or self.from_ <= today) and today <= self.until

    def covers(self, body: str) -> bool:
        """True for this body, however it is spaced and whichever letters are capitals."""
        return _plain(self.body) == _plain(body)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


class MethodsFile(FileModel):
    """methods.toml."""

    method: Annotated[tuple[MethodEntry, ...], several()] = ()
    certificate: Annotated[tuple[CertificateEntry, ...], several()] = ()


class SeveritiesEntry(FileModel):
    """Harm by category, 0 to 4, in one of the two failures. A category left out is 0."""

    distress: Severity = 0
    money_person: Severity = 0
    money_public: Severity = 0
    privacy: Severity = 0
    safety: Severity = 0
    service: Severity = 0
    legal: Severity = 0

    def severities(self) -> Mapping[str, int]:
        """By category, all of them."""
        return {category: getattr(self, category) for category in CATEGORIES}


class MitigationEntry(FileModel):
    """What lessens harm outside identity; 0 without evidence, owner and review date."""

    kind: MitigationKind
    evidence: str = ""
    owner: str = ""
    review_by: date | None = None


class OverrideEntry(FileModel):
    """An exception to the level worked out, for at most 12 months."""

    identity: Part | None = None
    sign_in: Part | None = None
    reason: Text
    owner: Text
    until: date

    @model_validator(mode="after")
    def _overrides_something(self) -> "OverrideEntry":
        if self.identity is None and self.sign_in is None:
            raise ValueError('An override sets "identity", "sign_in" or both.')
        return self


class ActionEntry(FileModel):
    """One thing people do at a service, assessed in both failures. It names no level."""

    id: Text
    threat: Literal["low", "normal", "high"] = "normal"
    return_visits: bool = True
    wrong_person: SeveritiesEntry
    taken_over: SeveritiesEntry
    mitigation: Annotated[tuple[MitigationEntry, ...], several()] = ()
    override: OverrideEntry | None = None


class SignatureEntry(FileModel):
    """The risk owner's word for the answers: who, as what, on which day."""

    name: Text
    role: Text
    date: date


class ServiceEntry(FileModel):
    """One service, joined to its registration by `client_id`.

    `entry` is the action that a plain sign-in is for. A service that names one checks the level in
    its tokens before any other action, and asks for more where it needs more (RFC 9470).
    `body` is the organisation whose certificates count here, where it is not the `owner` itself.
    `about` says in a sentence what people do there and `customers` who they are: by them the
    next designer finds this assessment to start from.
    """

    client_id: Text
    name: Text
    owner: Text
    body: Text | None = None
    about: str = ""
    customers: CustomerGroup | None = None
    shut_out: Severity = 0
    other_route: str = ""
    entry: Text | None = None
    signature: SignatureEntry | None = None
    action: Annotated[tuple[ActionEntry, ...], several()] = ()

    def questionnaire(self, action: ActionEntry) -> Questionnaire:
        """The answers about one of its actions, as the assessor takes them."""
        exception = action.override
        return Questionnaire(
            wrong_person=action.wrong_person.severities(),
            taken_over=action.taken_over.severities(),
            threat=action.threat,
            return_visits=action.return_visits,
            mitigations=tuple(Mitigation(**entry.model_dump()) for entry in action.mitigation),
            override=Override(**exception.model_dump()) if exception else None,
            shut_out=self.shut_out,
            other_route=self.other_route,
        )


class ServicesFile(FileModel):
    """services.toml."""

    service: Annotated[tuple[ServiceEntry, ...], several()] = ()
