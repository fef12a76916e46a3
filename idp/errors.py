"""Errors that leave the room they were raised in."""

from dataclasses import dataclass


class ProtocolError(Exception):
    """A relying party's request that cannot go on. `code` is public, `detail` is not.

    Raised by doors and views, never inside a transaction: an action returns its refusal, so
    that what must survive it is committed. `may_redirect` stays False until client and
    redirect_uri are both proved (RFC 6749 section 4.1.2.1).
    """

    def __init__(
        self, code: str, description: str, *, status: int = 400, may_redirect: bool = False
    ) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status
        self.may_redirect = may_redirect


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of no: which rule, in words for the caller, and a reference to quote."""

    code: str
    description: str
    reference: str = ""
