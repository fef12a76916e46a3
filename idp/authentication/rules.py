"""What a password must be, when a one-time code counts, how long a session lasts. Pure."""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations

from idp.assurance.rules import Methods, sign_in_level

# Source: NIST SP 800-63B-4 section 3.1.1.2. The longer minimum is for a password that stands alone.
PASSWORD_MIN_CHARACTERS = 8
PASSWORD_ALONE_MIN_CHARACTERS = 15
PASSWORD_MAX_CHARACTERS = 128
# NFC may join four code points into one character, hardly more; nothing longer is looked at.
PASSWORD_MAX_CODE_POINTS = 4 * PASSWORD_MAX_CHARACTERS

# Source: RFC 6238; one step either way, for a slow hand or a clock that is a little off.
CODE_STEP_SECONDS = 30
CODE_STEPS_EITHER_WAY = 1
_CODE = re.compile(r"[0-9]{6}")

# Source: NIST SP 800-63B-4, the sterner figures of AAL2.
SESSION_LASTS = timedelta(hours=12)
SESSION_IDLES = timedelta(minutes=30)
SESSION_SEEN_EVERY = timedelta(minutes=1)

# What an account should hold: ways to pass two checks (C2), so that losing one shuts nobody out.
TWO_CHECKS = 2
WAYS_IN = 2

# Words of ours and of the field that a password may not be made of alone.
HOUSE_WORDS = ("gatehouse", "gateway", "password", "passphrase")


class PasswordProblem(StrEnum):
    """Why a password cannot be chosen; the value names a message."""

    TOO_SHORT = "password-too-short"
    TOO_LONG = "password-too-long"
    UNREADABLE = "password-unreadable"
    COMMON = "password-common"
    OWN_WORDS = "password-own-words"


def normal_form(typed: str) -> str | None:
    """Bring a typed password to the form that is hashed (NFC), or None where it cannot be.

    The same password typed on another keyboard may arrive as other code points. None: it is
    longer than any password may be, or holds half a surrogate pair, which no hash could take.
    """
    if len(typed) > PASSWORD_MAX_CODE_POINTS:
        return None
    text = unicodedata.normalize("NFC", typed)
    if len(text) > PASSWORD_MAX_CHARACTERS or _has_half_a_pair(text):
        return None
    return text


def password_problem(
    typed: str, *, common: Collection[str], own_words: Collection[str] = (), alone: bool = False
) -> PasswordProblem | None:
    """Say why `typed` cannot be chosen as a password, or None.

    `own_words` are what others know of its owner: sign-in name, names, e-mail address.
    `alone` asks for the length of a password that no second step will ever follow. No rule
    asks for kinds of characters, and none asks for a change now and then: both make passwords
    worse (NIST SP 800-63B-4 section 3.1.1.2).
    """
    text = normal_form(typed)
    if text is None:
        half = _has_half_a_pair(typed)
        return PasswordProblem.UNREADABLE if half else PasswordProblem.TOO_LONG
    if len(text) < (PASSWORD_ALONE_MIN_CHARACTERS if alone else PASSWORD_MIN_CHARACTERS):
        return PasswordProblem.TOO_SHORT
    folded = text.casefold()
    if folded in common or len(set(folded)) == 1:
        return PasswordProblem.COMMON
    words = {part for word in (*own_words, *HOUSE_WORDS) for part in _parts(word)}
    return PasswordProblem.OWN_WORDS if _core(folded) in words else None


def _has_half_a_pair(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _parts(word: str) -> set[str]:
    """A name as people make a password of it: whole, before its @, or one part of it."""
    folded = word.casefold()
    parts = {part for part in re.split(r"\W+", folded) if len(part) > 3}
    return {_core(part) for part in {folded, folded.partition("@")[0], *parts}} - {""}


def _core(folded: str) -> str:
    """What is left of a word without the digits and marks that people put around it."""
    return re.sub(r"[\W\d_]+", "", folded)


def step_of(moment: datetime) -> int:
    """Number the time step that `moment` lies in (RFC 6238 section 4.2: T0 = 0, X = 30 s)."""
    return int(moment.timestamp()) // CODE_STEP_SECONDS


def steps_open(now: datetime, last_step: int) -> list[int]:
    """List the steps whose code still counts at `now`, newest first: none up to `last_step`."""
    middle = step_of(now)
    newest, oldest = middle + CODE_STEPS_EITHER_WAY, middle - CODE_STEPS_EITHER_WAY
    return list(range(newest, max(oldest, last_step + 1) - 1, -1))


def is_code(typed: str) -> bool:
    """Say whether `typed` is six ASCII digits, nothing before or after them."""
    return _CODE.fullmatch(typed) is not None


def network_of(address: str) -> str:
    """Answer whom an address stands for: an IPv4 address itself, an IPv6 address its /64.

    Whoever has one IPv6 address has 2^64 of them. What is no address is answered as it is:
    all the callers that have none share one bucket.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed.packed, 64), strict=False))


def ways_in(held: Collection[str], methods: Methods) -> list[frozenset[str]]:
    """List the ways to pass two checks with what an account holds, each with nothing to spare.

    A passkey is a way by itself; a password and a code from an app are one together. Two keys
    of one kind count once: which of them is at hand, nobody can tell.
    """
    ways: list[frozenset[str]] = []
    ordered = [method for method in methods if method in held]
    for size in (1, 2):  # two checks never take more than two methods
        for chosen in combinations(ordered, size):
            way = frozenset(chosen)
            spare = any(shorter < way for shorter in ways)
            if not spare and sign_in_level(way, methods) >= TWO_CHECKS:
                ways.append(way)
    return ways


def enough_ways_in(held: Collection[str], methods: Methods) -> bool:
    """Say whether an account may lose any one thing and still be signed in to with two checks.

    Two ways, one of them with nothing that lives on a telephone: nobody is shut out for having
    none, or for losing it.
    """
    ways = ways_in(held, methods)
    off_phone = [way for way in ways if not any(methods[method].on_phone for method in way)]
    return len(ways) >= WAYS_IN and bool(off_phone)


def begins_two_checks(held: Collection[str]) -> bool:
    """Say whether the next method makes an account that one check opened one of two checks.

    `held` is what it holds before. Sessions that were begun by the one check then end: one of
    them may be the very thief the second is added against.
    """
    return set(held) <= {"password", "email-code"}


def level_to_change_methods(identity: int, held: Collection[str], methods: Methods) -> int:
    """Answer the sign-in level to prove before a method may be added or taken away.

    Two checks where it was proved who somebody is: else whoever found out a password could add a
    second factor of his own and be that person everywhere. Where nobody was proved, as much as
    the account's methods reach, up to two checks. Never more: C2 and C3 are one level of NIST
    (AAL2), and whoever lost the passkey must be able to replace it through the other way in.
    Source: NIST SP 800-63B-3 sections 6.1.2.1 to 6.1.2.3.
    """
    return TWO_CHECKS if identity else min(TWO_CHECKS, sign_in_level(held, methods))
