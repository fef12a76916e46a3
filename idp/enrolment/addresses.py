"""What an e-mail address must look like before a code is sent to it. Pure.

The test of an address is the code that arrives. This only keeps out what no mail could reach,
and what a mail program could read as more than one address or as a header.
Source: RFC 5321 sections 4.1.2 and 4.5.3.1; RFC 5891 (international domain names).
"""

import re
import unicodedata
from enum import StrEnum

ADDRESS_MAX_CHARACTERS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
LOCAL_MAX_CHARACTERS = 64
DOMAIN_MAX_CHARACTERS = 255
LABEL_MAX_CHARACTERS = 63

# RFC 5322 dot-atom. Quoted local parts are left out on purpose: they may hold white space.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


class AddressProblem(StrEnum):
    """Why a code cannot be sent to what was typed; the value names a message."""

    EMPTY = "address-empty"
    SHAPE = "address-shape"
    LETTERS = "address-letters"
    DOMAIN = "address-domain"
    LONG = "address-long"


def read_address(typed: str) -> str | AddressProblem:
    """Bring an address to the one form it is stored in and sent to, or say what is wrong.

    Small letters throughout, and an international domain in its ASCII form, which every mail
    server takes. Capitals before the @ go as well: mailboxes that differ by them alone are
    unheard of, and the code proves that this very form is read.
    """
    text = typed.strip()
    if not text:
        return AddressProblem.EMPTY
    if len(text) > 2 * ADDRESS_MAX_CHARACTERS:
        return AddressProblem.LONG
    if not text.isprintable() or any(letter.isspace() for letter in text):
        return AddressProblem.SHAPE
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or "@" in local:
        return AddressProblem.SHAPE
    if not local.isascii():
        return AddressProblem.LETTERS
    if not _LOCAL.fullmatch(local):
        return AddressProblem.SHAPE
    host = _ascii_domain(domain)
    if host is None:
        return AddressProblem.DOMAIN
    whole = f"{local.lower()}@{host}"
    if len(local) > LOCAL_MAX_CHARACTERS or len(whole) > ADDRESS_MAX_CHARACTERS:
        return AddressProblem.LONG
    return whole


def shown_address(address: str) -> str:
    """Write a stored address as people know it: an international domain in its own letters.

    What is no address, such as a sign-in name, is answered as it is.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    try:
        return f"{local}@{domain.encode('ascii').decode('idna')}"
    except UnicodeError:
        return address


def _ascii_domain(typed: str) -> str | None:
    """The ASCII form of a domain name, or None.

    Python's codec follows the rules of 2003, which turn some letters (the German sharp s) into
    others. Such a name would belong to somebody else, so it is refused: what is encoded must
    read back as it was.
    """
    name = unicodedata.normalize("NFKC", typed).lower().rstrip(".")
    try:
        encoded = name.encode("idna").decode("ascii")
        readable = encoded.encode("ascii").decode("idna")
    except UnicodeError:
        return None
    if name not in {encoded, readable} or len(encoded) > DOMAIN_MAX_CHARACTERS:
        return None
    labels = encoded.split(".")
    good = all(_LABEL.fullmatch(label) and len(label) <= LABEL_MAX_CHARACTERS for label in labels)
    # One label is no address on the internet; digits at the end would be an IP address.
    if not good or len(labels) < 2 or labels[-1].isdigit():
        return None
    return encoded
