"""Telephone numbers that text messages go to: one form to keep them in. Pure.

The test of a number is the code that arrives. This only keeps out what no message could reach.
Source: ITU-T E.164: a plus sign, a country, at most 15 digits in all.
"""

import re

LONGEST_TYPED = 40
HOME = "+44"
_BETWEEN = re.compile(r"[\s()./\-\u2010-\u2015]+")
_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_HOME_MOBILE = re.compile(r"\+447[0-9]{9}", re.ASCII)  # other numbers there cost more, or ring only


def read_number(typed: str) -> str | None:
    """Bring a number to the form +447700900123, or answer None where none is.

    As people write it at home (07700 900123), or with its country (+44 or 0044).
    """
    if len(typed) > LONGEST_TYPED:
        return None
    text = _BETWEEN.sub("", typed)
    if text.startswith("00"):
        text = f"+{text[2:]}"
    elif text.startswith("0"):
        text = HOME + text[1:]
    elif text.startswith(HOME + "0"):  # +44 (0)7700 900123
        text = HOME + text[len(HOME) + 1 :]
    pattern = _HOME_MOBILE if text.startswith(HOME) else _NUMBER
    return text if pattern.fullmatch(text) else None


def masked(number: str) -> str:
    """The last three digits of a number: enough for its owner to know it by."""
    return f"••• {number[-3:]}"
