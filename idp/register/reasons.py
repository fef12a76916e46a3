"""Why a line of a file of people is not imported, and what to do about it. Pure."""

from enum import StrEnum

from idp.identifiers.rules import Problem


class Reason(StrEnum):
    """Why a line is refused; the value stands in the file of refused lines."""

    LINE_TOO_LONG = "line-too-long"
    ENCODING = "bad-encoding"
    CONTROL_CHARACTER = "control-character"
    QUOTES = "bad-quotes"
    COLUMN_COUNT = "column-count"
    FIELD_TOO_LONG = "field-too-long"
    NAME_MISSING = "name-missing"
    BIRTH_DATE = "bad-birth-date"
    BIRTH_IN_FUTURE = "birth-in-future"
    EARLIER_NAMES = "bad-earlier-names"
    SEX = "unknown-sex"
    STATUS = "unknown-status"
    DEATH_DATE = "bad-death-date"
    ALIVE_AND_DEAD = "alive-and-dead"
    EMAIL = "bad-email"
    PHONE = "bad-phone"
    NUMBER_TWICE = "number-twice"
    NUMBER_REPLACED = "number-replaced"
    DEAD_IN_REGISTER = "dead-in-register"
    ANOTHER_PERSON = "another-person"


# No sentence repeats what the line holds: what is refused may be private.
EXPLANATIONS: dict[str, str] = {
    Problem.EMPTY: "The number is missing.",
    Problem.SHAPE: "The number is not 2 letters, 6 digits and 1 letter.",
    Problem.PREFIX: "No number begins with these two letters.",
    Problem.SUFFIX: "The last letter of a number is A, B, C or D.",
    Problem.TEMPORARY_REFERENCE: (
        "This is a temporary reference. Import this person when the number is known."
    ),
    Reason.LINE_TOO_LONG: "The line is too long.",
    Reason.ENCODING: "The line is not UTF-8. Save the file as UTF-8.",
    Reason.CONTROL_CHARACTER: "The line holds a character that cannot be seen, such as a tab.",
    Reason.QUOTES: "A quotation mark opens and does not close. A line break ends the line.",
    Reason.COLUMN_COUNT: "The line has more or fewer fields than the first line names.",
    Reason.FIELD_TOO_LONG: "A field is longer than its column allows.",
    Reason.NAME_MISSING: "The given name or the family name is missing.",
    Reason.BIRTH_DATE: "The date of birth is not a day written like 1951-03-14.",
    Reason.BIRTH_IN_FUTURE: "The date of birth is in the future.",
    Reason.EARLIER_NAMES: "The earlier names are not written like: Jones; Margaret|Pugh",
    Reason.SEX: "The sex is not one of: female, male, other, unknown.",
    Reason.STATUS: "The status is not one of: active, dead, duplicate.",
    Reason.DEATH_DATE: "The day of death is not a day from birth to today, like 2020-05-01.",
    Reason.ALIVE_AND_DEAD: "The status is active, and there is a day of death.",
    Reason.EMAIL: "The e-mail address is not one.",
    Reason.PHONE: "The phone number is not 5 to 15 digits.",
    Reason.NUMBER_TWICE: "An earlier line of this file has the same number. That one counts.",
    Reason.NUMBER_REPLACED: (
        "The register holds this person under another number, which replaced this one."
    ),
    Reason.DEAD_IN_REGISTER: "The register says that this person died. The file says otherwise.",
    Reason.ANOTHER_PERSON: (
        "The register has somebody of another name and another day of birth under this number."
    ),
}
