"""The passwords that attackers try first, from the list beside this file."""

from functools import cache
from importlib.resources import files


@cache
def common_passwords() -> frozenset[str]:
    """Answer the list, in small letters. It is read once a process.

    Source and licence are at the head of the file; ASVS 5.0 asks for at least 3,000 entries
    that are long enough to be chosen at all.
    """
    text = files("idp.authentication").joinpath("common-passwords.txt").read_text("utf-8")
    _, _, words = text.partition("\n\n")
    return frozenset(words.split("\n")) - {""}
