"""The words of the questionnaire: its questions, with an example for every answer."""

from idp.assurance.answers import LONGEST, Wrong
from idp.words import gettext as _


def customer_groups() -> dict[str, str]:
    """Who a service is for, by the word the file uses."""
    return {
        "people": _("Anybody"),
        "families": _("Families and parents"),
        "older_people": _("Older people"),
        "businesses": _("Firms and people who run one"),
        "helpers": _("People who help somebody else"),
        "public_servants": _("People who work for the public"),
    }


def questions() -> dict[str, str]:
    """What is asked about each kind of harm, by category."""
    return {
        "distress": _("How upset would people be, and for how long?"),
        "money_person": _("How much of their own money could one person lose?"),
        "money_public": _("How much public money could be lost in one case?"),
        "privacy": _("What could a stranger get to see?"),
        "safety": _("Could somebody be hurt?"),
        "service": _("What would it do to your records and to the service?"),
        "legal": _("Could somebody lose a right, or be blamed for what they did not do?"),
    }


def examples() -> dict[str, tuple[str, str, str, str]]:
    """One thing that happened to somebody, for each answer from minor to severe."""
    return {
        "distress": (
            _("A book is late and they have to call you."),
            _("A payment is two weeks late and they have to borrow."),
            _("The whole street hears that they claim benefits."),
            _("A violent partner finds out where they live."),
        ),
        "money_person": (
            _("A parking permit has to be paid for again."),
            _("One week's benefit goes to a thief."),
            _("A year's pension goes to a thief."),
            _("The house is sold without the owner."),
        ),
        "money_public": (
            _("A few library books do not come back."),
            _("A false claim is paid for some months."),
            _("A false tax return is paid back."),
            _("A false bid wins a large grant."),
        ),
        "privacy": (
            _("Their email address, or which day the bin is due."),
            _("What they earn, or what they owe."),
            _("What they are ill with, or a crime they did."),
            _("Where a witness or a child in care lives."),
        ),
        "safety": (
            _("A bruise, because a broken step was not seen to."),
            _("The wrong dose makes somebody ill for a day."),
            _("A wrong note about an allergy is read in a hospital."),
            _("A child is picked up by the wrong person."),
        ),
        "service": (
            _("One record is wrong and a clerk puts it right."),
            _("Hundreds of records are wrong and staff check each."),
            _("A whole scheme has to stop for some weeks."),
            _("The whole country can no longer trust the list."),
        ),
        "legal": (
            _("A fine goes to the wrong person and is taken back."),
            _("Two people go to court over who has to pay."),
            _("Somebody is on record for a crime they did not do."),
            _("Somebody goes to prison, or loses their house."),
        ),
    }


def severity_names() -> tuple[str, str, str, str]:
    """What the answers are called, from 1 to 4."""
    return _("Minor"), _("Moderate"), _("Serious"), _("Severe")


def threats() -> dict[str, tuple[str, str]]:
    """How likely it is that somebody tries, with a hint."""
    return {
        "low": (_("Low"), _("There is nothing in it for a thief.")),
        "normal": (_("Normal"), _("Some try, as they do everywhere. Choose this if unsure.")),
        "high": (_("High"), _("Gangs have been seen who do this for money.")),
    }


def shut_out() -> tuple[str, ...]:
    """What it does to the right person when they cannot get in, from 0 to 4."""
    return (
        _("Nothing: they come back another day"),
        _("A short annoyance"),
        _("Days of trouble"),
        _("Serious harm: no money for food, or a fine"),
        _("Severe harm: their health or their home"),
    )


def wrong(problem: Wrong) -> str:
    """Say what to do about a field that is wrong."""
    return {
        Wrong.EMPTY: _("Fill this in"),
        Wrong.CHOOSE: _("Choose one answer"),
        Wrong.TOO_LONG: _("Use %(most)s letters at most", most=LONGEST),
        Wrong.UNTYPABLE: _("Type it in by hand: it holds signs that no key makes"),
        Wrong.NO_DAY: _("There is no such day. Write it like 30 6 2027"),
        Wrong.TO_COME: _("Nobody can sign on a day that is still to come"),
        Wrong.NO_ROUTE: _("Say how else people get in: without a way in, this does serious harm"),
        Wrong.TOO_LATE: _("It can last for 12 months at most"),
        Wrong.PAST: _("This day has gone by"),
        Wrong.NOTHING_FIXED: _("Say which part you set by hand"),
    }[problem]


def mitigations() -> dict[str, str]:
    """What keeps harm down by other means than signing in, by kind."""
    return {
        "own_card": _("They pay with their own card, and the bank checks it"),
        "known_account": _("Money goes only to a bank account that you hold and have checked"),
        "deferred": _("It takes effect some days later, and they are told first"),
        "notice": _("They get a message and can undo it"),
        "later_check": _("Somebody checks it against another record before it takes effect"),
        "in_person": _("They are seen with a document before it takes effect"),
        "no_read_back": _("It is a form only: it shows nothing that you hold"),
        "masked": _("It shows only a part of what you hold"),
        "reversible": _("It can be undone and nobody loses by it"),
        "value_cap": _("There is a limit to the money in each case"),
        "letter_ref": _("They must type in a number from a letter"),
    }


def mitigations_in_short() -> dict[str, str]:
    """The same in a few words, for a picture: 34 letters at most."""
    return {
        "own_card": _("Their own card, checked"),
        "known_account": _("Only to a known bank account"),
        "deferred": _("Takes effect some days later"),
        "notice": _("A message, and a way to undo"),
        "later_check": _("Checked before it takes effect"),
        "in_person": _("Seen with a document"),
        "no_read_back": _("A form that shows nothing"),
        "masked": _("Shows only a part"),
        "reversible": _("Can be undone"),
        "value_cap": _("A limit to the money"),
        "letter_ref": _("A number from a letter"),
    }
