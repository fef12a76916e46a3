"""How a sign-in name is written. Pure."""

import unicodedata

# Source: RFC 5321 sections 4.5.3.1.1 and 2: a sign-in name may be an e-mail address.
SIGN_IN_NAME_MAX_CHARACTERS = 254


def canonical_sign_in_name(typed: str) -> str | None:
    """Bring a sign-in name to the one form it is stored and looked up in, or None.

    White space around it goes and capitals do not count. None: it is empty, too long, or
    holds what no sign-in name may (white space or control characters within it).
    """
    if len(typed) > 2 * SIGN_IN_NAME_MAX_CHARACTERS:
        return None
    folded = unicodedata.normalize("NFKC", typed.strip()).casefold()
    name = unicodedata.normalize("NFKC", folded)  # folding may leave what normalising joins
    if not 0 < len(name) <= SIGN_IN_NAME_MAX_CHARACTERS:
        return None
    return name if name.isprintable() and not any(c.isspace() for c in name) else None
