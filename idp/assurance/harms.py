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

Said = tuple[str, tuple[str, str, str, str]]  # a category's name, and what 1, 2, 3 and 4 mean
Bands = tuple[int, int, int]  # in pounds: where severities 1, 2 and 3 of a money category end

# T1, "money": what levels.toml may set otherwise with [[band]].
MONEY_BANDS: Mapping[str, Bands] = {
    "money_person": (100, 1_000, 20_000),
    "money_public": (1_000, 25_000, 1_000_000),
}


def pounds(amount: int) -> str:
    """An amount as a sentence says it: £100, £25,000, £1m, £2.5m."""
    millions, rest = divmod(amount, 1_000_000)
    if millions and not rest:
        return f"£{millions:,}m"
    if millions and rest % 100_000 == 0:
        return f"£{millions:,}.{rest // 100_000}m"
    return f"£{amount:,}"


def money_words(category: str, bands: Bands) -> Said:
    """What the severities of a money category mean, with these bands."""
    first, second, third = (pounds(amount) for amount in bands)
    public = category == "money_public"
    name, tail = ("public money", " in a case") if public else ("the person's money", "")
    most = f"more than {third} lost in a case" if public else f"more than {third} or a home lost"
    return name, (
        f"less than {first} lost{tail}",
        f"{first} to {second} lost{tail}",
        f"{second} to {third} lost{tail}",
        most,
    )


# T1, severities 1 to 4. A category's name in a sentence, then what each severity means.
WORDS: Mapping[str, Said] = {
    "distress": (
        "distress",
        ("a short annoyance", "days of trouble", "lasting harm to standing", "a life changed"),
    ),
    **{category: money_words(category, bands) for category, bands in MONEY_BANDS.items()},
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
    """T2: the level that a severity left over (0-4) calls for, by category, for each failure.

    `words` says what each severity means (T1), for the sentences.
    """

    identity: Mapping[str, Row] = field(default_factory=lambda: IDENTITY)
    sign_in: Mapping[str, Row] = field(default_factory=lambda: SIGN_IN)
    words: Mapping[str, Said] = field(default_factory=lambda: WORDS)


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
# The same in words, as a service designer reads them.
MITIGATION_WORDS: Mapping[str, str] = {
    "own_card": "The person pays with their own card, and the bank checks it",
    "known_account": "Money goes only to a bank account already held and checked",
    "deferred": "It takes effect some days later, after a notice",
    "notice": "The person gets a message and can undo it",
    "later_check": "Another record or an officer checks it before it takes effect",
    "in_person": "The person is seen with a document before it takes effect",
    "no_read_back": "It is a form only: it shows nothing that we hold",
    "masked": "It shows only a part of what we hold",
    "reversible": "It can be undone without loss",
    "value_cap": "There is a limit to the money in each case",
    "letter_ref": "The person must quote a reference from a letter",
}
# At most this many steps in a category. With a highest severity of 4 this is also why severity 4
# never falls below 2.
MOST_STEPS = 2
MOST_STEPS_SAFETY = 1
MOST_STEPS_MONEY_HIGH_THREAT = 1
