"""evidence.toml as frozen models, its checks beside the profiles, and its facts of today.

A model refuses what is wrong by itself; what only shows beside other entries is a check.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from idp.assurance.files import LevelsFile, MetaEntry, Text, several
from idp.assurance.profiles import EvidenceKind, Scores, level_proved
from idp.assurance.rules import Level, Status
from idp.policy.files import FileModel
from idp.policy.rules import Problem, did_you_mean, listing

EVIDENCE = "evidence.toml"
MOST_FOR_A_HOUSEHOLD = 1  # P1: what somebody who shares the person's home may reach
Score = Annotated[int, Field(ge=0, le=4)]
# How a mandate came to be: the principal's own act, at a distance or with help, or by law.
Basis = Literal[
    "own",
    "appointed",
    "assisted",
    "lasting-power",
    "deputyship",
    "parental",
    "estate",
    "director",
    "official",
]


class ScoresEntry(FileModel):
    """What a kind of evidence is worth in each part of GPG 45. A part left out is 0."""

    strength: Score = 0
    validity: Score = 0
    activity: Score = 0
    fraud: Score = 0
    verification: Score = 0

    @model_validator(mode="after")
    def _worth_something(self) -> "ScoresEntry":
        if not any(self.model_dump().values()):
            raise ValueError("A kind of evidence must score in one part at least.")
        return self


class KindEntry(FileModel):
    """What every kind of evidence says of itself: how far it is approved, since when and why.

    `name` is for policy owners, `citizen_text` for the person who has passed it.
    """

    id: Text
    name: Text
    citizen_text: Text
    needs: Annotated[tuple[Text, ...], several()] = ()
    status: Literal["common", "approved", "restricted", "withdrawn"]
    since: date
    review_by: date | None = None
    why: Text
    conditions: Annotated[tuple[Text, ...], several()] = ()
    source: Text

    @model_validator(mode="after")
    def _restricted_says_how_and_until_when(self) -> Self:
        if self.status == "restricted" and not (self.conditions and self.review_by):
            raise ValueError('A restricted kind needs "conditions" and "review_by".')
        return self

    def status_on(self, today: date) -> Status:
        """The status today: one lower once the review date has passed."""
        status = Status(self.status)
        late = self.review_by is not None and self.review_by < today
        return status.fallen() if late else status


class EvidenceEntry(KindEntry):
    """One kind of evidence of who somebody is."""

    scores: ScoresEntry
    household: bool = False

    def fact(self, today: date) -> EvidenceKind:
        """The kind as rules ask for it. Withdrawn counts for nothing."""
        status = self.status_on(today)
        return EvidenceKind(
            id=self.id,
            name=self.name,
            citizen_text=self.citizen_text,
            status=status,
            scores=Scores(**self.scores.model_dump()),
            needs=self.needs,
            usable=status is not Status.WITHDRAWN,
            household=self.household,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEvidence:
    """Evidence that a principal, or the law, gave a permission; `cap` is the most it makes of it.

    `bases` it can stand behind. `needs`: evidence without which it counts for nothing.
    """

    id: str
    name: str
    citizen_text: str
    cap: Level
    bases: frozenset[str]
    needs: frozenset[str]
    conditions: tuple[str, ...]
    usable: bool


def worth(kinds: Collection[str], basis: str, grants: Mapping[str, GrantEvidence]) -> Level | None:
    """Say what evidence makes of a permission on this basis, all of it together; None: nothing.

    Part by part the most of the kinds that are usable, may stand behind the basis, and whose needs
    are among the others that count. Source: Transformational Government (2005), 84(7).
    """
    counts = {
        kind for kind in kinds
        if kind in grants and grants[kind].usable and basis in grants[kind].bases
    }  # fmt: skip
    while lacking := {kind for kind in counts if not grants[kind].needs <= counts}:
        counts -= lacking
    return reduce(Level.join, (grants[kind].cap for kind in counts)) if counts else None


class GrantEntry(KindEntry):
    """One kind of evidence behind a mandate whose principal did not give it online.

    `identity` and `sign_in` cap the level of what is done under it, and so at which services.
    """

    identity: Annotated[int, Field(ge=0, le=3)]
    sign_in: Annotated[int, Field(ge=0, le=3)]
    bases: Annotated[tuple[Basis, ...], Field(strict=False, min_length=1)]

    def fact(self, today: date) -> GrantEvidence:
        """The kind as rules ask for it; one status lower past its review date."""
        return GrantEvidence(
            id=self.id,
            name=self.name,
            citizen_text=self.citizen_text,
            cap=Level(identity=self.identity, sign_in=self.sign_in),
            bases=frozenset(self.bases),
            needs=frozenset(self.needs),
            conditions=self.conditions,
            usable=self.status_on(today) is not Status.WITHDRAWN,
        )


class EvidenceFile(FileModel):
    """evidence.toml."""

    meta: MetaEntry
    kind: Annotated[tuple[EvidenceEntry, ...], several()] = ()
    grant: Annotated[tuple[GrantEntry, ...], several()] = ()

    def grants(self, today: date) -> dict[str, GrantEvidence]:
        """The evidence behind mandates, by id, in the order of the file."""
        return {entry.id: entry.fact(today) for entry in self.grant}

    def kinds(self, today: date) -> dict[str, EvidenceKind]:
        """The facts that rules ask for, by id, in the order of the file."""
        return {entry.id: entry.fact(today) for entry in self.kind}


def check_evidence(file: EvidenceFile, *, whole: bool) -> Iterator[Problem]:
    """Kinds listed once, that need kinds there are and never, in a circle, themselves.

    `whole` is False when parts were cut away: nothing is called missing that is only wrong.
    """
    ids = [entry.id for entry in file.kind]
    for name in dict.fromkeys(name for name in ids if ids.count(name) > 1):
        yield Problem(EVIDENCE, "kind", f'"{name}" is listed more than once.')
    if whole and not ids:
        yield Problem(EVIDENCE, "kind", "There is no [[kind]], so nobody could prove who they are.")
    granting = [entry.id for entry in file.grant]
    for name in dict.fromkeys(name for name in granting if granting.count(name) > 1):
        yield Problem(EVIDENCE, "grant", f'"{name}" is listed more than once.')
    for grant in file.grant:
        for needed in grant.needs:
            if whole and (needed not in granting or needed == grant.id):
                sentence = f'No other [[grant]] is called "{needed}".'
                yield Problem(EVIDENCE, f'grant "{grant.id}" > needs', sentence)
    needs = {entry.id: entry.needs for entry in file.kind}
    for entry in file.kind:
        place = f'kind "{entry.id}" > needs'
        for needed in entry.needs:
            if whole and needed not in ids:
                sentence = f'No kind is called "{needed}".{did_you_mean(needed, ids)}'
                yield Problem(EVIDENCE, place, sentence)
        if entry.id in _all_needed(entry.id, needs):
            yield Problem(EVIDENCE, place, "It needs itself, so it could never count.")


def _all_needed(kind: str, needs: dict[str, tuple[str, ...]]) -> set[str]:
    """Every kind needed for `kind`, and for those in turn."""
    found: set[str] = set()
    ahead = list(needs[kind])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += needs.get(name, ())
    return found


def check_household(levels: LevelsFile, file: EvidenceFile) -> Iterator[Problem]:
    """What somebody at home could have too never proves more than P1, all of it together.

    Kinds count here as written, whatever their review dates: the promise must hold on every day.
    Without the check one changed number would let a housemate in as the person.
    """
    shared = {entry.id: entry.fact(entry.since) for entry in file.kind if entry.household}
    reached = level_proved(shared, shared, levels.gpg45())
    if reached > MOST_FOR_A_HOUSEHOLD:
        sentence = (
            f"Somebody at home could have all of {listing(sorted(shared))}, and together they "
            f"reach P{reached}. They must not reach more than P{MOST_FOR_A_HOUSEHOLD}."
        )
        yield Problem(EVIDENCE, "kind", sentence)


def evidence_notes(file: EvidenceFile, today: date) -> Iterator[Problem]:
    """Kinds that count for less than the file says, because their review is late."""
    for entry in file.kind:
        status = entry.status_on(today)
        if status != entry.status:
            sentence = f"Its review was due by {entry.review_by}, so it counts as {status}."
            yield Problem(EVIDENCE, f'kind "{entry.id}"', sentence)
