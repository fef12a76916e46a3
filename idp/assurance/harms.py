"""The tables of the risk model: harm to level, and what mitigations take off. Data, no decisions.

Source: risk-model.md T1 (words), T2 (levels), T3 (mitigations).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

CATEGORIES = (
    "distress",
    "money_person",
    "money_public",
    "privacy",
    "safety",
    "service",
    "legal",
)
MONEY = ("money_person", "money_public")
WRONG_PERSON = "wrong_person"
TAKEN_OVER = "taken_over"
NONE, MINOR, MODERATE, SERIOUS, SEVERE = range(5)

# T1, severities 1 to 4. A category's name in a sentence, then what each severity means.
WORDS: Mapping[str, tuple[str, tuple[str, str, str, str]]] = {
    "distress": (
        "distress",
        ("a short annoyance", "days of trouble", "lasting harm to standing", "a life changed"),
    ),
    "money_person": (
        "the person's money",
        (
            "less than £100 lost",
            "£100 to £1,000 lost",
            "£1,000 to £20,000 lost",
            "more than £20,000 or a home lost",
        ),
    ),
    "money_public": (
        "public money",
        (
            "less than £1,000 lost in a case",
            "£1,000 to £25,000 lost in a case",
            "£25,000 to £1m lost in a case",
            "more than £1m lost in a case",
        ),
    ),
    "privacy": (
        "privacy",
        (
            "contact data or one fact seen",
            "account or tax data seen",
            "health, criminal, family or special category data seen",
            "data seen that puts people in danger",
        ),
    ),
    "safety": (
        "safety",
        ("a minor injury", "treatment needed", "a serious injury possible", "death possible"),
    ),
    "service": (
        "the running of the service",
        ("one record spoilt", "many records spoilt", "a programme harmed", "national harm"),
    ),
    "legal": (
        "legal standing",
        (
            "something that can be put right",
            "a civil dispute",
            "a wrong status or an offence in someone's name",
            "liberty or title to property lost",
        ),
    ),
}

Row = tuple[int, int, int, int, int]

IDENTITY: Mapping[str, Row] = {
    "distress": (0, 0, 1, 2, 3),
    "money_person": (0, 1, 2, 3, 3),
    "money_public": (0, 1, 2, 2, 3),
    "privacy": (0, 1, 2, 3, 3),
    "safety": (0, 1, 2, 3, 3),
    "service": (0, 0, 1, 2, 3),
    "legal": (0, 1, 2, 2, 3),
}
SIGN_IN: Mapping[str, Row] = {
    "distress": (0, 1, 1, 2, 3),
    "money_person": (0, 1, 2, 2, 3),
    "money_public": (0, 1, 2, 2, 3),
    "privacy": (0, 1, 2, 2, 3),
    "safety": (0, 1, 2, 3, 3),
    "service": (0, 0, 1, 2, 3),
    "legal": (0, 1, 2, 2, 3),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """T2: the level that a severity left over (0-4) calls for, by category, for each failure."""

    identity: Mapping[str, Row] = field(default_factory=lambda: IDENTITY)
    sign_in: Mapping[str, Row] = field(default_factory=lambda: SIGN_IN)


# T3: steps off severity, (wrong person, taken over).
MITIGATIONS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "own_card": {"money_person": (1, 1), "money_public": (1, 1)},
    "known_account": {"money_person": (2, 2), "money_public": (2, 2)},
    "deferred": {"money_person": (1, 1), "money_public": (1, 1), "legal": (1, 1)},
    "notice": {"distress": (1, 1), "legal": (0, 1), "money_person": (0, 1)},
    "later_check": {"money_public": (2, 1), "legal": (2, 1), "service": (2, 1)},
    "in_person": {
        "money_public": (2, 0),
        "legal": (2, 1),
        "service": (2, 1),
        "privacy": (1, 0),
        "safety": (1, 1),
    },
    "no_read_back": {"privacy": (2, 2)},
    "masked": {"privacy": (1, 1)},
    "reversible": {"distress": (1, 1), "service": (1, 1), "legal": (1, 1)},
    "value_cap": {"money_person": (1, 1), "money_public": (1, 1)},
    "letter_ref": {"privacy": (1, 1), "distress": (1, 1)},
}
# At most this many steps in a category. With a highest severity of 4 this is also why severity 4
# never falls below 2.
MOST_STEPS = 2
MOST_STEPS_SAFETY = 1
MOST_STEPS_MONEY_HIGH_THREAT = 1
