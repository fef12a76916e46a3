"""Which published assessment is most like a service: where the next designer starts. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from idp.assurance.assessment import FAILURES, Assessment, Questionnaire
from idp.assurance.harms import CATEGORIES, MITIGATIONS, WRONG_PERSON

WORD = re.compile(r"[^\W\d_]{3,}")
ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "es", "ed", "s", "y")
COMMON = frozenset({
    "and", "are", "for", "from", "get", "has", "have", "how", "into", "make", "not", "our", "out",
    "own", "people", "person", "service", "services", "see", "that", "the", "their", "them", "they",
    "this", "use", "what", "when", "where", "which", "who", "with", "you", "your",
})  # fmt: skip
THREATS = ("low", "normal", "high")
# How much each difference weighs. Words come first: a designer starts with a sentence.
WORDS_WEIGH, CUSTOMERS_WEIGH, HARMS_WEIGH, THREAT_WEIGHS, MITIGATIONS_WEIGH = (
    3.0,
    1.0,
    4.0,
    0.5,
    1.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One action of a service that somebody assessed and published."""

    client_id: str
    service: str
    owner: str
    about: str
    customers: str | None
    action: str
    asked: Questionnaire
    assessment: Assessment
    signed: str = ""  # by whom, in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A published assessment and how far it is: 0 is the same. `shared` are words in both."""

    published: Published
    distance: float
    shared: tuple[str, ...]


def nearest(
    published: Iterable[Published],
    *,
    about: str,
    customers: str | None,
    asked: Questionnaire | None = None,
) -> list[Near]:
    """All published assessments, nearest first; ties keep the order in which they came.

    With `asked` None only the words and the customers count: nothing was answered yet.
    """
    wanted = stems(about)
    found = []
    for entry in published:
        theirs = stems_of(entry)
        shared = wanted.keys() & theirs.keys()
        # The share of our words that are theirs too, so that a long text is not nearer to all.
        distance = WORDS_WEIGH * (1 - len(shared) / len(wanted) if wanted else 1.0)
        distance += CUSTOMERS_WEIGH * (customers is None or customers != entry.customers)
        if asked is not None:
            distance += _apart(asked, entry.asked)
        words = tuple(wanted[stem] for stem in wanted if stem in shared)
        found.append(Near(published=entry, distance=distance, shared=words))
    return sorted(found, key=lambda near: near.distance)


def stems_of(entry: Published) -> dict[str, str]:
    """The words that tell a published assessment from another."""
    return stems(f"{entry.service} {entry.about} {entry.action}")


def stems(text: str) -> dict[str, str]:
    """The words that tell one service from another, by what is left without their ending."""
    words = (word.lower() for word in WORD.findall(text))
    return {_stem(word): word for word in words if word not in COMMON}


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _apart(ours: Questionnaire, theirs: Questionnaire) -> float:
    steps = sum(
        abs(_severities(ours, f).get(c, 0) - _severities(theirs, f).get(c, 0))
        for f in FAILURES
        for c in CATEGORIES
    )
    most = 4 * len(FAILURES) * len(CATEGORIES)
    threat = abs(THREATS.index(ours.threat) - THREATS.index(theirs.threat))
    only_one_has = _kinds(ours) ^ _kinds(theirs)
    return (
        HARMS_WEIGH * steps / most
        + THREAT_WEIGHS * threat
        + MITIGATIONS_WEIGH * len(only_one_has) / len(MITIGATIONS)
    )


def _severities(asked: Questionnaire, failure: str) -> dict[str, int]:
    return dict(asked.wrong_person if failure == WRONG_PERSON else asked.taken_over)


def _kinds(asked: Questionnaire) -> set[str]:
    return {mitigation.kind for mitigation in asked.mitigations}


def worst_harms(asked: Questionnaire) -> Sequence[str]:
    """The categories with the greatest harm in either failure; none when there is no harm."""
    most = {
        category: max(_severities(asked, failure).get(category, 0) for failure in FAILURES)
        for category in CATEGORIES
    }
    highest = max(most.values())
    return [category for category, harm in most.items() if harm == highest and harm]
