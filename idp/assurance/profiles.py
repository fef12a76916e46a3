"""What the evidence about a person comes to, by the profiles of GPG 45. Pure.

A piece of evidence is scored in five parts. A profile asks for one to three pieces, and for an
activity, a fraud check and a verification that any of the pieces may give. Which profiles there are
and which level each reaches is data (levels.toml); what each kind of evidence scores is data too
(evidence.toml).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What one piece of evidence is worth, each part 0-4 as GPG 45 names them.

    `strength` and `validity` are of the piece itself; `activity` (the identity has existed over
    time), `fraud` (it is not at risk of being used by somebody else) and `verification` (it belongs
    to the one who asks) count for the whole.
    """

    strength: int = 0
    validity: int = 0
    activity: int = 0
    fraud: int = 0
    verification: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One row of GPG 45: pieces of evidence as (strength, validity), the rest, the level reached.

    `level` is our identity level, 1-3.
    """

    id: str
    items: tuple[tuple[int, int], ...]
    activity: int
    fraud: int
    verification: int
    level: int

    def met_by(self, held: Sequence[Scores]) -> bool:
        """True when the evidence fills every item and every other part of the row."""
        return (
            max((piece.activity for piece in held), default=0) >= self.activity
            and max((piece.fraud for piece in held), default=0) >= self.fraud
            and max((piece.verification for piece in held), default=0) >= self.verification
            and _fills(self.items, tuple(held))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceKind:
    """One kind of evidence, as evidence.toml says and today leaves it.

    It counts only beside all the kinds it `needs`. `usable` is False when it is withdrawn.
    `household` is True where somebody who shares the person's home could have it too.
    """

    id: str
    name: str
    citizen_text: str
    status: str
    scores: Scores
    needs: tuple[str, ...] = ()
    usable: bool = True
    household: bool = False


EvidenceKinds = Mapping[str, EvidenceKind]  # by id, in the order of the file


def identity_level(held: Sequence[Scores], profiles: Sequence[Profile]) -> int:
    """The highest identity level (0-3) of the profiles that the evidence meets; 0 for none.

    The order of the evidence does not matter, and one piece never fills two items. More evidence
    never gives less. Source: GPG 45, "Identity profiles".
    """
    return max((profile.level for profile in profiles if profile.met_by(held)), default=0)


def counted(held: Collection[str], kinds: EvidenceKinds) -> tuple[EvidenceKind, ...]:
    """The kinds among `held` that count today, in the order of the file.

    An unknown or withdrawn kind does not, nor does one that lacks a kind it needs. A kind held
    twice counts once: the same check passed again proves nothing new.
    """
    left = {kind.id: kind for kind in kinds.values() if kind.id in held and kind.usable}
    while lacking := [kind for kind in left.values() if not set(kind.needs) <= set(left)]:
        for kind in lacking:
            del left[kind.id]
    return tuple(left.values())


def level_proved(held: Collection[str], kinds: EvidenceKinds, profiles: Sequence[Profile]) -> int:
    """The identity level (0-3) that the kinds of evidence a person has passed reach together."""
    return identity_level([kind.scores for kind in counted(held, kinds)], profiles)


def _fills(items: tuple[tuple[int, int], ...], held: tuple[Scores, ...]) -> bool:
    """True when each item can have a piece of its own: every way round is tried, three at most."""
    if not items:
        return True
    (strength, validity), others = items[0], items[1:]
    return any(
        piece.strength >= strength
        and piece.validity >= validity
        and _fills(others, held[:place] + held[place + 1 :])
        for place, piece in enumerate(held)
    )
