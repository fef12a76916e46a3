"""What a notice is, whom it goes to and what it must be told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

Channel = Literal["email", "text"]
CHANNELS: tuple[Channel, ...] = ("email", "text")


class Notice(StrEnum):
    """What happened; the value is also how logs call it."""

    ADDRESS_CODE = "address-code"
    CONTACT_CODE = "contact-code"
    SPOKEN_CODE = "spoken-code"
    RESET_CODE = "reset-code"
    SIGN_IN_CODE = "sign-in-code"
    NUMBER_CODE = "number-code"
    SIGNED_UP = "signed-up"
    METHOD_ADDED = "method-added"
    METHOD_REMOVED = "method-removed"
    PASSWORD_CHANGED = "password-changed"
    RECOVERY_CODE_USED = "recovery-code-used"
    NUMBER_MOVED = "number-moved"
    IDENTITY_PROVED = "identity-proved"
    NUMBER_TRIED = "number-tried"
    WAY_BACK_BEGUN = "way-back-begun"
    WAY_BACK_STOPPED = "way-back-stopped"
    WAY_BACK_TAKEN = "way-back-taken"
    VISIT_CONFIRMED = "visit-confirmed"
    VISIT_REFUSED = "visit-refused"
    CONTACT_CHANGED = "contact-changed"
    SIGN_IN_HELD = "sign-in-held"
    ASSISTED_RECAP = "assisted-recap"
    ASSISTED_CODE = "assisted-code"
    HELP_GIVEN = "help-given"
    MEMBER_INVITED = "member-invited"
    ADMIN_NAMED = "admin-named"
    ORGANISATION_SUSPENDED = "organisation-suspended"
    ORGANISATION_RESUMED = "organisation-resumed"
    HELP_ASKED = "help-asked"
    HELPER_OFFERED = "helper-offered"
    OFFER_WAITS = "offer-waits"
    OFFER_ANSWERED = "offer-answered"
    HELPER_ADDED = "helper-added"
    HELPER_PASSED_ON = "helper-passed-on"
    PASSED_ON_ENDED = "passed-on-ended"
    TAKEN_ON = "taken-on"
    HELPER_FACTS_TRIED = "helper-facts-tried"
    HELPER_REVIEW = "helper-review"
    HELPER_YEARLY = "helper-yearly"
    HELPING_ENDED = "helping-ended"
    HELPER_STOPPED = "helper-stopped"
    MEMBER_STOPPED = "member-stopped"
    ACTOR_STOPPED = "actor-stopped"
    ACTOR_LIFTED = "actor-lifted"
    MACHINE_ASKED = "machine-asked"
    HELPING_HELD = "helping-held"
    HELPING_FREED = "helping-freed"
    HELPING_REMOVED = "helping-removed"
    HELPER_HELD = "helper-held"
    HELPER_FREED = "helper-freed"
    HELPER_REMOVED = "helper-removed"
    USE_OBJECTED = "use-objected"
    OBJECTION_ANSWERED = "objection-answered"
    JOINT_ASKED = "joint-asked"
    ENTRUSTED = "entrusted"
    ORGANISATION_ENTRUSTED = "organisation-entrusted"
    HELPER_APPOINTED = "helper-appointed"
    HELPER_ENDED = "helper-ended"
    HELPER_STILL = "helper-still"


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a notice goes: an e-mail address, or a telephone number that takes text messages."""

    channel: Channel
    address: str


# What each notice must be told, and nothing else may be: a payload holds only what is used.
# `account` is the sign-in name; `code` as typed; `minutes` how long the code works; `method` the
# id of a way to sign in; `when` a moment, ISO 8601 with its zone; `link` a path of our own;
# `contact` one or two ways to reach somebody, masked; `organisation` a name that was verified;
# `helper` who may act for the reader, and `services` those it is about, as they are shown; `until`
# a day, or nothing for an open end; `reference` what both sides can quote.
NEEDS: Mapping[Notice, frozenset[str]] = {
    Notice.ADDRESS_CODE: frozenset({"code", "minutes"}),
    Notice.CONTACT_CODE: frozenset({"code", "minutes"}),
    Notice.SPOKEN_CODE: frozenset({"code", "minutes"}),
    Notice.RESET_CODE: frozenset({"account", "code", "minutes"}),
    Notice.SIGN_IN_CODE: frozenset({"account", "code", "minutes"}),
    Notice.NUMBER_CODE: frozenset({"code", "minutes"}),
    Notice.SIGNED_UP: frozenset({"account"}),
    Notice.METHOD_ADDED: frozenset({"account", "method"}),
    Notice.METHOD_REMOVED: frozenset({"account", "method"}),
    Notice.PASSWORD_CHANGED: frozenset({"account"}),
    Notice.RECOVERY_CODE_USED: frozenset({"account"}),
    Notice.NUMBER_MOVED: frozenset({"account"}),
    Notice.IDENTITY_PROVED: frozenset({"account"}),
    Notice.NUMBER_TRIED: frozenset({"account"}),
    Notice.WAY_BACK_BEGUN: frozenset({"account", "when", "link"}),
    Notice.WAY_BACK_STOPPED: frozenset({"account"}),
    Notice.WAY_BACK_TAKEN: frozenset({"account"}),
    Notice.VISIT_CONFIRMED: frozenset({"account"}),
    Notice.VISIT_REFUSED: frozenset({"account"}),
    Notice.CONTACT_CHANGED: frozenset({"account", "contact"}),
    Notice.SIGN_IN_HELD: frozenset({"account", "link"}),
    Notice.ASSISTED_RECAP: frozenset({"organisation", "services"}),
    Notice.ASSISTED_CODE: frozenset({"code", "minutes"}),
    Notice.HELP_GIVEN: frozenset({"link", "organisation"}),
    Notice.MEMBER_INVITED: frozenset({"organisation", "link"}),
    Notice.ADMIN_NAMED: frozenset({"organisation"}),
    Notice.ORGANISATION_SUSPENDED: frozenset({"organisation", "when"}),
    Notice.ORGANISATION_RESUMED: frozenset({"organisation"}),
    Notice.HELP_ASKED: frozenset({"link", "when"}),
    Notice.HELPER_OFFERED: frozenset({"link", "when"}),
    Notice.OFFER_WAITS: frozenset({"link", "when"}),
    Notice.OFFER_ANSWERED: frozenset({"link"}),
    Notice.HELPER_ADDED: frozenset({"link"}),
    Notice.HELPER_PASSED_ON: frozenset({"link", "helper", "organisation", "reference"}),
    Notice.PASSED_ON_ENDED: frozenset({"link", "helper", "organisation", "reference"}),
    Notice.TAKEN_ON: frozenset({"link", "organisation"}),
    Notice.HELPER_FACTS_TRIED: frozenset({"link"}),
    Notice.HELPER_REVIEW: frozenset({"link", "when"}),
    Notice.HELPER_YEARLY: frozenset({"link"}),
    Notice.HELPING_ENDED: frozenset({"link"}),
    Notice.HELPER_STOPPED: frozenset({"link"}),
    Notice.MEMBER_STOPPED: frozenset({"organisation", "reference"}),
    Notice.ACTOR_STOPPED: frozenset({"account", "link", "reference"}),
    Notice.ACTOR_LIFTED: frozenset({"account", "link"}),
    Notice.MACHINE_ASKED: frozenset({"organisation", "link", "when"}),
    # What an officer did to a permission: to whoever holds it (`organisation` is nothing for a
    # person), and to whoever gave it.
    Notice.HELPING_HELD: frozenset({"organisation", "link", "reference"}),
    Notice.HELPING_FREED: frozenset({"organisation", "link"}),
    Notice.HELPING_REMOVED: frozenset({"organisation", "link", "reference"}),
    Notice.HELPER_HELD: frozenset({"link", "reference"}),
    Notice.HELPER_FREED: frozenset({"link", "reference"}),
    Notice.HELPER_REMOVED: frozenset({"link", "reference"}),
    Notice.USE_OBJECTED: frozenset({"organisation"}),
    Notice.OBJECTION_ANSWERED: frozenset({"link"}),
    Notice.JOINT_ASKED: frozenset({"account", "link"}),
    Notice.ENTRUSTED: frozenset({"account", "link"}),
    Notice.ORGANISATION_ENTRUSTED: frozenset({"organisation"}),
    Notice.HELPER_APPOINTED: frozenset({"helper", "services", "until", "reference"}),
    Notice.HELPER_ENDED: frozenset({"helper", "services", "reference"}),
    Notice.HELPER_STILL: frozenset({"helper", "services", "reference"}),
}
METHODS = frozenset(
    {"password", "one-time-code", "passkey", "security-key", "sms-code", "email-code",
     "recovery-code"}
)  # fmt: skip
# News that comes after days helps nobody stop a thief, but still tells the owner.
NEWS_LASTS = timedelta(days=3)


def problem_with(notice: Notice, values: Mapping[str, str]) -> str | None:
    """Say what is wrong with the values of a notice, in words for the programmer, or None."""
    needed = NEEDS[notice]
    if set(values) != needed:
        return f"{notice} is told {sorted(needed)}, not {sorted(values)}"
    link = values.get("link", "/")
    # A path only: the house alone knows its address, and no link ever leads elsewhere.
    if not link.startswith("/") or link.startswith("//") or "\\" in link:
        return f"{notice}: the link is a path of our own, beginning with one slash"
    if values.get("method", "password") not in METHODS:
        return f"{notice}: unknown method {values['method']}"
    return None


def worth_sending(notice: Notice, values: Mapping[str, str]) -> timedelta:
    """Say how long a notice is worth sending: a code as long as it works, news three days."""
    if "minutes" in values:
        return timedelta(minutes=int(values["minutes"]))
    return NEWS_LASTS


def masked_email(address: str) -> str:
    """Enough of an address for its owner to know it by: j•••@e•••.test."""
    name, _, host = address.rpartition("@")
    domain, _, end = host.rpartition(".")
    return f"{name[:1]}•••@{domain[:1]}•••.{end}"


def masked_phone(number: str) -> str:
    """The last two digits of a telephone number."""
    return f"••• {number[-2:]}"
